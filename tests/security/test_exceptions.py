"""Exceptions: every mistake in config/exceptions.yaml, and what a right one lets pass."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import rml

from regulated_ml.security import catalogue
from regulated_ml.security.exceptions import remarks
from regulated_ml.security.requests import compile
from regulated_ml.settings import load

from .config_cases import configured, mistakes, settings

TODAY = datetime.date.today()
RIGHT = {
    "control": "RML-VPC-1",
    "environment": "dev",
    "names": ["credit-default-train-2026*"],
    "reason": "The vendor's licence server is not reached from the VPC.",
    "requested_by": "data.scientist@example.com",
    "agreed_by": "security.officer@example.com",
    "until": TODAY + datetime.timedelta(days=30),
}


def file(*changes: dict[str, Any]) -> str:
    """config/exceptions.yaml with one exception for each of the changes; None takes a key out."""
    found = ({k: v for k, v in {**RIGHT, **change}.items() if v is not None} for change in changes)
    return yaml.safe_dump({"exceptions": list(found)})


MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "expired": (
        {"until": TODAY - datetime.timedelta(days=1)},
        "exceptions.1.until",
        "it has expired",
    ),
    "longer than a year": (
        {"until": TODAY + datetime.timedelta(days=367)},
        "exceptions.1.until",
        "at most 366 days",
    ),
    "no day": ({"until": "soon"}, "exceptions.1.until", "date"),
    "without an end": ({"until": None}, "exceptions.1.until", "missing"),
    "for everything": ({"names": ["*"]}, "exceptions.1.names", "begins with 8 characters"),
    "for almost everything": (
        {"names": ["credit*"]},
        "exceptions.1.names",
        "begins with 8 characters",
    ),
    "only marks": ({"names": ["????????????*"]}, "exceptions.1.names", "begins with 8 characters"),
    "a class of letters is no name": (
        {"names": ["[a-z]*[a-z]*"]},
        "exceptions.1.names",
        "brackets",
    ),
    "for all of the project": ({"names": ["credit-default-*"]}, "exceptions.1.names", "a part"),
    "for all of the project, by a question mark": (
        {"names": ["credit-default?*"]},
        "exceptions.1.names",
        "a part of the project's resources",
    ),
    "for the end of a name": (
        {"names": ["*-train-20261124"]},
        "exceptions.1.names",
        "begins with 8 characters",
    ),
    "one of two names too broad": (
        {"names": ["credit-default-train-1", "c*"]},
        "exceptions.1.names",
        "begins with 8 characters",
    ),
    "for nothing": ({"names": []}, "exceptions.1.names", "at least 1"),
    "agreed by its author": (
        {"agreed_by": "Data.Scientist@example.com"},
        "exceptions.1.agreed_by",
        "somebody else",
    ),
    "agreed by its author, with a blank": (
        {"agreed_by": " data.scientist@example.com "},
        "exceptions.1.agreed_by",
        "somebody else",
    ),
    "agreed by nobody": ({"agreed_by": None}, "exceptions.1.agreed_by", "missing"),
    "no reason worth the name": ({"reason": "needed"}, "exceptions.1.reason", "at least 20"),
    "an unknown control": ({"control": "RML-VPC-99"}, "RML-VPC-99", "the id of a control"),
    "a control that cannot be excepted": (
        {"control": "RML-LOCAL-1"},
        "RML-LOCAL-1",
        "can be excepted",
    ),
    "an unknown key": ({"agreed": "yes"}, "exceptions.1.agreed", "no such key"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place(sample: Path, tmp_path: Path, name: str) -> None:
    change, field, rule = MISTAKES[name]
    (problem,) = mistakes(sample, tmp_path, exceptions=file(change))
    assert problem.field.startswith("config/exceptions.yaml: ")
    assert field in problem.field
    assert rule in problem.rule
    assert problem.fix


def test_all_mistakes_are_named_at_once(sample: Path, tmp_path: Path) -> None:
    text = file(
        {"names": ["*"], "agreed_by": RIGHT["requested_by"]},
        {},
        {"until": TODAY.replace(year=2020)},
    )
    fields = [problem.field for problem in mistakes(sample, tmp_path, exceptions=text)]
    assert fields == [
        f"config/exceptions.yaml: exceptions.{place}"
        for place in ("1.names", "1.agreed_by", "3.until")
    ]


def test_the_last_day_counts(sample: Path, tmp_path: Path) -> None:
    assert mistakes(sample, tmp_path, exceptions=file({"until": TODAY})) == []


def test_what_has_expired_elsewhere_stops_nothing_here(sample: Path, tmp_path: Path) -> None:
    text = file({"until": TODAY - datetime.timedelta(days=1)})
    assert mistakes(sample, tmp_path, "local", exceptions=text) == []


def test_an_organisation_can_forbid_an_exception(sample: Path, tmp_path: Path) -> None:
    tighten = "tighten: [{control: RML-VPC-1, can_be_excepted: false}]"
    (problem,) = mistakes(sample, tmp_path, controls=tighten, exceptions=file({}))
    assert "can be excepted" in problem.rule


def test_an_exception_lets_its_names_pass_and_no_others(sample: Path, tmp_path: Path) -> None:
    plan = compile(catalogue.plan(settings(sample, tmp_path, exceptions=file({}))))
    foreign = {"Subnets": ["subnet-0f0f0f0f"], "SecurityGroupIds": ["sg-0f0f0f0f"]}
    for name, passes in (("credit-default-train-20261124", True), ("credit-default-test-1", False)):
        request = {"TrainingJobName": name, "VpcConfig": foreign}
        result = plan.check("CreateTrainingJob", request, fill=True)
        broken = {v.field for v in result.violations if v.control == "RML-VPC-1"}
        excepted = {v.field for v in result.excepted}
        wrong = {"VpcConfig.Subnets", "VpcConfig.SecurityGroupIds"}
        assert (broken, excepted) == ((set(), wrong) if passes else (wrong, set()))


def test_it_lets_no_other_control_pass(sample: Path, tmp_path: Path) -> None:
    plan = compile(catalogue.plan(settings(sample, tmp_path, exceptions=file({}))))
    request = {"TrainingJobName": "credit-default-train-20261124", "EnableNetworkIsolation": False}
    result = plan.check("CreateTrainingJob", request, fill=True)
    assert [v.control for v in result.violations] == ["RML-ISO-1"]


def test_it_holds_in_its_own_environment_alone(sample: Path, tmp_path: Path) -> None:
    assert settings(sample, tmp_path, "local", exceptions=file({})).exceptions == ()


@pytest.mark.parametrize("text", ["", "# none yet", "exceptions:"])
def test_a_file_without_an_exception_is_empty(sample: Path, tmp_path: Path, text: str) -> None:
    found = settings(sample, tmp_path, exceptions=text, controls=text.replace("exce", "# "))
    assert (found.exceptions, found.controls.controls) == ((), ())


ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "no such environment": ({"environment": "tset"}, "exceptions.1.environment: tset"),
    "no such control": ({"control": "RML-VPC-99"}, "did you mean RML-VPC-"),
    "a day too late": ({"until": TODAY + datetime.timedelta(days=400)}, "at most 366 days"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_wrong_elsewhere_is_a_remark(sample: Path, tmp_path: Path, name: str) -> None:
    change, words = ELSEWHERE[name]
    root = configured(sample, tmp_path, exceptions=file(change))
    load(root, "local")  # nothing stops
    (remark,) = remarks(root, "local")
    assert words in remark
    assert remarks(root, change.get("environment", "dev")) == []


def test_remarks_are_said_by_the_verbs_that_show_environments(repository: Path) -> None:
    text = file({"environment": "tset"})
    (repository / "config/exceptions.yaml").write_text(text, encoding="utf-8")
    for verb in (("environment", "list"), ("security", "controls")):
        done = rml(repository, *verb)
        assert done.returncode == 0, done.stderr
        assert "the repository has the environments local, dev" in " ".join(done.stderr.split())

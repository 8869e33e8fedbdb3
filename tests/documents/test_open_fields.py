"""What persons write: open until somebody has, and held to its form."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE, rml

from regulated_ml.errors import UserError
from regulated_ml.settings import load
from regulated_ml.settings.documents import Documents, open_fields
from regulated_ml.workflow import documenting

from .conftest import EXAMPLE, Documented, change

SEEDED = TEMPLATE / "{{cookiecutter.project_slug}}/config/documents.yaml"
YESTERDAY = datetime.date.today() - datetime.timedelta(days=1)


def read(path: Path) -> Documents:
    return Documents.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def leaves(content: dict[str, Any], above: str = "") -> set[str]:
    """The keys of the file, each with those above it."""
    found = set()
    for key, value in content.items():
        below = leaves(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}"}
        found |= below
    return found


def test_every_field_of_the_seeded_file_is_open() -> None:
    keys = leaves(yaml.safe_load(SEEDED.read_text(encoding="utf-8")))
    assert {each.place for each in open_fields(read(SEEDED))} == keys - {"applies", "answers"}


def test_nothing_is_open_in_the_example() -> None:
    assert [*open_fields(read(EXAMPLE))] == []


@pytest.mark.parametrize(
    "text", ["", "  ", "TODO", "tbd.", "<TBD>", "TODO: ask Anna", "N/A", "...", "?", "\n"]
)
def test_a_placeholder_is_as_good_as_nothing(text: str) -> None:
    places = [each.place for each in open_fields(Documents(purpose=text))]
    assert "purpose" in places


def test_a_placeholder_in_a_list_is_as_good_as_nothing() -> None:
    due = datetime.date(2030, 1, 1)
    finding = {"what": "too few rows", "severity": "low", "owner": "TBD", "due": due}
    content = {
        "limits": ["no recession in the rows", "TODO"],
        "alternatives": [{"what": "a scorecard", "result": "..."}],
        "findings": [{**finding, "state": "open"}],
    }
    found = {each.place: each.asked for each in open_fields(Documents.model_validate(content))}
    assert {"limits.2", "alternatives.1.result", "findings.1.owner"} <= set(found)
    assert not {"limits", "limits.1", "alternatives.1.what", "findings.1.severity"} & set(found)
    assert found["limits.2"].startswith("where the model is known to be weak")


def test_an_empty_list_answers_where_none_is_an_answer() -> None:
    found = Documents(overlays=(), findings=(), limits=(), assumptions=(), risks=())
    places = {each.place for each in open_fields(found)}
    assert not places & {"overlays", "findings"}
    assert places >= {"limits", "assumptions", "risks"}


@pytest.mark.parametrize(
    ("edit", "place", "words"),
    [
        (lambda c: c.update(purpos="x"), "purpos", "did you mean purpose?"),
        (lambda c: c.update(applies=["sr-11-7"]), "applies.1", "sr-26-2"),
        (lambda c: c["materiality"].update(tier="huge"), "materiality.tier", "'high'"),
        (lambda c: c["findings"][0].update(owner=""), "findings.1.owner", "at least 1"),
        (lambda c: c["findings"][0].pop("due"), "findings.1.due", "missing"),
        (lambda c: c.update(purpose="x" * 9000), "purpose", "at most 8000"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    own: Documented, edit: Callable[[Any], None], place: str, words: str
) -> None:
    change(own.repository / "config/documents.yaml", edit)
    with pytest.raises(UserError) as raised:
        load(own.repository)
    (problem,) = raised.value.problems
    assert problem.field == f"config/documents.yaml: {place}"
    assert words in problem.rule + problem.fix


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (lambda c: c["findings"][0].update(due=YESTERDAY), "findings.1.due"),
        (
            lambda c: c.update(overlays=[{"what": "x", "reason": "y", "until": YESTERDAY}]),
            "overlays.1.until",
        ),
        (
            lambda c: c["monitoring"].update(next_validation=YESTERDAY),
            "monitoring.next_validation",
        ),
    ],
)
def test_a_day_that_has_passed_is_asked_about_again(
    own: Documented, edit: Callable[[Any], None], place: str
) -> None:
    assert documenting.open_fields(own.settings, own.version(), own.known) == []
    change(own.repository / "config/documents.yaml", edit)
    (problem,) = documenting.open_fields(own.settings, own.version(), own.known)
    assert problem.field == f"config/documents.yaml: {place}"
    assert problem.value == str(YESTERDAY)


def test_a_closed_finding_may_be_overdue(own: Documented) -> None:
    def close(content: Any) -> None:
        content["findings"][0].update(due=YESTERDAY, state="closed")

    change(own.repository / "config/documents.yaml", close)
    assert documenting.open_fields(own.settings, own.version(), own.known) == []


def test_the_command_names_what_is_open_and_still_writes(two: Documented) -> None:
    done = rml(two.repository, "model", "documents", "v2")
    assert done.returncode == 0
    assert "24 open in config/documents.yaml" in done.stderr
    assert "validation.conclusion" in done.stderr.replace("\n", " ")
    assert (two.repository / "reports/documents/v2/validation-report.html").is_file()


def test_an_unknown_version_is_a_sentence(two: Documented) -> None:
    done = rml(two.repository, "model", "documents", "v7")
    assert done.returncode == 4
    assert "the registered versions are v1, v2" in done.stderr

"""`rml security controls`: the catalogue as people and scripts ask for it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from commands import rml

from regulated_ml.security.catalogue import STANDARD, standard_controls
from regulated_ml.security.overview import overview

from .config_cases import settings
from .test_exceptions import file

CONTENT = yaml.safe_load(STANDARD.read_text(encoding="utf-8"))["controls"]


def counted() -> tuple[int, int, int]:
    """Controls, operations and pairs, counted in the file itself."""
    fields = [r["fields"] for c in CONTENT for r in c.get("requirements", [])]
    operations = {name for each in fields for name in each if "*" not in name}
    return len(CONTENT), len(operations), sum(len(p) for each in fields for p in each.values())


def test_the_table_has_every_control_and_the_counts(sample: Path) -> None:
    result = rml(sample, "--env", "dev", "security", "controls")
    assert result.returncode == 0, result.stderr
    for control in CONTENT:
        assert len(re.findall(rf"^ {control['id']} ", result.stdout, re.MULTILINE)) == 2
    controls, operations, pairs = counted()
    assert f"{controls} controls, {operations} operations, {pairs} pairs" in result.stdout
    assert "Exceptions in force in dev: 0." in result.stdout


def test_it_can_be_read_in_a_narrow_terminal(sample: Path) -> None:
    result = rml(sample, "security", "controls", COLUMNS="80")
    assert all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines()[:60])
    assert re.search(r"^ RML-VPC-1 +critical ", result.stdout, re.MULTILINE)


def test_json_has_all_that_the_file_says(sample: Path) -> None:
    result = rml(sample, "--env", "dev", "security", "controls", "--json")
    found = json.loads(result.stdout)
    assert tuple(found["counts"][k] for k in ("controls", "operations", "pairs")) == counted()
    by_id = {control["id"]: control for control in found["controls"]}
    for control in CONTENT:
        for key in ("title", "severity", "can_be_excepted"):
            assert by_id[control["id"]][key] == control[key]
    assert found["values"]["kms_key_arn"].startswith("arn:aws:kms:")


def test_one_control_is_told_whole(sample: Path) -> None:
    result = rml(sample, "--env", "dev", "security", "controls", "RML-ACCESS-1")
    assert result.returncode == 0, result.stderr
    for said in (
        "Users of a notebook instance are not root",
        "SageMaker.3",
        "CKV_AWS_307",
        "must be Disabled",
        "IAM denies it by sagemaker:RootAccess",
        "CreateNotebookInstance  RootAccess",
    ):
        assert said in result.stdout


def test_a_control_that_there_is_not_names_the_nearest(sample: Path) -> None:
    result = rml(sample, "security", "controls", "RML-VPC-11")
    assert result.returncode == 2
    assert "did you mean RML-VPC-1?" in result.stderr


def test_an_exception_stands_beside_its_control(sample: Path, tmp_path: Path) -> None:
    found = overview(settings(sample, tmp_path, exceptions=file({})))
    excepted = [entry.control.id for entry in found.entries if entry.exceptions]
    assert excepted == ["RML-VPC-1"]
    assert found.counts["exceptions"] == 1


# By hand, from AWS's documentation of condition keys and from what CloudTrail and Describe tell.
BARRIERS = {
    "RML-ISO-1": {"fills": "all", "denies": "all", "stops": "all", "finds": "all"},
    "RML-KEY-3": {"fills": "all", "denies": "none", "stops": "all", "finds": "all"},
    "RML-KEY-5": {"fills": "all", "denies": "none", "stops": "none", "finds": "all"},
    "RML-LOCAL-1": {"fills": "none", "denies": "none", "stops": "none", "finds": "none"},
    "RML-ACCESS-4": {"fills": "none", "denies": "all", "stops": "none", "finds": "none"},
    "RML-ENDPOINT-1": {"fills": "none", "denies": "none", "stops": "none", "finds": "some"},
}


@pytest.mark.parametrize("control", BARRIERS)
def test_which_barrier_holds_what(sample: Path, tmp_path: Path, control: str) -> None:
    entries = {entry.control.id: entry for entry in overview(settings(sample, tmp_path)).entries}
    entry = entries[control]
    counts = entry.barriers._asdict()
    assert counts["refuses"] == len(entry.pairs)
    extents = {
        name: "none" if not count else "all" if count == len(entry.pairs) else "some"
        for name, count in counts.items()
    }
    assert {name: extents[name] for name in BARRIERS[control]} == BARRIERS[control]


def test_every_control_is_held_by_a_barrier(sample: Path, tmp_path: Path) -> None:
    for entry in overview(settings(sample, tmp_path)).entries:
        assert not entry.pairs or any(entry.barriers)
    # Of files and of records, not of requests.
    without = {c.id for c in standard_controls().controls if not c.requirements}
    assert without == {"RML-ENV-1", "RML-REG-1"}


def test_a_check_of_the_preflight_is_explained_by_the_preflight(sample: Path) -> None:
    done = rml(sample, "--env", "dev", "security", "controls", "PRE-BUCKET-4")
    assert done.returncode == 2
    assert "rml --env dev environment preflight" in done.stderr

"""The organisation's own controls: what they add and tighten, every mistake by its place."""

import shutil
from pathlib import Path

import pytest
import yaml
from commands import rml

from regulated_ml.security import catalogue
from regulated_ml.security.requests import compile

from .catalogue_mistakes import MISTAKES, OWN, fields, own
from .config_cases import mistakes, settings


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place(sample: Path, tmp_path: Path, name: str) -> None:
    text, field, value, rule, fix = MISTAKES[name]
    found = mistakes(sample, tmp_path, controls=text)
    assert found, "nothing was found"
    problem = next((each for each in found if field in each.field), found[0])
    assert field in problem.field
    assert value in problem.value
    assert rule in problem.rule
    assert fix in problem.fix
    assert all(each.field.startswith("config/controls.yaml") and each.fix for each in found)


def test_all_mistakes_are_named_at_once(sample: Path, tmp_path: Path) -> None:
    text = own("medium", "medium").replace("BANK-INSTANCE-1", "RML-VPC-1").replace("match:", "be:")
    text += "tighten: [{control: RML-VPC-1, severity: low}, {control: NO-1, severity: high}]\n"
    fields = [
        problem.field.partition(": ")[2] for problem in mistakes(sample, tmp_path, controls=text)
    ]
    assert fields == [
        "controls.1.id",
        "controls.1.requirements.1.must.be",
        "tighten.1.severity",
        "tighten.2.control",
    ]


def test_aliases_that_grow_without_end_are_refused_at_once(sample: Path, tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    found = mistakes(sample, tmp_path, controls="\n".join([*lines, "controls: *a9"]))
    assert found
    assert all(len(problem.value) < 1000 for problem in found)


def test_an_own_control_holds_like_the_standards(sample: Path, tmp_path: Path) -> None:
    plan = compile(catalogue.plan(settings(sample, tmp_path, controls=OWN)))
    for size, broken in (("ml.m5.large", False), ("ml.m5.24xlarge", True)):
        request = {"ResourceConfig": {"InstanceType": size, "InstanceCount": 1}}
        found = plan.check("CreateTrainingJob", request, fill=True)
        assert ("BANK-INSTANCE-1" in {v.control for v in found.violations}) == broken


def test_tightening_makes_the_standards_control_stricter(sample: Path, tmp_path: Path) -> None:
    text = """
tighten:
  - {control: RML-ENDPOINT-1, environments: [dev, prod], at_least: 3, severity: high}
  - {control: RML-KEY-3, missing: refuse, can_be_excepted: false}
"""
    found = settings(sample, tmp_path, controls=text)
    control = catalogue.load(found)["RML-ENDPOINT-1"]
    assert (control.severity, control.requirements[0].must.at_least) == ("high", 3)
    assert not catalogue.load(found)["RML-KEY-3"].can_be_excepted
    variant = {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 2}
    request = {
        "EndpointConfigName": "e",
        "ProductionVariants": [variant],
        "DataCaptureConfig": {"X": 1},
    }
    refused = (
        compile(catalogue.plan(found)).check("CreateEndpointConfig", request, fill=True).violations
    )
    assert {(v.control, v.field) for v in refused} == {
        ("RML-ENDPOINT-1", "ProductionVariants[0].InitialInstanceCount"),
        ("RML-KEY-3", "DataCaptureConfig.KmsKeyId"),
    }


def test_the_catalogue_of_the_standard_has_no_mistake(sample: Path, tmp_path: Path) -> None:
    assert mistakes(sample, tmp_path) == []


def test_the_standards_controls_would_pass_as_an_organisations(
    sample: Path, tmp_path: Path
) -> None:
    """The two files have one form: the standard's, under other ids, is right in the other place."""
    content = yaml.safe_load(catalogue.STANDARD.read_text(encoding="utf-8"))
    moved = [
        {**control, "id": control["id"].replace("RML-", "BANK-")}
        for control in content["controls"]
        if control.get("requirements")
    ]
    assert mistakes(sample, tmp_path, controls=yaml.safe_dump({"controls": moved})) == []


@pytest.mark.parametrize("arguments", [("security", "controls"), ("security", "audit")])
def test_commands_stop_with_the_place_and_no_traceback(
    repository: Path, arguments: tuple[str, ...]
) -> None:
    (repository / "config/controls.yaml").write_text(fields("{CreateTraining: [RoleArn]}"))
    result = rml(repository, "--env", "dev", *arguments)
    assert result.returncode == 3, result.stderr
    assert "config/controls.yaml: BANK-INSTANCE-1" in result.stderr
    assert "did you mean CreateTraining" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_file_of_the_standard_is_said_to_be_one(sample: Path, tmp_path: Path) -> None:
    repository = Path(shutil.copytree(sample, tmp_path / "repository"))
    path = repository / "src/regulated_ml/security/controls.yaml"
    path.write_text(path.read_text().replace("severity:", "severiti:", 1))
    result = rml(repository, "security", "controls")
    assert result.returncode == 3, result.stderr
    assert "rml standard check" in result.stderr
    assert "Traceback" not in result.stderr

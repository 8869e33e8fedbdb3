"""The organisation's own controls: what they add and tighten, and every mistake in them by its place."""

import shutil
from pathlib import Path

import pytest
import yaml
from commands import rml

from regulated_ml.security import catalogue
from regulated_ml.security.requests import compile

from .config_cases import mistakes, settings

OWN = """
controls:
  - id: BANK-INSTANCE-1
    title: Training stays on small instances
    why: Larger ones need a budget.
    severity: medium
    can_be_excepted: true
    requirements:
      - must: {match: 'ml\\.m5\\.large'}
        fields: {CreateTrainingJob: [ResourceConfig.InstanceType]}
"""
MUST = "must: {match: 'ml\\.m5\\.large'}"
FIELDS = "fields: {CreateTrainingJob: [ResourceConfig.InstanceType]}"
PLACE = "config/controls.yaml: controls.1"


def own(old: str, new: str) -> str:
    """The organisation's control with one thing changed."""
    assert old in OWN
    return OWN.replace(old, new)


def fields(text: str) -> str:
    return own(FIELDS, f"fields: {text}")


# Name: the file, and the field, value, rule and fix of the one problem, each as far as it matters.
MISTAKES = {
    "an unknown key of a control": (
        own("title:", "titel:"), "config/controls.yaml: controls.0.titel", "", "no such key", "title"
    ),
    "an unknown key of a requirement": (
        own("fields:", "feilds:"), "controls.0.requirements.0.feilds", "", "no such key", "fields"
    ),
    "an unknown verb": (own("match:", "matches:"), "must.matches", "", "no such key", "match"),
    "two verbs": (own("match:", "equal: a, match:"), "must", "", "only one", ""),
    "no verb": (own(MUST, "must: {}"), "must", "", "one of equal", ""),
    "an id without a word of one's own": (own("BANK-INSTANCE-1", "bank"), "id", "bank", "pattern", ""),
    "an id that the standard has": (
        own("BANK-INSTANCE-1", "RML-VPC-1"), f"{PLACE}.id", "RML-VPC-1", "a control's already", "another id"
    ),
    "an operation that AWS does not have": (
        fields("{CreateTrainingJobs: [RoleArn]}"),
        "config/controls.yaml: BANK-INSTANCE-1", "CreateTrainingJobs", "an operation that AWS has", "CreateTrainingJob?",
    ),
    "an operation of another service": (
        fields("{glue.CreateJob: [Role]}"), f"{PLACE}.requirements.1.fields", "glue.CreateJob", "sagemaker", "s3.PutObject"
    ),
    "an operation of S3 that it does not have": (
        fields("{s3.PutObjects: [Bucket]}"), "BANK-INSTANCE-1", "s3.PutObjects", "an operation that AWS has", "PutObject?"
    ),
    "a path that matches nothing": (
        fields("{CreateTrainingJob: [ResourceConfig.InstanceTyp]}"),
        "BANK-INSTANCE-1: CreateTrainingJob", "ResourceConfig.InstanceTyp", "there is no InstanceTyp", "did you mean InstanceType?",
    ),
    "a path into a text": (
        fields("{CreateTrainingJob: [RoleArn.Name]}"),
        "CreateTrainingJob", "RoleArn.Name", "RoleArn is a value, without members", "RoleArn",
    ),
    "a path through a list without []": (
        fields("{CreateTrainingJob: [InputDataConfig.DataSource]}"),
        "CreateTrainingJob", "InputDataConfig.DataSource", "InputDataConfig is a list", "InputDataConfig[]",
    ),
    "a path with [] where there is no list": (
        fields("{CreateTrainingJob: ['ResourceConfig[].InstanceType']}"),
        "CreateTrainingJob", "ResourceConfig[].InstanceType", "ResourceConfig is no list", "without []",
    ),
    "a path of unless that matches nothing": (
        own(FIELDS, f"unless: {{paths: [RoleArnn], matches: a}}\n        {FIELDS}"),
        "CreateTrainingJob", "RoleArnn", "there is no RoleArnn", "RoleArn?",
    ),
    "a path that is no path": (
        fields("{CreateTrainingJob: ['ResourceConfig..InstanceType']}"), "CreateTrainingJob", "ResourceConfig..InstanceType", "there is no", ""
    ),
    "a requirement without fields": (fields("{}"), "requirements.1.fields", "", "covers nothing", "add an operation"),
    "a control that asks nothing": (
        own(OWN[OWN.index("    requirements:"):], "    requirements: []\n"), f"{PLACE}.requirements", "", "asks nothing", "requirement"
    ),
    "a value that the settings do not have": (
        own(MUST, "must: {be: kms_key}"), "requirements.1.must.be", "kms_key", "one of account", "kms_key_arn?"
    ),
    "filling where nothing can be filled in": (
        own(MUST, f"{MUST}\n        missing: fill"), "requirements.1.missing", "fill", "nothing can be filled in", "refuse"
    ),
    "a pattern that cannot be read": (
        own("ml\\.m5\\.large", "ml(" ), "requirements.1.must.match", "ml(", "a regular expression", "mend"
    ),
    "a refusal of one field": (
        own(MUST, "must: {refused: true}"), "requirements.1.fields", "ResourceConfig.InstanceType", "whole operation", "dot"
    ),
    "a dot where a field is meant": (fields("{CreateTrainingJob: ['.']}"), "requirements.1.fields", ".", "whole operation", "path"),
    "another value than the standard's": (
        own(MUST, "must: {equal: false}").replace(FIELDS, "fields: {CreateTrainingJob: [EnableNetworkIsolation]}"),
        f"{PLACE}: CreateTrainingJob", "False", "RML-ISO-1 of the standard asks True", "exception",
    ),
    "tightening what there is not": (
        "tighten: [{control: RML-VPC-9, severity: high}]",
        "tighten.1.control", "RML-VPC-9", "the id of a control of the standard", "did you mean RML-VPC",
    ),
    "less severe": (
        "tighten: [{control: RML-VPC-1, severity: low}]", "tighten.1.severity", "low", "at least critical", "critical"
    ),
    "excepted where the standard allows no exception": (
        "tighten: [{control: RML-LOCAL-1, can_be_excepted: true}]", "can_be_excepted", "True", "false", ""
    ),
    "left where the standard fills": (
        "tighten: [{control: RML-KEY-3, missing: leave}]", "tighten.1.missing", "leave", "at least as strict as fill", "refuse"
    ),
    "fewer instances": (
        "tighten: [{control: RML-ENDPOINT-1, at_least: 1}]", "tighten.1.at_least", "1", "the standard has 2", "tighten"
    ),
    "a bound where there is none": (
        "tighten: [{control: RML-VPC-1, at_least: 3}]", "tighten.1.at_least", "3", "has no at_least", "take the key out"
    ),
    "fewer environments": (
        "tighten: [{control: RML-ENDPOINT-1, environments: [test]}]",
        "tighten.1.environments", "test", "all environments of the standard's", "keep: prod",
    ),
    "environments where it holds in all": (
        "tighten: [{control: RML-VPC-1, environments: [prod]}]", "tighten.1.environments", "prod", "all environments", "all already"
    ),
    "tightening that changes nothing": (
        "tighten: [{control: RML-VPC-1}]", "tighten.1", "RML-VPC-1", "tightens nothing", "severity"
    ),
    "broken YAML": ("controls: [", "config/controls.yaml: line 2", "", "not YAML", "mend the line"),
    "a key that is written twice": ("controls: []\ncontrols: []", "line 2, column 1", "", "written twice", "mend"),
    "an anchor that contains itself": ("controls: &all [*all]", "config/controls.yaml: controls.0", "", "dictionary", ""),
    "a control that contains itself": (
        "controls: [&one {id: A-1, title: t, why: w, severity: low, can_be_excepted: true, requirements: [*one]}]",
        "config/controls.yaml: controls.0.requirements.0", "", "", "",
    ),
    "an unknown anchor": ("controls: *nowhere", "config/controls.yaml: line 1", "", "undefined alias", "mend"),
    "nothing in the file": ("", "config/controls.yaml", "None", "", ""),
}  # fmt: skip


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

"""The files below infrastructure/: what the command makes, clean, and of no account."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE, rml
from environments import environment

from regulated_ml.security.catalogue import load
from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import inventory, parameters, templates
from regulated_ml.security.policies.documents import fill
from regulated_ml.security.policies.templates import detective
from regulated_ml.settings import Settings

from .resolving import resolved

FOLDER = TEMPLATE / "{{cookiecutter.project_slug}}" / "infrastructure"
FILES = sorted(FOLDER.glob("*.yaml"))
# What CloudFormation takes in a request; a longer one is uploaded first, with --s3-bucket.
LONGEST = 51_200


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return content


def test_the_committed_files_are_what_the_command_makes(controls: Controls) -> None:
    made = templates.made(controls)
    assert {path.name: path.read_text() for path in FILES} == made


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_template_fits_into_a_request_and_names_no_account(path: Path) -> None:
    text = path.read_text()
    assert len(text.encode()) <= LONGEST
    assert not re.search(r"\b\d{12}\b|eu-central-1|credit-default", text)


def test_cfn_lint_finds_nothing() -> None:
    command = str(Path(sys.executable).with_name("cfn-lint"))
    done = subprocess.run([command, *map(str, FILES)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_suppression_has_a_reason() -> None:
    skips = [
        skip
        for path in FILES
        for resource in yaml.safe_load(path.read_text())["Resources"].values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ())
    ]
    assert skips
    assert all(len(skip["comment"]) > 20 for skip in skips)


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The command, in an environment of its own: it pins packages that the standard has newer."""
    return environment("checkov") / "bin/checkov"


@pytest.mark.slow
def test_checkov_finds_nothing(checkov: Path) -> None:
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--quiet"]
    done = subprocess.run(
        [checkov, "--directory", str(FOLDER), "--output", "json", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(done.stdout)["summary"]
    assert summary["failed"] == 0, done.stdout
    assert summary["parsing_errors"] == 0
    assert summary["passed"] > 50


def test_a_template_with_an_environments_values_has_the_environments_policies(
    dev: Settings,
) -> None:
    """Two ways from the same tables: what CloudFormation resolves, and literal values."""
    given = {
        name: f"arn:aws:iam::111122223333:role/{name}" for name in parameters.person_parameters()
    }
    values = parameters.literal(dev, given)
    expected = {
        fill(policy.name, values): fill(policy.document, values)
        for policy in inventory.policies(load(dev))
        if policy.kind.words == "managed policy"
    }
    found = [
        resolved(each["Properties"], values, {})
        for name in ("guardrails", "roles")
        for each in read(name)["Resources"].values()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert {each["ManagedPolicyName"]: each["PolicyDocument"] for each in found} == expected


def test_everything_that_holds_data_stays_when_a_stack_is_deleted() -> None:
    holding = {
        "AWS::S3::Bucket",
        "AWS::KMS::Key",
        "AWS::CodeCommit::Repository",
        "AWS::Logs::LogGroup",
    }
    kept = [
        (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for path in FILES
        for resource in yaml.safe_load(path.read_text())["Resources"].values()
        if resource["Type"] in holding
    ]
    assert kept
    assert set(kept) == {("Retain", "Retain")}


@pytest.mark.parametrize("bucket", ["DataBucketResource", "ModelBucketResource", "TrailBucket"])
def test_a_bucket_is_versioned_logged_private_and_under_the_teams_key(bucket: str) -> None:
    properties = read("storage")["Resources"][bucket]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": "LogBucket"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Ref": "KmsKeyArn"},
    }


def test_the_trails_bucket_is_under_object_lock_for_ten_years_from_its_first_day() -> None:
    properties = read("storage")["Resources"]["TrailBucket"]["Properties"]
    assert properties["ObjectLockEnabled"] is True
    retention = properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "COMPLIANCE", "Years": 10}
    assert "Expiration" not in str(properties["LifecycleConfiguration"])


OWN = """
controls:
  - id: BANK-LIFE-1
    title: No warm pools in production
    why: An instance that waits keeps rows on its disk.
    severity: medium
    can_be_excepted: true
    requirements:
      - must: {at_most: 0}
        condition_key: sagemaker:KeepAlivePeriod
        environments: [prod]
        fields: {CreateTrainingJob: [ResourceConfig.KeepAlivePeriodInSeconds]}
tighten: []
"""


def test_an_organisations_own_control_becomes_a_statement_where_it_holds(
    repository: Path,
) -> None:
    (repository / "config/controls.yaml").write_text(OWN)
    assert "guardrails.yaml: differs" in rml(repository, "security", "policies", "--check").stdout
    assert rml(repository, "security", "policies", "--write").returncode == 0
    template = yaml.safe_load((repository / "infrastructure/guardrails.yaml").read_text())
    assert template["Conditions"] == {"IsProd": {"Fn::Equals": [{"Ref": "Environment"}, "prod"]}}
    denies = [
        each["Fn::If"]
        for resource in template["Resources"].values()
        for each in resource["Properties"]["PolicyDocument"]["Statement"]
        if "Fn::If" in each
    ]
    assert denies == [
        [
            "IsProd",
            {
                "Sid": "BANKLIFE1KeepAlivePeriodOther",
                "Effect": "Deny",
                "Action": ["sagemaker:CreateTrainingJob"],
                "Resource": "*",
                "Condition": {"NumericGreaterThan": {"sagemaker:KeepAlivePeriod": "0"}},
            },
            {"Ref": "AWS::NoValue"},
        ]
    ]
    assert rml(repository, "security", "policies", "--check").returncode == 0
    listed = rml(repository, "security", "policies", "--env", "dev", "--json").stdout
    assert "BANKLIFE1" not in listed


def test_the_rules_pattern_fits_and_takes_every_operation_that_a_control_covers(
    controls: Controls,
) -> None:
    pattern = read("detective")["Resources"]["Rule"]["Properties"]["EventPattern"]
    assert len(json.dumps(pattern, separators=(",", ":"))) <= 2048  # EventBridge's quota
    prefixes = tuple(each["prefix"] for each in pattern["detail"]["eventName"])
    known = detective.operations(controls)
    assert len(known) > 80
    assert [name for name in known if not name.startswith(prefixes)] == []
    assert not "DescribeModel".startswith(prefixes)


def test_two_environments_of_one_account_make_nothing_of_the_same_name(dev: Settings) -> None:
    """What a stack names itself cannot be in another stack of the account."""
    kinds = ("LogGroupName", "QueueName", "TopicName", "FunctionName", "AlarmName", "RoleName")
    names = [
        resource["Properties"][kind]["Fn::Sub"]
        for resource in read("detective")["Resources"].values()
        for kind in kinds
        if "Fn::Sub" in resource["Properties"].get(kind, ())
    ]
    assert len(names) == 11
    assert [name for name in names if "${Environment}" not in name] == []


def test_every_policy_is_within_iams_limits(dev: Settings) -> None:
    found = inventory.entries(dev)
    assert [each.name for each in found if each.at_most > each.kind.longest] == []
    # Ten managed policies fit on a role, by IAM's own quota; boundary and trust do not count.
    managed = [each for each in found if each.kind.words == "managed policy"]
    assert len(managed) - 1 <= 10

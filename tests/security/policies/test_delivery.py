"""The delivery: trained by builds, approved by the approver's role alone."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import (
    added,
    boundary,
    delivery,
    guardrails,
    parameters,
    tables,
)
from regulated_ml.security.policies.documents import document, fill
from regulated_ml.security.policies.roles import statements
from regulated_ml.settings import Settings

from . import calls
from .simulation import Request, Simulator

PATH = TEMPLATE / "{{cookiecutter.project_slug}}/infrastructure/delivery.yaml"
PIPELINE = f"arn:aws:codepipeline:{calls.REGION}:{calls.ACCOUNT}:credit-default-dev-delivery"
STAGE = f"{PIPELINE}/PromoteToProd/ByTheApprover"
EXPLICIT = "ExplicitlyDenied"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The resources of the template, as committed."""
    content: dict[str, Any] = yaml.safe_load(Path(PATH).read_text())["Resources"]
    return content


@pytest.fixture(scope="module")
def documents(dev: Settings, controls: Controls) -> dict[str, Any]:
    """What holds the approver, a build that trains, and an administrator."""
    found: dict[str, Any] = {
        "boundary": boundary.policy().document,
        "approval": document(statements(added.APPROVAL)),
        "train": document(statements([*tables.DATA_SCIENTIST, *delivery.BUILD])),
        "everything": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": "*"}],
        },
        **{f"guard{n}": p.document for n, p in enumerate(guardrails.policies(controls))},
    }
    filled: dict[str, Any] = fill(found, parameters.literal(dev))
    return filled


def asked(action: str, who: str, *held: str, within: bool = False) -> Request:
    """A call about a stage of the delivery, or the model registry."""
    place = STAGE if action.startswith("codepipeline") else calls.PACKAGE
    context = {"aws:PrincipalArn": who}
    if action == "sagemaker:UpdateModelPackage":
        context["sagemaker:ModelApprovalStatus"] = "Approved"
    more = {"boundary": ["boundary"]} if within else {}
    return Request(action, place, context, who, calls.ACCOUNT, identity=list(held), **more)


def test_the_approvers_role_alone_ends_a_stage(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    guards = [name for name in documents if name.startswith("guard")]
    approver, train = calls.ROLES["approver"], f"{calls.IAM}:role/credit-default-dev-delivery-train"
    admin, put = f"{calls.IAM}:role/admin", "codepipeline:PutApprovalResult"
    cases = {
        "approver": (asked(put, approver, "approval", *guards, within=True), "Allowed"),
        "a build": (asked(put, train, "train", *guards), EXPLICIT),
        "an administrator": (asked(put, admin, "everything", *guards), EXPLICIT),
        "a build approves a version": (
            asked("sagemaker:UpdateModelPackage", train, "train", *guards),
            EXPLICIT,
        ),
    }
    answers = simulator.results(documents, [request for request, _ in cases.values()])
    found = {name: each["result"] for name, each in zip(cases, answers, strict=True)}
    assert found == {name: expected for name, (_, expected) in cases.items()}


def test_stages_come_in_the_order_of_the_delivery(resources: dict[str, Any]) -> None:
    stages = resources["Delivery"]["Properties"]["Stages"]
    found = [(each["Name"], each["Actions"][0]["ActionTypeId"]["Provider"]) for each in stages]
    assert found == [
        ("Source", "CodeCommit"),
        ("Test", "CodeBuild"),
        ("Train", "CodeBuild"),
        ("PromoteToTest", "Manual"),
        ("PromoteToProd", "Manual"),
    ]
    started_by = {
        name: resources[name]["Properties"]["EventPattern"] for name in ("Commit", "Retrain")
    }
    assert started_by["Commit"]["detail"]["referenceName"] == ["main"]
    assert started_by["Retrain"]["detail"] == {"state": {"value": ["ALARM"]}}
    (alarm,) = started_by["Retrain"]["resources"]
    alarms = yaml.safe_load(PATH.with_name("alarms.yaml").read_text())["Resources"]
    name = alarms["ModelChanged"]["Properties"]["AlarmName"]["Fn::Sub"]
    assert alarm["Fn::Sub"].endswith(f":alarm:{name}")
    causes = [each for each in alarms if each.endswith("Cause")]
    assert len(causes) == 4
    for cause in causes:
        told = alarms[cause]["Properties"]["AlarmName"]["Fn::Sub"]
        assert f'ALARM("{told}")' in alarms["ModelChanged"]["Properties"]["AlarmRule"]["Fn::Sub"]
        counted = alarms[cause.replace("Cause", "Found")]["Properties"]["MetricTransformations"]
        assert counted[0]["MetricName"] == alarms[cause]["Properties"]["MetricName"]


def test_builds_are_in_the_vpc_under_the_key_and_hold_no_rights_on_iam(
    resources: dict[str, Any],
) -> None:
    key = {"Ref": "KmsKeyArn"}
    projects = [r for r in resources.values() if r["Type"] == "AWS::CodeBuild::Project"]
    assert len(projects) == 2
    for project in projects:
        properties = project["Properties"]
        assert properties["EncryptionKey"] == key
        assert properties["VpcConfig"]["VpcId"] == {"Ref": "VpcId"}
        assert properties["Environment"]["PrivilegedMode"] is False
    logs = [r for r in resources.values() if r["Type"] == "AWS::Logs::LogGroup"]
    assert [each["Properties"]["KmsKeyId"] for each in logs] == [key, key]
    store = resources["Delivery"]["Properties"]["ArtifactStore"]
    assert store["EncryptionKey"] == {"Type": "KMS", "Id": key}
    actions = {
        action
        for resource in resources.values()
        for holder in (
            *resource["Properties"].get("Policies", ()),
            resource["Properties"],
        )
        for statement in holder.get("PolicyDocument", {}).get("Statement", ())
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert {each for each in actions if each.startswith("iam:")} == {"iam:PassRole"}
    assert not [each for each in actions if "*" in each]
    assert "sagemaker:UpdateModelPackage" not in actions
    assert "sagemaker:CreateEndpoint" not in actions

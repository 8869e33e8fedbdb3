"""Every pair that IAM has a condition for: what breaks it is denied, what obeys it is allowed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from regulated_ml.security.pairs import Controls, Pair
from regulated_ml.security.policies import guardrails, parameters
from regulated_ml.security.policies.documents import fill
from regulated_ml.settings import Settings

from . import keys
from .simulation import Request, Simulator

ACCOUNT = "111122223333"
Case = tuple[str, Request, str]


@pytest.fixture(scope="module")
def documents(dev: Settings, controls: Controls) -> dict[str, Any]:
    """The guardrails of dev, as managed and as service control policies."""
    given = {"PlatformRoleArn": f"arn:aws:iam::{ACCOUNT}:role/platform"}
    found = parameters.literal(dev, given)
    policies = [*guardrails.policies(controls), *guardrails.control_policies(controls)]
    return {fill(each.name, found): fill(each.document, found) for each in policies}


@pytest.fixture(scope="module")
def details(simulator: Simulator, controls: Controls) -> dict[str, Any]:
    """IAM's data of every action that the catalogue has a condition key for."""
    return simulator.actions(_action(pair.operation) for pair in _conditional(controls))


def test_every_condition_key_of_the_catalogue_is_one_of_the_action(
    controls: Controls, details: dict[str, Any]
) -> None:
    wrong = [
        (pair.operation, pair.requirement.condition_key)
        for pair in _conditional(controls)
        if not _has_key(details[_action(pair.operation)], str(pair.requirement.condition_key))
    ]
    assert not wrong


def test_every_pair_denies_what_breaks_it_and_allows_what_obeys_it(
    simulator: Simulator,
    controls: Controls,
    documents: dict[str, Any],
    details: dict[str, Any],
    record_property: Any,
) -> None:
    cases = [
        case
        for kind in ("guardrails", "controls")
        for case in _cases(controls, details, [n for n in documents if f"-{kind}-" in n], kind)
    ]
    answers = simulator.results(documents, [request for _, request, _ in cases])
    wrong = [
        (name, expected, answer)
        for (name, _, expected), answer in zip(cases, answers, strict=True)
        if answer["result"] != expected or answer["ignored"]
    ]
    assert not wrong, sorted({w[0] for w in wrong})[:60]
    denied = sum(expected == "ExplicitlyDenied" for *_, expected in cases)
    record_property("pairs", len({(p.operation, p.path) for p in _conditional(controls)}))
    record_property("denied", denied)
    record_property("allowed", len(cases) - denied)


def test_instances_with_a_disk_of_their_own_need_no_key_for_it(
    simulator: Simulator, documents: dict[str, Any], details: dict[str, Any]
) -> None:
    guards = [name for name in documents if "-guardrails-" in name]
    right = _right("CreateTrainingJob", details)
    del right["sagemaker:VolumeKmsKeyArn"]
    expected = {
        "ml.g5.xlarge": "Allowed",
        "ml.c5d.xlarge": "Allowed",
        "ml.m5.xlarge": "ExplicitlyDenied",
    }
    requests = [
        _request(
            "CreateTrainingJob", {**right, "sagemaker:InstanceTypes": [each]}, guards, "guardrails"
        )
        for each in expected
    ]
    results = [answer["result"] for answer in simulator.results(documents, requests)]
    assert dict(zip(expected, results, strict=True)) == expected


def test_what_is_optional_is_asked_for_only_where_it_is_there(
    simulator: Simulator, documents: dict[str, Any], details: dict[str, Any]
) -> None:
    guards = [name for name in documents if "-guardrails-" in name]
    schedule = {
        k: v for k, v in _right("CreateMonitoringSchedule", details).items() if k in keys.TAGS
    }
    store = _right("CreateFeatureGroup", details)
    online = {k: v for k, v in store.items() if "Offline" not in k}
    offline = {k: v for k, v in store.items() if "Online" not in k}
    cases = {
        "a schedule of a definition made before": ("CreateMonitoringSchedule", schedule),
        "an online store": ("CreateFeatureGroup", online),
        "an offline store": ("CreateFeatureGroup", offline),
    }
    requests = [_request(name, context, guards, "guardrails") for name, context in cases.values()]
    results = [answer["result"] for answer in simulator.results(documents, requests)]
    assert dict(zip(cases, results, strict=True)) == dict.fromkeys(cases, "Allowed")


# A key policy that leaves all to IAM: without one, KMS denies.
OF_THE_ACCOUNT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
SAGEMAKER = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}"
REFUSED = {
    "sagemaker:CreatePresignedDomainUrl": f"{SAGEMAKER}:user-profile/d/u",
    "sagemaker:CreatePresignedNotebookInstanceUrl": f"{SAGEMAKER}:notebook-instance/n",
    "sagemaker:PutModelPackageGroupPolicy": f"{SAGEMAKER}:model-package-group/g",
    "s3:PutBucketPolicy": "arn:aws:s3:::credit-default-data-111122223333-eu-central-1",
    "s3:PutBucketPublicAccessBlock": "arn:aws:s3:::credit-default-model-111122223333-eu-central-1",
    "s3:PutEncryptionConfiguration": "arn:aws:s3:::credit-default-model-111122223333-eu-central-1",
    "s3:PutObjectAcl": "arn:aws:s3:::credit-default-model-111122223333-eu-central-1/a",
    "kms:ScheduleKeyDeletion": keys.KEY,
    "kms:PutKeyPolicy": keys.KEY,
}


@pytest.mark.parametrize("kind", ["guardrails", "controls"])
def test_what_is_refused_is_denied_to_all_but_the_platform(
    simulator: Simulator, documents: dict[str, Any], kind: str
) -> None:
    guards = [name for name in documents if f"-{kind}-" in name]
    people = {
        "credit-default-dev-approver": set[str](),
        "platform": {name for name in REFUSED if name.startswith(("s3:", "kms:", "sagemaker:Put"))},
    }
    for role, allowed in people.items():
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        requests = [
            Request(
                action,
                resource,
                {"aws:PrincipalArn": arn},
                arn,
                ACCOUNT,
                of_resource="key" if action.startswith("kms:") else "",
                **_held(guards, kind),
            )
            for action, resource in REFUSED.items()
        ]
        answers = simulator.results({**documents, "key": OF_THE_ACCOUNT}, requests)
        assert {
            request.action
            for request, answer in zip(requests, answers, strict=True)
            if answer["result"] == "Allowed"
        } == allowed


APPROVAL = {
    ("approver", "UpdateModelPackage", "Approved"): "Allowed",
    ("data-scientist", "UpdateModelPackage", "Approved"): "ExplicitlyDenied",
    ("data-scientist", "UpdateModelPackage", "PendingManualApproval"): "ExplicitlyDenied",
    ("data-scientist", "UpdateModelPackage", ""): "Allowed",  # a description, and no status
    ("data-scientist", "CreateModelPackage", "PendingManualApproval"): "Allowed",
    ("data-scientist", "CreateModelPackage", "Approved"): "ExplicitlyDenied",
    ("approver", "CreateModelPackage", "Approved"): "ExplicitlyDenied",
}


def test_the_approver_alone_sets_the_status_of_a_model(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    guards = [name for name in documents if "-guardrails-" in name]
    package = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:model-package/credit-default/1"
    requests = []
    for who, operation, status in APPROVAL:
        arn = f"arn:aws:iam::{ACCOUNT}:role/credit-default-dev-{who}"
        asked = {"sagemaker:ModelApprovalStatus": status} if status else {}
        context = {**asked, "aws:PrincipalArn": arn}
        held = _held(guards, "guardrails")
        requests.append(Request(f"sagemaker:{operation}", package, context, arn, ACCOUNT, **held))
    results = [answer["result"] for answer in simulator.results(documents, requests)]
    assert dict(zip(APPROVAL, results, strict=True)) == APPROVAL


# --- cases ---


def _conditional(controls: Controls) -> Iterator[Pair]:
    return (pair for pair in controls.pairs() if pair.requirement.condition_key)


def _cases(
    controls: Controls, details: dict[str, Any], guards: list[str], kind: str
) -> Iterator[Case]:
    for pair in _conditional(controls):
        operation = pair.operation
        right = _right(operation, details)
        name = f"{kind}: {pair.control.id} {operation}"
        allowed = "ExplicitlyDenied" if operation in keys.REFUSED else "Allowed"
        yield f"{name} right", _request(operation, right, guards, kind), allowed
        wanted = str(pair.requirement.condition_key)
        for key in keys.TAGS if wanted == "aws:RequestTag" else [wanted]:
            for wrong in keys.VALUES[key][1]:
                broken = _request(operation, {**right, key: wrong}, guards, kind)
                yield f"{name} {key}={wrong}", broken, "ExplicitlyDenied"
            lacking = {k: v for k, v in right.items() if k != key}
            expected = "Allowed" if (operation, key) in keys.MAY_LACK else "ExplicitlyDenied"
            yield f"{name} {key} lacks", _request(operation, lacking, guards, kind), expected


def _right(operation: str, details: dict[str, Any]) -> dict[str, Any]:
    """Every key that the action has, with the right value."""
    known = details[_action(operation)]
    values = {**{key: right for key, (right, _) in keys.VALUES.items()}, **keys.BESIDE}
    unsent = keys.NOT_SENT.get(operation, ())
    return {k: v for k, v in values.items() if _has_key(known, k) and k not in unsent}


def _request(operation: str, context: dict[str, Any], guards: list[str], kind: str) -> Request:
    action = _action(operation)
    resource = keys.RESOURCES.get(action) or _arn(operation)
    principal = f"arn:aws:iam::{ACCOUNT}:role/credit-default-dev-data-scientist"
    return Request(
        action,
        resource,
        {**context, "aws:PrincipalArn": principal},
        principal,
        ACCOUNT,
        **_held(guards, kind),
    )


def _held(guards: list[str], kind: str) -> dict[str, Any]:
    """The guardrails beside a policy that allows everything: on the role, or on the account."""
    if kind == "controls":
        return {"controls": ["everything", *guards]}
    return {"identity": ["everything", *guards]}


def _action(operation: str) -> str:
    """By hand: what S3 calls an upload, however it is made."""
    service, _, name = operation.rpartition(".")
    if service == "s3" and name in ("CopyObject", "CreateMultipartUpload"):
        return "s3:PutObject"
    return f"{service or 'sagemaker'}:{name}"


def _has_key(known: dict[str, Any] | None, key: str) -> bool:
    if known is None:
        return False
    every = [*known["conditionKeys"]]
    every += [k for kind in known["resourceTypes"] for k in kind["conditionKeys"]]
    return key.partition("/")[0] in {each.partition("/")[0] for each in every}


# How the ARN of a resource calls what an operation makes, where it is not the operation's words.
KINDS = {
    "AutoMLJob": "automl-job",
    "AutoMLJobV2": "automl-job",
    "Trial": "experiment-trial",
    "TrialComponent": "experiment-trial-component",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "HubContentReference": "hub-content",
    "EdgeDeploymentPlan": "edge-deployment",
    "HubContent": "hub-content",
    "Devices": "device-fleet/credit-default-1/device",
}
PARTS = {"domain": 1, "app": 4, "space": 2, "user-profile": 2, "hub-content": 3, "job": 2}


def _arn(operation: str) -> str:
    thing = re.sub(r"^(Create|Update|Import|Register)", "", operation)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", thing).lower()
    kind = KINDS.get(thing, words)
    name = "/".join(["credit-default-1"] * PARTS.get(kind, 1))
    return f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:{kind}/{name}"

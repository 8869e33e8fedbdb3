"""Every call of the workflow is allowed to its role, and nothing beyond."""

from typing import Any

import pytest

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import added, boundary, guardrails, parameters, resources, roles
from regulated_ml.security.policies.documents import document, fill
from regulated_ml.settings import Settings

from . import beyond, calls, keys
from .calls import Call
from .simulation import Request, Simulator

EXPLICIT, IMPLICIT = "ExplicitlyDenied", "ImplicitlyDenied"
OF_ANOTHER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{calls.ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


@pytest.fixture(scope="module")
def documents(dev: Settings, controls: Controls) -> dict[str, Any]:
    """All policies of dev by the name that the calls know them by."""
    given = {"PlatformRoleArn": f"arn:aws:iam::{calls.ACCOUNT}:role/platform"}
    known = {
        "execution": roles.ROLES["ExecutionRole"],
        "data-scientist": roles.ROLES["DataScientistRole"],
        "approver": roles.ROLES["ApproverRole"],
        "detective": roles.DETECTIVE_ROLE,
    }
    found: dict[str, Any] = {
        "boundary": boundary.policy().document,
        "key": resources.key_policy().document,
        "other key": OF_ANOTHER,
        "data bucket": resources.bucket_policy("DataBucket").document,
        "model bucket": resources.bucket_policy("ModelBucket").document,
        "trail bucket": resources.trail_bucket_policy().document,
        **{name: document(roles.statements(role.rows)) for name, role in known.items()},
        **{f"endpoint {p.name}": p.document for p in resources.endpoint_policies()},
        **{f"guard{n}": p.document for n, p in enumerate(guardrails.policies(controls))},
        **{each.name: p.document for each, p in zip(added.ADDED, added.policies(), strict=True)},
    }
    filled: dict[str, Any] = fill(found, parameters.literal(dev, given))
    return filled


@pytest.fixture(scope="module")
def attached(documents: dict[str, Any]) -> dict[str, list[str]]:
    """The policies of each role: people have the guardrails, too."""
    guards = [name for name in documents if name.startswith("guard")]
    more = {"data-scientist": ["pipelines"], "approver": ["approval", "monitors"]}
    people = {name: [name, *guards, *own] for name, own in more.items()}
    return {**people, "execution": ["execution"], "detective": ["detective"]}


def results(simulator: Simulator, documents: dict[str, Any], requests: list[Request]) -> list[str]:
    answers = simulator.results(documents, requests)
    errors = [a for a in answers if a["result"] == "Error"]
    assert not errors, errors[:3]
    return [answer["result"] for answer in answers]


def test_every_call_of_the_workflow_is_allowed(
    simulator: Simulator,
    documents: dict[str, Any],
    attached: dict[str, list[str]],
    record_property: Any,
) -> None:
    found = results(simulator, documents, [calls.request(c, attached) for c in calls.ALLOWED])
    denied = [(c, r) for c, r in zip(calls.ALLOWED, found, strict=True) if r != "Allowed"]
    assert not denied
    record_property("calls", len(found))


def test_nothing_beyond_is_allowed(
    simulator: Simulator,
    documents: dict[str, Any],
    attached: dict[str, list[str]],
    record_property: Any,
) -> None:
    found = results(simulator, documents, [calls.request(c, attached) for c in beyond.DENIED])
    allowed = [
        c for c, r in zip(beyond.DENIED, found, strict=True) if r not in (EXPLICIT, IMPLICIT)
    ]
    assert not allowed
    record_property("calls", len(found))


def test_every_action_of_a_role_is_one_of_the_workflows_calls(
    documents: dict[str, Any],
) -> None:
    made = {(call.role, call.action) for call in calls.ALLOWED}
    of_people = {
        (role, action)
        for role, policy in (
            *((role, role) for role in ("execution", "data-scientist", "approver")),
            ("data-scientist", "pipelines"),
            ("approver", "monitors"),
            ("approver", "approval"),
        )
        for statement in documents[policy]["Statement"]
        for action in statement["Action"]
    }
    # The parts of an upload are listed, and a log is searched, when something went wrong.
    spare = {
        ("data-scientist", "s3:ListMultipartUploadParts"),
        ("data-scientist", "logs:FilterLogEvents"),
    }
    assert of_people - made <= spare


def test_the_boundary_keeps_a_role_that_was_given_everything(
    simulator: Simulator, documents: dict[str, Any], attached: dict[str, list[str]]
) -> None:
    """Even with an administrator's rights, it changes no IAM, no keys, buckets and trails."""
    wide = {role: ["everything"] for role in attached}
    far = [
        call
        for call in beyond.DENIED
        if call.action.partition(":")[0]
        in ("cloudtrail", "events", "lambda", "secretsmanager", "sts")
        or (call.action.startswith("iam:") and call.action != "iam:PassRole")
        or "somebody-elses-bucket" in call.resource
        or call.action in ("s3:DeleteBucket", "s3:PutBucketPolicy", "kms:ScheduleKeyDeletion")
    ]
    found = results(simulator, documents, [calls.request(call, wide) for call in far])
    assert set(found) == {IMPLICIT}


# --- the policies of things, beside somebody who may everything ---

PLATFORM = f"arn:aws:iam::{calls.ACCOUNT}:role/platform"
ADMIN = f"arn:aws:iam::{calls.ACCOUNT}:role/admin"
BUCKET_CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "from the VPC": ("s3:GetObject", {}, "Allowed"),
    "from elsewhere": ("s3:GetObject", {"aws:SourceVpc": None}, EXPLICIT),
    **{
        f"{action} from elsewhere": (f"s3:{action}", {"aws:SourceVpc": None}, EXPLICIT)
        for action in ("GetObjectVersion", "GetObjectTagging", "DeleteObject", "PutObjectTagging")
    },
    "another account's GetObjectVersion": (
        "s3:GetObjectVersion",
        {"aws:PrincipalAccount": "999999999999"},
        EXPLICIT,
    ),
    "a version from the VPC": ("s3:GetObjectVersion", {}, "Allowed"),
    "from another VPC": ("s3:GetObject", {"aws:SourceVpc": "vpc-99999999999999999"}, EXPLICIT),
    "without TLS": ("s3:GetObject", {"aws:SecureTransport": "false"}, EXPLICIT),
    "with old TLS": ("s3:GetObject", {"s3:TlsVersion": "1.1"}, EXPLICIT),
    "under the team's key": ("s3:PutObject", calls.UPLOAD, "Allowed"),
    "under the bucket's own key, which is the team's": ("s3:PutObject", {}, "Allowed"),
    "under another key": (
        "s3:PutObject",
        {**calls.UPLOAD, "s3:x-amz-server-side-encryption-aws-kms-key-id": keys.OTHER_KEY},
        EXPLICIT,
    ),
    "under no key of KMS": (
        "s3:PutObject",
        {"s3:x-amz-server-side-encryption": "AES256"},
        EXPLICIT,
    ),
    "under the caller's own key": (
        "s3:PutObject",
        {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"},
        EXPLICIT,
    ),
    "by SageMaker, which is not in the VPC": (
        "s3:GetObject",
        {"aws:SourceVpc": None, "aws:ViaAWSService": "true"},
        "Allowed",
    ),
    "by another account": ("s3:GetObject", {"aws:PrincipalAccount": "999999999999"}, EXPLICIT),
}


@pytest.mark.parametrize("bucket", ["data bucket", "model bucket"])
def test_a_bucket_takes_what_is_right_and_nothing_else(
    simulator: Simulator, documents: dict[str, Any], bucket: str
) -> None:
    place = calls.IN if bucket == "data bucket" else calls.OUT
    requests = []
    for action, more, _ in BUCKET_CASES.values():
        context = {**calls.FROM_VPC, "aws:PrincipalArn": ADMIN, **more}
        given = {key: value for key, value in context.items() if value is not None}
        requests.append(Request(action, place, given, ADMIN, calls.ACCOUNT, of_resource=bucket))
    found = dict(zip(BUCKET_CASES, results(simulator, documents, requests), strict=True))
    assert found == {name: expected for name, (*_, expected) in BUCKET_CASES.items()}


@pytest.mark.parametrize("role", ["DataScientistRole", "ApproverRole"])
def test_a_person_takes_a_role_under_no_other_name(
    simulator: Simulator, dev: Settings, role: str
) -> None:
    account = f"arn:aws:iam::{calls.ACCOUNT}"
    anna = {
        f"{account}:user/anna": {"aws:username": "anna", "aws:userid": "AIDAANNA"},
        f"{account}:role/staff": {"aws:userid": "AROASTAFF:anna"},  # a session of her name
    }
    trust = {
        who: fill(
            roles.ROLES[role].trust,
            parameters.literal(dev, {"DataScientistArn": who, "ApproverArn": who}),
        )
        for who in anna
    }
    cases = [(who, name) for who in anna for name in ("anna", "berta", "", "*")]
    asked = [
        Request(
            "sts:AssumeRole",
            f"{account}:role/taken",
            {**anna[who], "aws:PrincipalArn": who, "sts:RoleSessionName": name},
            who,
            calls.ACCOUNT,
            (),
            of_resource=who,
        )
        for who, name in cases
    ]
    found = dict(zip(cases, results(simulator, trust, asked), strict=True))
    assert {case for case, result in found.items() if result == "Allowed"} == {
        (who, "anna") for who in anna
    }


def test_nobody_deletes_an_anchor_and_approvers_alone_write_decisions(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    decision = f"{calls.RUNS}/approve-{calls.RUN}/record.json"
    cases = {
        (ADMIN, "s3:PutObject", calls.ANCHOR, "trail bucket"): "Allowed",
        (ADMIN, "s3:DeleteObject", calls.ANCHOR, "trail bucket"): EXPLICIT,
        (PLATFORM, "s3:DeleteObjectVersion", calls.ANCHOR, "trail bucket"): EXPLICIT,
        (ADMIN, "s3:PutObject", decision, "model bucket"): EXPLICIT,
        (calls.EXECUTION, "s3:PutObject", decision, "model bucket"): EXPLICIT,
        (calls.ROLES["approver"], "s3:PutObject", decision, "model bucket"): "Allowed",
    }
    requests = [
        Request(
            action,
            place,
            {**calls.FROM_VPC, **calls.UPLOAD, "aws:PrincipalArn": who},
            who,
            calls.ACCOUNT,
            of_resource=bucket,
        )
        for who, action, place, bucket in cases
    ]
    assert dict(zip(cases, results(simulator, documents, requests), strict=True)) == cases


def test_the_key_is_kept_by_the_account_and_used_by_the_roles_alone(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    cases = {
        (ADMIN, "kms:PutKeyPolicy"): "Allowed",
        (ADMIN, "kms:Decrypt"): IMPLICIT,
        (ADMIN, "kms:CreateGrant"): IMPLICIT,
        (calls.ROLES["data-scientist"], "kms:Decrypt"): "Allowed",
        (calls.ROLES["execution"], "kms:GenerateDataKey"): "Allowed",
        (PLATFORM, "kms:Decrypt"): "Allowed",
    }
    requests = [
        Request(
            action,
            keys.KEY,
            {"aws:PrincipalArn": who, **calls.VIA_S3, **calls.LENT}
            if action in ("kms:CreateGrant",)
            else {
                "aws:PrincipalArn": who,
                **({} if action == "kms:PutKeyPolicy" else calls.VIA_S3),
            },
            who,
            calls.ACCOUNT,
            of_resource="key",
        )
        for who, action in cases
    ]
    assert dict(zip(cases, results(simulator, documents, requests), strict=True)) == cases


ENDPOINTS = {
    "sagemaker": "endpoint sagemaker.api",
    "kms": "endpoint kms",
    "logs": "endpoint logs",
    "s3": "endpoint s3",
    "codecommit": "endpoint git-codecommit",
    "cloudwatch": "endpoint monitoring",
    "ecr": "endpoint ecr.api",
}


def _through(call: Call, account: str = calls.ACCOUNT) -> Request:
    service = call.action.partition(":")[0]
    return Request(
        call.action,
        call.resource,
        {**call.context, "aws:PrincipalArn": ADMIN, "aws:PrincipalAccount": account},
        ADMIN,
        calls.ACCOUNT,
        endpoint=[ENDPOINTS[service]],
        of_resource="other key" if service == "kms" else "",
    )


def test_the_workflows_calls_pass_the_vpcs_endpoints_and_foreign_credentials_do_not(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    passing = [
        call
        for call in calls.ALLOWED
        if call.action.partition(":")[0] in ENDPOINTS and call.role != "detective"
    ]
    ours = results(simulator, documents, [_through(call) for call in passing])
    theirs = results(simulator, documents, [_through(call, "999999999999") for call in passing])
    assert set(ours) == {"Allowed"}
    assert "Allowed" not in theirs


def test_a_foreign_bucket_is_not_reached_through_the_vpcs_endpoint(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    call = Call("", "s3:PutObject", "arn:aws:s3:::somebody-elses-bucket/a", {})
    assert results(simulator, documents, [_through(call)]) == [IMPLICIT]


def test_no_statement_allows_every_action_of_a_service(documents: dict[str, Any]) -> None:
    wide = [
        (name, action)
        for name, content in documents.items()
        if name != "other key"
        for statement in content["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        # The boundary, which gives nothing, knows families of operations on one kind of thing.
        if action.endswith(":*") or ("*" in action and name != "boundary")
    ]
    assert not wide


def test_what_is_allowed_on_everything_has_no_resource_in_iam(
    simulator: Simulator, documents: dict[str, Any]
) -> None:
    wide = {
        action
        for role in (
            *("execution", "data-scientist", "approver", "detective"),
            *("approval", "monitors", "pipelines"),
        )
        for statement in documents[role]["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
    }
    known = simulator.actions(wide)
    scoped = {
        a for a, d in known.items() if d is None or any(r["required"] for r in d["resourceTypes"])
    }
    assert not scoped


def test_iam_has_every_action(simulator: Simulator, documents: dict[str, Any]) -> None:
    named = {
        action
        for content in documents.values()
        for statement in content["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if "*" not in action
    }
    assert [action for action, known in simulator.actions(named).items() if known is None] == []

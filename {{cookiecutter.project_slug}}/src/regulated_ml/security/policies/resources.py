"""The policies of things: the team's key, its buckets, and the VPC's endpoints.

A role's policy says what a person or a job may do; these say the same from the other side, and hold
for everybody, the account's administrators included.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from regulated_ml.security.policies import places
from regulated_ml.security.policies.added import ADDED
from regulated_ml.security.policies.documents import (
    BUCKET,
    ENDPOINT,
    KEY,
    Document,
    Policy,
    document,
)
from regulated_ml.security.policies.places import service
from regulated_ml.security.policies.roles import ROLES
from regulated_ml.security.policies.tables import IN_CODECOMMIT, OF_APPROVERS, Row

ACCOUNT = {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
ANYBODY = "*"
USERS = [places.EXECUTION_ROLE, places.DATA_SCIENTIST, places.APPROVER]
# What is done with objects, their versions included; a bucket's settings are not among it.
WITH_OBJECTS = ("s3:DeleteObject*", "s3:GetObject*", "s3:ListBucket*", "s3:PutObject*")
# Whoever deploys: the function's archive and the repository are under the key, too.
DEPLOYER = "${PlatformRoleArn}"
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}

# Whoever the account lets deploy may keep the key; using it is not among these.
KEEPING = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
# Services that write under the key for nobody in particular: logs, and messages of alarms and
# rules.
WRITERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")


def key_policy() -> Policy:
    """Who may keep the key and who may use it.

    Roles are named in conditions, not as principals: a key policy with a principal that does not
    exist yet is refused, and the roles' policies name the key.
    """
    statements = [
        _allow("KeepTheKey", ACCOUNT, KEEPING),
        _allow(
            "UseTheKeyThroughServices",
            ACCOUNT,
            ("kms:Decrypt", "kms:GenerateDataKey"),
            {
                "ArnEquals": {
                    "aws:PrincipalArn": [*USERS, places.DETECTIVE, places.DELIVERING, DEPLOYER]
                },
                "StringEquals": {
                    "kms:ViaService": [service(each) for each in ("s3", "sagemaker", "sns", "sqs")]
                },
            },
        ),
        _allow(
            "UseTheKeyInCodeCommit",
            ACCOUNT,
            IN_CODECOMMIT,
            {
                "ArnEquals": {
                    "aws:PrincipalArn": [
                        places.DATA_SCIENTIST,
                        places.APPROVER,
                        places.DELIVERING,
                        DEPLOYER,
                    ]
                },
                "StringEquals": {"kms:ViaService": service("codecommit")},
            },
        ),
        _allow(
            "SeeTheKey", ACCOUNT, ("kms:DescribeKey",), {"ArnEquals": {"aws:PrincipalArn": USERS}}
        ),
        _allow(
            "LendTheKeyToServices",
            ACCOUNT,
            ("kms:CreateGrant",),
            {
                "ArnEquals": {"aws:PrincipalArn": USERS},
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        ),
        _allow(
            "EncryptLogs",
            {"Service": service("logs")},
            ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
            {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": [
                        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"
                    ]
                }
            },
        ),
        _allow(
            "EncryptMessages",
            {"Service": list(WRITERS)},
            ("kms:Decrypt", "kms:GenerateDataKey"),
            OF_THIS_ACCOUNT,
        ),
    ]
    return Policy("key", KEY, document(statements))


def bucket_policy(parameter: str) -> Policy:
    """Of the data bucket or the model bucket: TLS, the team's key, the VPC.

    An upload that names no key is let in, because the bucket's own encryption is the team's key,
    and SageMaker writes checkpoints so. People's uploads without one are denied by the guardrails.

    Who may have a job write beside the models could have it write that somebody has agreed: records
    of decisions are written by approvers alone.
    """
    statements = _of_bucket(f"${{{parameter}}}")
    if parameter == "ModelBucket":
        decisions = [*places.of_runs(OF_APPROVERS, "*")]
        others = {"ArnNotEquals": {"aws:PrincipalArn": [places.APPROVER]}}
        statements.append(_deny("DecisionsByApproversAlone", ("s3:PutObject",), decisions, others))
    return Policy(f"${{{parameter}}}", BUCKET, document(statements))


def trail_bucket_policy() -> Policy:
    """Of the bucket in which the hashes of the audit trail lie: the same, and nothing is deleted.

    Object Lock keeps what was written; this keeps marks of deletion away, behind which it would
    hide from whoever lists no versions.
    """
    bucket = f"arn:${{AWS::Partition}}:s3:::{places.TRAIL_BUCKET}"
    deleting = ("s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion")
    statements = [
        *_of_bucket(places.TRAIL_BUCKET),
        _deny("NothingIsDeleted", deleting, [f"{bucket}/*"], None),
    ]
    return Policy(places.TRAIL_BUCKET, BUCKET, document(statements))


def _of_bucket(name: str) -> list[Document]:
    """TLS, the team's key, the VPC."""
    bucket = f"arn:${{AWS::Partition}}:s3:::{name}"
    objects, both = [f"{bucket}/*"], [bucket, f"{bucket}/*"]
    put = ("s3:PutObject",)
    encryption, key = (
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    )
    return [
        *_transport(both),
        _deny("NoOtherEncryption", put, objects, _other(encryption, "aws:kms")),
        _deny("NoOtherKey", put, objects, _other(key, places.KEY)),
        _deny(
            "NoKeyOfTheCallers",
            put,
            objects,
            {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        ),
        _deny(
            "FromTheVpcAlone",
            WITH_OBJECTS,
            both,
            {
                "StringNotEquals": {"aws:SourceVpc": "${VpcId}"},
                # SageMaker's own calls, and the platform's deployment, do not come from the VPC.
                "BoolIfExists": {
                    "aws:PrincipalIsAWSService": "false",
                    "aws:ViaAWSService": "false",
                },
                "ArnNotLike": {"aws:PrincipalArn": "${PlatformRoleArn}"},
            },
        ),
        _deny(
            "NobodyOfOtherAccounts",
            WITH_OBJECTS,
            both,
            {
                "StringNotEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
    ]


def log_bucket_policy() -> Policy:
    """Of the bucket in which the others' access logs lie."""
    bucket = f"arn:${{AWS::Partition}}:s3:::{places.LOG_BUCKET}"
    statements = [
        *_transport([bucket, f"{bucket}/*"]),
        {
            **_allow(
                "WriteAccessLogs",
                {"Service": "logging.s3.amazonaws.com"},
                ("s3:PutObject",),
                {
                    **OF_THIS_ACCOUNT,
                    "ArnEquals": {"aws:SourceArn": [*places.BUCKETS, places.WITH_THE_TRAIL]},
                },
            ),
            "Resource": [f"{bucket}/*"],
        },
    ]
    return Policy(places.LOG_BUCKET, BUCKET, document(statements))


# The interface endpoints, and the actions that go through each: those of the roles' tables.
ENDPOINTS = {
    "sagemaker.api": "sagemaker",
    "logs": "logs",
    "kms": "kms",
    "monitoring": "cloudwatch",
    "ecr.api": "ecr",
    "ecr.dkr": "ecr",
    "codecommit": "codecommit",
    "git-codecommit": "codecommit",
}
# Endpoints for which no role's table has an action, because AWS asks for none, or a later step
# calls.
OTHERS: Mapping[str, tuple[str, ...]] = {
    "sts": ("sts:GetCallerIdentity",),
    "sagemaker.metrics": ("sagemaker:BatchPutMetrics",),
    "sagemaker.runtime": ("sagemaker:InvokeEndpoint",),
}


def endpoint_policies() -> list[Policy]:
    """Of the gateway to S3 and of each interface endpoint: this account alone may pass."""
    rows = [row for role in ROLES.values() for row in role.rows]
    rows += [row for each in ADDED for row in each.rows]
    found = [_gateway(rows)]
    for name, prefix in ENDPOINTS.items():
        found.append(_endpoint(name, _actions(rows, prefix)))
    return found + [_endpoint(name, actions) for name, actions in OTHERS.items()]


def _gateway(rows: Iterable[Row]) -> Policy:
    layers = "arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*"
    statements = [
        {
            **_allow("OurBuckets", ANYBODY, _actions(rows, "s3"), _OURS),
            "Resource": sorted(
                (*places.IN_S3, places.DELIVERY_BUCKET, f"{places.DELIVERY_BUCKET}/*")
            ),
        },
        # ECR keeps the layers of images there; whoever pulls one reads it with an address it got.
        {**_allow("LayersOfImages", ANYBODY, ("s3:GetObject",)), "Resource": [layers]},
    ]
    return Policy("s3", ENDPOINT, document(statements))


def _endpoint(name: str, actions: Iterable[str]) -> Policy:
    return Policy(name, ENDPOINT, document([_allow("OurPeople", ANYBODY, actions, _OURS)]))


_OURS = {"StringEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"}}


def _actions(rows: Iterable[Row], prefix: str) -> list[str]:
    return sorted({a for row in rows for a in row.actions if a.startswith(f"{prefix}:")})


def _other(key: str, value: str) -> dict[str, Any]:
    """Another value than this; absence is none, and would make the operator true."""
    return {"Null": {key: "false"}, "StringNotEquals": {key: value}}


def _transport(resources: list[str]) -> list[Document]:
    every = ("s3:*",)
    return [
        _deny("TlsAlone", every, resources, {"Bool": {"aws:SecureTransport": "false"}}),
        _deny("NoOldTls", every, resources, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]


def _allow(
    sid: str, who: Mapping[str, Any] | str, actions: Iterable[str], condition: Any = None
) -> Document:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": who,
        "Action": sorted(actions),
        "Resource": "*",
    }
    return {**statement, "Condition": condition} if condition else statement


def _deny(sid: str, actions: Iterable[str], resources: list[str], condition: Any) -> Document:
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": ANYBODY,
        "Action": sorted(actions),
        "Resource": resources,
    }
    return {**statement, "Condition": condition} if condition else statement

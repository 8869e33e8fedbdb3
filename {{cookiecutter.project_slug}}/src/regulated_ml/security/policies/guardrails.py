"""What nobody may do, whatever else allows it: the deny statements that follow from the controls.

The same statements stand in managed policies, which hold the roles they are attached to, and in
service control policies, which hold an account. A requirement for which IAM has no key is none of
them: the guard refuses it, the audit and the detective function find it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from regulated_ml.security.pairs import Controls, Pair
from regulated_ml.security.policies import places
from regulated_ml.security.policies.actions import WITHOUT_ACTION, action
from regulated_ml.security.policies.conditions import Condition, denials
from regulated_ml.security.policies.documents import (
    CONTROL,
    MANAGED,
    Document,
    Kind,
    Policy,
    Statement,
    document,
    split,
)
from regulated_ml.settings import LOCAL

# What a statement is about, by service: other buckets and keys of the account are others' matter.
RESOURCES = {
    "sagemaker": ["*"],
    "batch": ["*"],
    "s3": [*places.IN_S3],
    "kms": [places.KEY],
}
# What these refuse the deploying role may do: it is how key, buckets and policies change.
DEPLOYED = frozenset({"RML-ACCESS-7"})
BY_OTHERS: Condition = {"ArnNotLike": {"aws:PrincipalArn": "${PlatformRoleArn}"}}

# What the guard refuses to people, services do for them, with their rights: they lend the key to
# the volumes of jobs.
ASKED_BY_PEOPLE: dict[str, Condition] = {
    "kms.CreateGrant": {"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}
}


class Group(NamedTuple):
    """What the actions of one statement have in common."""

    sid: str
    resources: tuple[str, ...]
    condition: str  # JSON, so that it can be a key
    environments: tuple[str, ...]


def statements(controls: Controls) -> list[Statement]:
    """The deny statements of all controls, in the catalogue's order, then separation of duties."""
    groups: dict[Group, set[str]] = {}
    for pair in controls.pairs():
        for what, condition in _denied(pair):
            groups.setdefault(_group(pair, what, condition), set()).add(action(pair.operation))
    numbers: dict[str, int] = {}
    found = []
    for group, names in groups.items():
        numbers[group.sid] = number = numbers.get(group.sid, 0) + 1
        sid = group.sid + (str(number) if number > 1 else "")
        found.append(Statement(_deny(sid, names, group), group.environments))
    return [*found, *map(Statement, SEPARATION)]


def policies(controls: Controls) -> list[Policy]:
    """The managed policies."""
    return _parts(controls, MANAGED, "guardrails")


def control_policies(controls: Controls) -> list[Policy]:
    """The service control policies."""
    return _parts(controls, CONTROL, "controls")


def is_denied(pair: Pair) -> bool:
    """Whether IAM can deny what the pair's requirement forbids."""
    return any(True for _ in _denied(pair))


def _parts(controls: Controls, kind: Kind, name: str) -> list[Policy]:
    parts = split(statements(controls), kind)
    return [
        Policy(f"${{Slug}}-${{Environment}}-{name}-{number}", kind, document(part))
        for number, part in enumerate(parts, start=1)
    ]


def _denied(pair: Pair) -> Iterator[tuple[str, Condition]]:
    if LOCAL in pair.requirement.environments or pair.operation in WITHOUT_ACTION:
        return
    if pair.requirement.must.verb == "refused" and not pair.operation.endswith("*"):
        by_others = BY_OTHERS if pair.control.id in DEPLOYED else {}
        yield "Refused", {**by_others, **ASKED_BY_PEOPLE.get(pair.operation, {})}
    yield from denials(pair)


def _group(pair: Pair, what: str, condition: Condition) -> Group:
    service = action(pair.operation).partition(":")[0]
    key = (pair.requirement.condition_key or "").rpartition(":")[2]
    words = re.sub(r"[^A-Za-z0-9]", "", f"{pair.control.id}{key[:1].upper()}{key[1:]}{what}")
    return Group(
        sid=words.replace("awsRequestTag", ""),
        resources=tuple(RESOURCES[service]),
        condition=json.dumps(condition, sort_keys=True),
        environments=pair.requirement.environments,
    )


def _deny(sid: str, names: set[str], group: Group) -> Document:
    condition: Any = json.loads(group.condition)
    content = {
        "Sid": sid,
        "Effect": "Deny",
        "Action": sorted(names),
        "Resource": list(group.resources) if group.resources != ("*",) else "*",
    }
    return {**content, "Condition": condition} if condition else content


# Whoever trains a model does not approve it: the status is the approver's alone.
_OTHERS = {"aws:PrincipalArn": places.APPROVER}
SEPARATION: tuple[Document, ...] = (
    {
        "Sid": "DeliveryIsApprovedByTheApprover",
        "Effect": "Deny",
        "Action": ["codepipeline:PutApprovalResult"],
        "Resource": [f"{places.DELIVERY}/*"],
        "Condition": {"ArnNotLike": _OTHERS},
    },
    {
        "Sid": "ApprovalIsTheApproversAlone",
        "Effect": "Deny",
        "Action": ["sagemaker:UpdateModelPackage"],
        "Resource": ["*"],
        "Condition": {
            "Null": {"sagemaker:ModelApprovalStatus": "false"},
            "ArnNotLike": _OTHERS,
        },
    },
    {
        "Sid": "NoModelIsMadeApproved",
        "Effect": "Deny",
        "Action": ["sagemaker:CreateModelPackage"],
        "Resource": ["*"],
        "Condition": {
            "StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]},
        },
    },
)

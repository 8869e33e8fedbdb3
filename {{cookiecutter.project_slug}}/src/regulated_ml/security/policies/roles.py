"""The roles: whoever may take one, and the statements that follow from its table."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from regulated_ml.security.policies.documents import INLINE, TRUST, Document, Policy, document
from regulated_ml.security.policies.tables import (
    ANY,
    APPROVER,
    DATA_SCIENTIST,
    DETECTIVE,
    EXECUTION,
    Row,
)


class Role(NamedTuple):
    """A role: its name in the account, who may take it, and what it may do."""

    name: str
    trust: Document
    rows: tuple[Row, ...]
    path: str = "/"
    has_guardrails: bool = True  # those who call SageMaker; a job's calls are other ones


def _trust(principal: dict[str, str], condition: dict[str, Any] | None = None) -> Document:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return document([{**statement, "Condition": condition} if condition else statement])


# Whoever takes a role names the session, and by that name one person is told from another (four
# eyes, CloudTrail). So it is a user's own name, or that of the session that takes the role, which
# the identity provider has given. `!` keeps CloudFormation from filling in what IAM is to fill in.
AS_ONESELF = (
    {"StringEquals": {"sts:RoleSessionName": "${!aws:username}"}},
    {"StringLike": {"aws:userid": "*:${!sts:RoleSessionName}"}},
)


def _trust_person(parameter: str) -> Document:
    ways = [_trust({"AWS": parameter}, condition) for condition in AS_ONESELF]
    return document(statement for way in ways for statement in way["Statement"])


OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}
DETECTIVE_ROLE = Role(
    "${Slug}-${Environment}-detective",
    _trust({"Service": "lambda.amazonaws.com"}),
    DETECTIVE,
    has_guardrails=False,
)
ROLES = {
    "ExecutionRole": Role(
        "${ExecutionRoleName}",
        _trust({"Service": "sagemaker.amazonaws.com"}, OF_THIS_ACCOUNT),
        EXECUTION,
        path="${ExecutionRolePath}",
        has_guardrails=False,
    ),
    "DataScientistRole": Role(
        "${Slug}-${Environment}-data-scientist",
        _trust_person("${DataScientistArn}"),
        DATA_SCIENTIST,
    ),
    "ApproverRole": Role(
        "${Slug}-${Environment}-approver", _trust_person("${ApproverArn}"), APPROVER
    ),
}


def statements(rows: Iterable[Row]) -> list[Document]:
    """The Allow statements of a table."""
    return [_allow(row) for row in rows]


def policies() -> list[Policy]:
    """What each role may do, and who may take it."""
    found = []
    for role in (*ROLES.values(), DETECTIVE_ROLE):
        found.append(Policy(role.name, INLINE, document(statements(role.rows))))
        found.append(Policy(role.name, TRUST, role.trust))
    return found


def _allow(row: Row) -> Document:
    statement = {
        "Sid": row.sid,
        "Effect": "Allow",
        "Action": sorted(row.actions),
        "Resource": "*" if row.resources == ANY else sorted(row.resources),
    }
    return {**statement, "Condition": row.condition} if row.condition else statement

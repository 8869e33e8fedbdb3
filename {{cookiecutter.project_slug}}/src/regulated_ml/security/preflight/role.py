"""The role that jobs run as: who may take it, and all that it may do."""

from collections.abc import Iterator
from typing import Any

from regulated_ml.security.preflight import documents
from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.commands import then
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.rows import Check, Observation

SERVICE = "sagemaker.amazonaws.com"
ASSUME = "sts:AssumeRole"
GET = "iam:GetRole"


def name_of(account: Account) -> str:
    """The role's name, by which IAM finds it."""
    return account.platform.execution_role_arn.rpartition("/")[2]


def role(account: Account) -> dict[str, Any]:
    """The role as IAM describes it; `NotThere`."""
    found: dict[str, Any] = account.ask("iam", "get_role", RoleName=name_of(account))["Role"]
    if found["Arn"] != account.platform.execution_role_arn:
        raise NotThere(found["Arn"])  # of the same name, in another path
    return found


def policy_statements(account: Account) -> list[documents.Statement]:
    """The statements of all policies of the role, attached and its own."""
    name = role(account)["RoleName"]
    found: list[documents.Statement] = []
    attached = account.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    for each in attached:
        arn = each["PolicyArn"]
        version = account.ask("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = account.ask("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
        found += documents.statements(answer["PolicyVersion"]["Document"])
    for own in account.all("iam", "list_role_policies", "PolicyNames", RoleName=name):
        answer = account.ask("iam", "get_role_policy", RoleName=name, PolicyName=own)
        found += documents.statements(answer["PolicyDocument"])
    return found


def exists(account: Account) -> Iterator[Observation]:
    arn = account.platform.execution_role_arn
    path, _, name = arn.partition(":role")[2].rpartition("/")
    create = account.command(
        *("iam", "create-role"),
        path=f"{path}/",
        role_name=name,
        assume_role_policy_document=_trust(account),
    )
    show = account.command("iam", "get-role", role_name=name, query="Role.Arn")
    write = then(show, f"write its ARN into {account.file}: execution_role_arn")
    try:
        yield Observation(role(account)["Arn"], "there", True)
    except NotThere as answer:
        if str(answer).startswith("arn:"):
            yield Observation(arn, f"a role in another path: {answer}", False, write)
        else:
            yield Observation(arn, "there is no such role", False, create)


def trusts_sagemaker_alone(account: Account) -> Iterator[Observation]:
    there = role(account)
    trust = documents.statements(there["AssumeRolePolicyDocument"])
    allowing = [statement for statement in trust if documents.is_allow(statement)]
    mistakes = [
        f"{who} may take it"
        for statement in allowing
        for kind, who in documents.principals(statement)
        if (kind, who) != ("Service", SERVICE)
    ]
    mistakes += [
        "for every account's jobs (no condition aws:SourceAccount)"
        for statement in allowing
        if not _is_for_own_jobs(statement, account.platform.aws_account_id)
    ]
    if not any(("Service", SERVICE) in documents.principals(s) for s in allowing):
        mistakes.append(f"{SERVICE} may not take it")
    fix = account.command(
        *("iam", "update-assume-role-policy"),
        role_name=there["RoleName"],
        policy_document=_trust(account),
    )
    found = "; ".join(dict.fromkeys(mistakes)) or f"{SERVICE}, for this account's jobs"
    yield Observation(there["Arn"], found, not mistakes, fix)


def _is_for_own_jobs(statement: documents.Statement, number: str) -> bool:
    return any(
        operator in ("StringEquals", "StringLike")
        and key == "aws:sourceaccount"
        and values == [number]
        for operator, key, values in documents.conditions(statement)
    )


def _trust(account: Account) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": ASSUME,
        "Condition": {"StringEquals": {"aws:SourceAccount": account.platform.aws_account_id}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


CHECKS = (
    Check(
        "PRE-ROLE-1",
        "The role that jobs run as is there",
        "the role {execution_role_arn}",
        "critical",
        (GET,),
        exists,
        (ACCOUNT,),
    ),
    Check(
        "PRE-ROLE-2",
        "SageMaker alone may take the role, for this account's jobs",
        f"{SERVICE} and nobody else, with aws:SourceAccount {{aws_account_id}}",
        "critical",
        (GET,),
        trusts_sagemaker_alone,
        ("PRE-ROLE-1",),
    ),
)

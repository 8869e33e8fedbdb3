"""The key: there, the team's own, in use, and usable by the role that jobs run as."""

from collections.abc import Iterator
from typing import Any

from regulated_ml.security.preflight import documents
from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.commands import then
from regulated_ml.security.preflight.role import policy_statements
from regulated_ml.security.preflight.rows import Check, Observation

DESCRIBE = "kms:DescribeKey"
# What a job does with the key, as its role: to read, to write, and to hand it on to its volumes.
NEEDED = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant")
GRANTED = {action: action.partition(":")[2] for action in NEEDED}  # the names in grants


def _metadata(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = account.ask("kms", "describe_key", KeyId=account.platform.kms_key_arn)
    metadata: dict[str, Any] = found["KeyMetadata"]
    if metadata["Arn"] != account.platform.kms_key_arn:
        raise NotThere(metadata["Arn"])
    return metadata


def exists(account: Account) -> Iterator[Observation]:
    arn = account.platform.kms_key_arn
    create = account.command("kms", "create-key", description="regulated-ml")
    fix = then(create, f"write its ARN into {account.file}: kms_key_arn")
    try:
        yield Observation(arn, f"there, {_metadata(account)['KeyState']}", True)
    except NotThere as answer:
        other = str(answer).startswith("arn:")
        found = f"another key answers: {answer}" if other else "there is no such key"
        yield Observation(arn, found, False, fix)


def enabled(account: Account) -> Iterator[Observation]:
    metadata = _metadata(account)
    state, name = metadata["KeyState"], metadata["KeyId"]
    fix = account.command("kms", "enable-key", key_id=name)
    if state == "PendingDeletion":
        cancel = account.command("kms", "cancel-key-deletion", key_id=name)
        fix = f"{cancel} && {fix}"
    yield Observation(metadata["Arn"], state, state == "Enabled", fix)


def own(account: Account) -> Iterator[Observation]:
    metadata = _metadata(account)
    manager, owner = metadata.get("KeyManager", "unknown"), metadata.get("AWSAccountId", "unknown")
    is_right = (manager, owner) == ("CUSTOMER", account.platform.aws_account_id)
    create = account.command("kms", "create-key", description="regulated-ml")
    fix = then(create, f"write its ARN into {account.file}: kms_key_arn")
    found = f"managed by {manager}, in account {owner}"
    yield Observation(metadata["Arn"], found, is_right, fix)


def symmetric(account: Account) -> Iterator[Observation]:
    metadata = _metadata(account)
    spec, usage = metadata.get("KeySpec", "unknown"), metadata.get("KeyUsage", "unknown")
    is_right = (spec, usage) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    create = account.command("kms", "create-key", key_spec="SYMMETRIC_DEFAULT")
    fix = then(create, f"write its ARN into {account.file}: kms_key_arn")
    yield Observation(metadata["Arn"], f"{spec}, {usage}", is_right, fix)


def rotates(account: Account) -> Iterator[Observation]:
    metadata = _metadata(account)
    if metadata.get("KeySpec") != "SYMMETRIC_DEFAULT":
        return  # only symmetric keys can
    arn = metadata["Arn"]
    is_on = account.ask("kms", "get_key_rotation_status", KeyId=arn)["KeyRotationEnabled"]
    fix = account.command("kms", "enable-key-rotation", key_id=arn)
    yield Observation(arn, "rotates" if is_on else "does not rotate", is_on, fix)


def usable(account: Account) -> Iterator[Observation]:
    """By the key's policy, by the role's policies where the key's hands over to IAM, or by a grant.

    Of conditions, only those on the caller are evaluated: what allows under another one counts,
    what denies under any does not.
    """
    arn, role = _metadata(account)["Arn"], account.platform.execution_role_arn
    policy = account.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default")["Policy"]
    of_key = documents.statements(policy)
    for_role = [s for s in of_key if documents.is_for(s, role, "*", role=role)]
    for_account = [s for s in of_key if documents.is_for(s, *_root(account), role=role)]
    of_role = [s for s in policy_statements(account) if documents.is_on(s, arn)]
    grants = account.all("kms", "list_grants", "Grants", KeyId=arn)
    granted = {
        name for g in grants if g.get("GranteePrincipal") == role for name in g["Operations"]
    }

    def may(action: str) -> bool:
        by_iam = documents.allowed(for_account, action) and documents.allowed(of_role, action)
        is_denied = documents.denied([*for_role, *of_role], action)
        by_key = documents.allowed(for_role, action) or GRANTED[action] in granted
        return (by_key or by_iam) and not is_denied

    missing = [action for action in NEEDED if not may(action)]
    operations = [GRANTED[action] for action in missing]
    fix = account.command(
        "kms", "create-grant", key_id=arn, grantee_principal=role, operations=operations
    )
    found = f"the role may not: {', '.join(missing)}" if missing else "the role may use it"
    yield Observation(role, found, not missing, fix)


def _root(account: Account) -> tuple[str, str]:
    """How a key's policy names the account, whose IAM decides then."""
    number = account.platform.aws_account_id
    return f"arn:{account.partition}:iam::{number}:root", number


_THERE = ("PRE-KEY-1",)
CHECKS = (
    Check(
        "PRE-KEY-1",
        "The key is there, in the account and the region",
        "the key {kms_key_arn}",
        "critical",
        (DESCRIBE,),
        exists,
    ),
    Check("PRE-KEY-2", "The key is enabled", "Enabled", "critical", (DESCRIBE,), enabled, _THERE),
    Check(
        "PRE-KEY-3",
        "The key is the account's own, not AWS's",
        "managed by CUSTOMER, in account {aws_account_id}",
        "critical",
        (DESCRIBE,),
        own,
        _THERE,
    ),
    Check(
        "PRE-KEY-4",
        "The key is symmetric and encrypts",
        "SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT",
        "critical",
        (DESCRIBE,),
        symmetric,
        _THERE,
    ),
    Check(
        "PRE-KEY-5",
        "The key rotates",
        "a new key material each year",
        "medium",
        (DESCRIBE, "kms:GetKeyRotationStatus"),
        rotates,
        (*_THERE, "PRE-KEY-4"),
    ),
    Check(
        "PRE-KEY-6",
        "The role can use the key",
        f"{', '.join(NEEDED)} for the role, by the key's policy, IAM or a grant",
        "critical",
        (
            DESCRIBE,
            "kms:GetKeyPolicy",
            "kms:ListGrants",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ),
        usable,
        (*_THERE, "PRE-ROLE-1"),
    ),
)

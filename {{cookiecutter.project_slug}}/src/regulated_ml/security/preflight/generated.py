"""The role's policies and its boundary, beside those that `rml security policies` makes for it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from regulated_ml.security.policies import boundary
from regulated_ml.security.policies.deployed import INLINE_NAME
from regulated_ml.security.policies.documents import INLINE, MANAGED, Document, Kind, fill
from regulated_ml.security.policies.inventory import entries
from regulated_ml.security.policies.parameters import literal
from regulated_ml.security.preflight import documents
from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.role import GET, name_of, role
from regulated_ml.security.preflight.rows import Check, Observation


def _boundary_name(account: Account) -> str:
    return str(fill(boundary.NAME, literal(account.settings)))


def boundary_arn(account: Account) -> str:
    """The ARN of the boundary that the standard makes."""
    number = account.platform.aws_account_id
    return f"arn:{account.partition}:iam::{number}:policy/{_boundary_name(account)}"


def is_bounded(account: Account) -> Iterator[Observation]:
    wanted = boundary_arn(account)
    there = role(account)
    found = there.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    fix = account.command(
        *("iam", "put-role-permissions-boundary"),
        role_name=there["RoleName"],
        permissions_boundary=wanted,
    )
    yield Observation(there["Arn"], found or "no boundary", found == wanted, fix)


def own_policy(account: Account) -> Iterator[Observation]:
    """The one policy in which everything lies that jobs may do."""
    name = role(account)["RoleName"]
    wanted = _made(account, INLINE, name_of(account))
    parameters = {"RoleName": name, "PolicyName": INLINE_NAME}
    found = account.find("iam", "get_role_policy", **parameters).get("PolicyDocument", {})
    differences = _differences(wanted, found)
    fix = account.command(
        *("iam", "put-role-policy"),
        role_name=name,
        policy_name=INLINE_NAME,
        policy_document=wanted,
    )
    yield Observation(f"{name}: {INLINE_NAME}", differences or "as made", not differences, fix)


def no_other_policy(account: Account) -> Iterator[Observation]:
    name = role(account)["RoleName"]
    own = account.all("iam", "list_role_policies", "PolicyNames", RoleName=name)
    attached = account.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    others = [policy for policy in own if policy != INLINE_NAME]
    arns = [each["PolicyArn"] for each in attached]
    fixes = [
        account.command("iam", "delete-role-policy", role_name=name, policy_name=policy)
        for policy in others
    ]
    fixes += [
        account.command("iam", "detach-role-policy", role_name=name, policy_arn=arn) for arn in arns
    ]
    found = ", ".join([*others, *arns])
    yield Observation(role(account)["Arn"], found or "no other", not found, " && ".join(fixes))


def boundary_as_made(account: Account) -> Iterator[Observation]:
    arn = boundary_arn(account)
    if role(account).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") != arn:
        raise NotThere(arn)
    version = account.ask("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = account.ask("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    wanted = _made(account, MANAGED, _boundary_name(account))
    differences = _differences(wanted, answer["PolicyVersion"]["Document"])
    fix = account.command(
        *("iam", "create-policy-version"),
        policy_arn=arn,
        policy_document=wanted,
        set_as_default=True,
    )
    yield Observation(arn, differences or "as made", not differences, fix)


def _made(account: Account, kind: Kind, name: str) -> Document:
    (found,) = (e.document for e in entries(account.settings) if (e.kind, e.name) == (kind, name))
    return found


def _differences(wanted: Document, found: str | Document) -> str:
    """In words, which statements of a policy are not as they are made."""
    ours, theirs = _by_sid(wanted), _by_sid(found)
    words = (
        ("missing", [sid for sid in ours if sid not in theirs]),
        ("changed", [sid for sid in ours if sid in theirs and ours[sid] != theirs[sid]]),
        ("not the standard's", [sid for sid in theirs if sid not in ours]),
    )
    return "; ".join(f"{what}: {', '.join(sids)}" for what, sids in words if sids)


def _by_sid(document: str | Document) -> dict[str, Any]:
    numbered = enumerate(documents.statements(document), start=1)
    return {s.get("Sid") or f"number {number}": _plain(s) for number, s in numbered}


def _plain(value: Any) -> Any:
    """In one form: IAM lets one value stand for a list of one, and does not mind the order."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return sorted(json.dumps(each) for each in documents.listed(value))


_THERE = ("PRE-ROLE-1",)
CHECKS = (
    Check(
        "PRE-ROLE-3",
        "The standard's permissions boundary holds the role",
        "the boundary of rml security policies",
        "high",
        (GET,),
        is_bounded,
        _THERE,
    ),
    Check(
        "PRE-ROLE-4",
        "The boundary is as it is made",
        "each statement as in rml security policies",
        "high",
        (GET, "iam:GetPolicy", "iam:GetPolicyVersion"),
        boundary_as_made,
        (*_THERE, "PRE-ROLE-3"),
    ),
    Check(
        "PRE-ROLE-5",
        "The role's policy is as it is made",
        "each statement as in rml security policies",
        "high",
        (GET, "iam:GetRolePolicy"),
        own_policy,
        _THERE,
    ),
    Check(
        "PRE-ROLE-6",
        "The role has no other policy",
        f"the policy {INLINE_NAME} alone",
        "high",
        (GET, "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"),
        no_other_policy,
        _THERE,
    ),
)

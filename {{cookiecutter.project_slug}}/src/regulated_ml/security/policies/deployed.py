"""What is deployed in the account beside what would be: a difference for each statement."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from regulated_ml.security import clients
from regulated_ml.security.policies import added, boundary, parameters, roles
from regulated_ml.security.policies.documents import Document, fill
from regulated_ml.security.policies.inventory import Entry, entries
from regulated_ml.settings import Settings

INLINE_NAME = "may"  # the name of a role's own policy in the template
# What AWS says where there is no such thing, or none with a policy.
NOT_THERE = frozenset(
    {"NoSuchEntity", "NoSuchBucket", "NoSuchBucketPolicy", "NotFoundException", "404"}
)


class Difference(NamedTuple):
    """A statement that is not as it would be made."""

    policy: str  # kind and name
    statement: str  # its Sid, empty where the policy itself is not there
    state: str  # missing, changed, foreign
    found: str  # JSON
    expected: str


class Place(NamedTuple):
    """Where a policy is looked for: its name, and how its document is had, if it is there."""

    name: str
    expected: Document
    fetch: Callable[[], Any]


def deployed_differences(settings: Settings) -> list[Difference]:
    """Every difference between the account and what `rml security policies` would deploy.

    What people choose at deployment, like the role that deploys, is taken as it is found.

    Raises:
        UserError: AWS is not reached, or denies the look.
    """
    return [difference for place in _places(settings) for difference in _compared(settings, place)]


def _places(settings: Settings) -> Iterator[Place]:
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries(settings):
        by_kind.setdefault(entry.kind.words, []).append(entry)
    yield from _of_iam(settings, by_kind)
    yield from _of_things(settings, by_kind)


def _of_iam(settings: Settings, by_kind: Mapping[str, list[Entry]]) -> Iterator[Place]:
    iam = clients.client(settings, "iam")
    values = parameters.literal(settings)
    account, partition = values["AWS::AccountId"], values["AWS::Partition"]
    for entry in by_kind["managed policy"]:
        arn = f"arn:{partition}:iam::{account}:policy/{entry.name}"
        yield Place(f"policy {entry.name}", entry.document, _managed(iam, arn))
    for entry in by_kind["policy of a role"]:
        yield Place(f"policy of {entry.name}", entry.document, _inline(iam, entry.name))
    for entry in by_kind["trust policy"]:
        yield Place(f"trust of {entry.name}", entry.document, _trust(iam, entry.name))
    own = {str(fill(each.name, values)) for each in added.policies()}
    others = {*own, str(fill(boundary.NAME, values))}
    guards = [e.name for e in by_kind["managed policy"] if e.name not in others]
    here = f"arn:{partition}:iam::{account}:policy/"
    for key, role in (*roles.ROLES.items(), ("", roles.DETECTIVE_ROLE)):
        name = str(fill(role.name, values))
        limit = f"{here}{fill(boundary.NAME, values)}"
        yield Place(f"boundary of {name}", _attached([limit]), _limit(iam, name))
        more = [str(fill(each.name, values)) for each in added.policies_of(key)]
        wanted = [f"{here}{each}" for each in (*(guards if role.has_guardrails else ()), *more)]
        yield Place(f"policies attached to {name}", _attached(wanted), _attachments(iam, name))


def _attached(arns: list[str]) -> Document:
    """Attached policies as if each were a statement."""
    return {"Statement": [{"Sid": arn.rpartition("/")[2], "Policy": arn} for arn in arns]}


def _of_things(settings: Settings, by_kind: Mapping[str, list[Entry]]) -> Iterator[Place]:
    place = clients.platform(settings)
    kms, s3 = clients.client(settings, "kms"), clients.client(settings, "s3")
    for entry in by_kind["key policy"]:
        yield Place("policy of the key", entry.document, _key(kms, place.kms_key_arn))
    for entry in by_kind["bucket policy"]:
        fetch = _bucket(s3, entry.name, place.aws_account_id)
        yield Place(f"policy of bucket {entry.name}", entry.document, fetch)
    ec2 = clients.client(settings, "ec2")
    for entry in by_kind["policy of a VPC endpoint"]:
        fetch = _endpoint(ec2, entry.name, place.vpc_id, place.aws_region)
        yield Place(f"policy of endpoint {entry.name}", entry.document, fetch)


# --- fetching: each gives a function that asks AWS once, and None for what is not there ---


def _managed(iam: Any, arn: str) -> Callable[[], Any]:
    def fetch() -> Any:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return answer["PolicyVersion"]["Document"]

    return fetch


def _inline(iam: Any, role: str) -> Callable[[], Any]:
    return lambda: iam.get_role_policy(RoleName=role, PolicyName=INLINE_NAME)["PolicyDocument"]


def _trust(iam: Any, role: str) -> Callable[[], Any]:
    return lambda: iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]


def _limit(iam: Any, role: str) -> Callable[[], Any]:
    def fetch() -> Any:
        found = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {})
        return _attached([found["PermissionsBoundaryArn"]] if found else [])

    return fetch


def _attachments(iam: Any, role: str) -> Callable[[], Any]:
    def fetch() -> Any:
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        return _attached([e["PolicyArn"] for page in pages for e in page["AttachedPolicies"]])

    return fetch


def _key(kms: Any, arn: str) -> Callable[[], Any]:
    return lambda: kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def _bucket(s3: Any, name: str, account: str) -> Callable[[], Any]:
    return lambda: s3.get_bucket_policy(Bucket=name, ExpectedBucketOwner=account)["Policy"]


def _endpoint(ec2: Any, service: str, vpc: str, region: str) -> Callable[[], Any]:
    def fetch() -> Any:
        filters = [
            {"Name": "vpc-id", "Values": [vpc]},
            {"Name": "service-name", "Values": [f"com.amazonaws.{region}.{service}"]},
        ]
        found = ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
        there = (each for each in found if not each["State"].lower().startswith("delet"))
        return next((each.get("PolicyDocument") for each in there), None)

    return fetch


# --- comparing ---


def _compared(settings: Settings, place: Place) -> Iterator[Difference]:
    document = _fetched(settings, place.fetch)
    if document is None:
        yield Difference(place.name, "", "missing", "", "")
        return
    found = _by_sid(json.loads(document) if isinstance(document, str) else document)
    expected = _by_sid(place.expected)
    for sid in dict.fromkeys([*expected, *found]):
        ours, theirs = expected.get(sid), found.get(sid)
        if ours is None or theirs is None:
            state = "foreign" if ours is None else "missing"
            yield Difference(place.name, sid, state, _json(theirs), _json(ours))
        elif not _same(_plain(ours), _plain(theirs)):
            yield Difference(place.name, sid, "changed", _json(theirs), _json(ours))


def _fetched(settings: Settings, fetch: Callable[[], Any]) -> Any:
    from botocore.exceptions import ClientError

    with clients.reached(settings):
        try:
            return fetch()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in NOT_THERE:
                return None
            raise


def _by_sid(document: Mapping[str, Any]) -> dict[str, Any]:
    """The statements by their Sid; those without one by their place."""
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return {each.get("Sid") or f"number {n}": each for n, each in enumerate(listed, start=1)}


def _plain(value: Any) -> Any:
    """A statement in one form: single values as lists, lists in one order."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((str(each) for each in value), key=str)
    return [str(value)]


def _same(expected: Any, found: Any) -> bool:
    """Whether they are equal; a value that nobody has told stands for any."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            _same(each, found[key]) for key, each in expected.items()
        )
    if not isinstance(expected, list) or not isinstance(found, list):
        return False
    return len(expected) == len(found) and _all_matched(expected, found)


UNTOLD = re.compile("<(" + "|".join(parameters.person_parameters()) + ")>")


def _all_matched(expected: list[str], found: list[str]) -> bool:
    """Whether each value has its own; those that are told come first, the others take the rest."""
    rest = list(found)
    for each in sorted(expected, key=lambda value: UNTOLD.search(value) is not None):
        match = next((value for value in rest if _matches(each, value)), None)
        if match is None:
            return False
        rest.remove(match)
    return True


def _matches(expected: str, found: str) -> bool:
    if not UNTOLD.search(expected):
        return expected == found
    pattern = ".+".join(re.escape(part) for part in UNTOLD.split(expected)[::2])
    return re.fullmatch(pattern, found) is not None


def _json(statement: Any) -> str:
    return "" if statement is None else json.dumps(statement, sort_keys=True)

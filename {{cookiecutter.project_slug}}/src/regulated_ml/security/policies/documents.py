"""Policies as documents: how long they may be, and how values get into them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.security.policies.parameters import LISTS, PARAMETERS, Value

Document = dict[str, Any]
PLACEHOLDER = re.compile(r"\$\{([\w:]+)\}")
OF_IAM = "${!"  # begins a variable that IAM fills in, in our documents as in `Fn::Sub`
VERSION = "2012-10-17"


class Kind(NamedTuple):
    """A kind of policy: its name in words, and the longest that AWS takes, in characters."""

    words: str
    longest: int


# Whitespace does not count; AWS's quotas of IAM, Organizations, VPC endpoints, S3 and KMS.
MANAGED = Kind("managed policy", 6_144)
CONTROL = Kind("service control policy", 5_120)
INLINE = Kind("policy of a role", 10_240)
TRUST = Kind("trust policy", 2_048)
ENDPOINT = Kind("policy of a VPC endpoint", 20_480)
BUCKET = Kind("bucket policy", 20_480)
KEY = Kind("key policy", 32_768)


class Policy(NamedTuple):
    """A policy: its name in the account, its kind, and its document with placeholders."""

    name: str
    kind: Kind
    document: Document


class Statement(NamedTuple):
    """A statement, and the environments in which it holds; none: in all."""

    content: Document
    environments: tuple[str, ...] = ()


def document(statements: Iterable[Document | Statement]) -> Document:
    """A policy's document."""
    return {"Version": VERSION, "Statement": list(statements)}


def size(content: Document) -> int:
    """Its length as AWS counts it."""
    return len(json.dumps(content, separators=(",", ":"), ensure_ascii=False))


def split(statements: Sequence[Statement], kind: Kind) -> list[list[Statement]]:
    """The statements in as few policies as they fit in, each policy's in the order given.

    The longest are placed first, each in the first policy with room for it. They are measured with
    the longest values that an environment can have, so that an environment does not move a
    statement from one policy to another.
    """
    parts: list[list[int]] = []
    for number in sorted(range(len(statements)), key=lambda n: -longest([statements[n]])):
        for part in parts:
            if longest(statements[n] for n in (*part, number)) <= kind.longest:
                part.append(number)
                break
        else:
            parts.append([number])
    return [[statements[number] for number in sorted(part)] for part in parts]


def longest(statements: Iterable[Statement | Document]) -> int:
    """The length of a document of these, with the longest values that an environment can have."""
    contents = [each.content if isinstance(each, Statement) else each for each in statements]
    return size(fill(document(contents), _LONGEST))


def fill(content: Any, values: Mapping[str, Value]) -> Any:
    """A document with the values of an environment in it."""
    if isinstance(content, Statement):
        return fill(content.content, values)
    if isinstance(content, dict):
        return {key: fill(value, values) for key, value in content.items()}
    if isinstance(content, list | tuple):
        environment = values["Environment"]
        kept = (
            each
            for each in content
            if not isinstance(each, Statement)
            or not each.environments
            or environment in each.environments
        )
        return [new for each in kept for new in _filled(each, values)]
    if isinstance(content, str):
        return PLACEHOLDER.sub(lambda match: str(values[match[1]]), content).replace(OF_IAM, "${")
    return content


def _filled(element: Any, values: Mapping[str, Value]) -> list[Any]:
    """An element of a list; one that is a list's placeholder becomes several."""
    name = _list_named(element)
    return list(values[name]) if name else [fill(element, values)]


def reference(content: Any) -> Any:
    """A document for a template: placeholders as CloudFormation's functions."""
    if isinstance(content, Statement):
        return _held(reference(content.content), content.environments)
    if isinstance(content, dict):
        return {key: reference(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        names = [name for name in map(_list_named, content) if name]
        return {"Ref": names[0]} if names else [reference(each) for each in content]
    if isinstance(content, str) and PLACEHOLDER.search(content):
        whole = PLACEHOLDER.fullmatch(content)
        return {"Ref": whole[1]} if whole else {"Fn::Sub": content}
    return content.replace(OF_IAM, "${") if isinstance(content, str) else content


def _held(statement: Document, environments: tuple[str, ...]) -> Document:
    if not environments:
        return statement
    condition = condition_name(environments)
    return {"Fn::If": [condition, statement, {"Ref": "AWS::NoValue"}]}


def condition_name(environments: tuple[str, ...]) -> str:
    """The name of the template's condition that the environment is one of these."""
    return "Is" + "Or".join(re.sub(r"\W", "", name).capitalize() for name in environments)


def names_in(content: Any) -> set[str]:
    """The parameters that a document or template names."""
    if isinstance(content, dict):
        own = {content["Ref"]} & PARAMETERS.keys() if isinstance(content.get("Ref"), str) else set()
        return own.union(*(names_in(value) for value in content.values()))
    if isinstance(content, list | tuple):
        return set().union(*(names_in(each) for each in content))
    return (
        set(PLACEHOLDER.findall(content)) & PARAMETERS.keys() if isinstance(content, str) else set()
    )


def _list_named(element: Any) -> str | None:
    match = PLACEHOLDER.fullmatch(element) if isinstance(element, str) else None
    return match[1] if match and match[1] in LISTS else None


# The longest that a value becomes: lists by the rules of the settings, texts by those of AWS.
_LENGTHS = {
    "Slug": 31,
    "Environment": 10,
    "Owner": 254,
    "CostCenter": 256,
    "DataClassification": 12,
    "KmsKeyArn": 100,
    "AWS::Partition": 10,
    "AWS::Region": 16,
    "AWS::AccountId": 12,
    "AWS::URLSuffix": 16,
}
_LISTS = {"SubnetIds": (16, 24), "SecurityGroupIds": (5, 20), "ImageRepositories": (4, 64)}
_ANY = 64


_LONGEST: dict[str, Value] = {
    **dict.fromkeys(PARAMETERS, "x" * _ANY),
    **{name: "x" * length for name, length in _LENGTHS.items()},
    **{name: ["x" * length] * count for name, (count, length) in _LISTS.items()},
}

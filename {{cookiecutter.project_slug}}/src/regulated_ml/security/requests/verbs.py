"""What a requirement may ask of a value: each verb with its test, its words and its fix."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


def _among(value: Any, operand: Any) -> bool:
    values = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(each, str) and each in operand for each in values)


# An address in S3, the ARN of a bucket, its name, or the older form of an address by https.
_BUCKET = re.compile(
    r"(?:(?:s3://|arn:[\w-]+:s3:::)?([a-z0-9.-]+)"
    r"|https://([a-z0-9.-]+)\.s3[.-][a-z0-9-]+\.amazonaws\.(?:com|com\.cn|eu))(?:/.*)?",
    re.DOTALL,
)


def _lies_in(value: Any, operand: Any) -> bool:
    address = _known_start(value)
    match = _BUCKET.fullmatch(address)
    if match is not None and (match[1] or match[2]) in operand:
        return True
    # A beginning of ARNs ends with a slash, which no name of a bucket does.
    return any(address.startswith(each) for each in operand if each.endswith("/"))


def _comes_from(value: Any, operand: Any) -> bool:
    return isinstance(value, str) and value.partition("/")[0] in operand


def _belongs_to(value: Any, operand: Any) -> bool:
    if not isinstance(value, str):
        return False
    return not value.startswith("arn:") or value.split(":")[4:5] == [operand]


def _carries(value: Any, operand: Any) -> bool:
    return not wrong_tags(value, operand) and not lacking_tags(value, operand)


def tags(value: Any) -> list[tuple[str, Any]]:
    """A list of tags, each a key and a value, as pairs."""
    return [
        (str(each.get("Key", each.get("key"))), each.get("Value", each.get("value")))
        for each in (value if isinstance(value, list | tuple) else ())
        if isinstance(each, Mapping)
    ]


def wrong_tags(value: Any, operand: Mapping[str, str]) -> list[str]:
    """The keys that are there with another value, even if they are there with the right one too."""
    return [key for key, tag in tags(value) if key in operand and tag != operand[key]]


def lacking_tags(value: Any, operand: Mapping[str, str]) -> list[str]:
    """The keys that are not there."""
    found = {key for key, _ in tags(value)}
    return [key for key in operand if key not in found]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equals(value: Any, operand: Any) -> bool:
    return bool(value == operand) and isinstance(value, bool) == isinstance(operand, bool)


def _known_start(value: Any) -> str:
    """The text, or what is known of it before a pipeline runs: the first part of a join."""
    if isinstance(value, Mapping):
        match value.get("Std:Join"):
            case {"On": "/", "Values": [str() as first, *_]}:
                return f"{first.rstrip('/')}/"
            case {"Values": [str() as first, *_]} if first.count("/") > 2:
                return first  # the bucket's name ends in it
        return ""
    return value if isinstance(value, str) else ""


class Verb(NamedTuple):
    """A verb of a requirement: the test, what is required in words, and the fix."""

    holds: Callable[[Any, Any], bool]
    required: str
    fix: str


# {words} is the operand as a person knows it, {values} its values.
VERBS = {
    "equal": Verb(_equals, "{values}", "write {values}, or leave the field out"),
    "be": Verb(
        _equals,
        "{words} of the environment: {values}",
        "write it, or leave the field out",
    ),
    "among": Verb(
        _among,
        "among {words} of the environment: {values}",
        "use these, or leave the field out",
    ),
    "lie_in": Verb(
        _lies_in,
        "in {words} of the environment: {values}",
        "use an address in one of them",
    ),
    "come_from": Verb(
        _comes_from,
        "an image of {words} of the environment",
        "use one from: {values}",
    ),
    "belong_to": Verb(
        _belongs_to,
        "of the account of the environment: {values}",
        "name one of the account",
    ),
    "carry": Verb(
        _carries,
        "the tags {values}",
        "write these values, or leave the tags out",
    ),
    "at_least": Verb(
        lambda value, operand: _is_number(value) and value >= operand,
        "at least {values}",
        "write {values} or more",
    ),
    "at_most": Verb(
        lambda value, operand: _is_number(value) and value <= operand,
        "at most {values}",
        "write {values} or less",
    ),
    "match": Verb(
        lambda value, operand: isinstance(value, str) and bool(re.fullmatch(operand, value)),
        "of the form {values}",
        "write a value of that form",
    ),
    "absent": Verb(lambda value, operand: False, "left out", "leave the field out"),
    "refused": Verb(lambda value, operand: False, "not called: {words}", "{values}"),
}

"""Reads policies: enough of IAM's language to say whom a statement is for, and what about."""

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]

PRINCIPAL = "aws:principalarn"
SAME_PRINCIPAL = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


def statements(document: str | Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy, given as JSON or as boto3 has read it."""
    content = json.loads(document) if isinstance(document, str) else document
    return [each for each in listed(content.get("Statement")) if isinstance(each, Mapping)]


def listed(value: Any) -> list[Any]:
    """IAM lets one value stand for a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def is_allow(statement: Statement) -> bool:
    """Whether the statement allows; otherwise it denies."""
    return statement.get("Effect") == "Allow"


def is_about(statement: Statement, action: str) -> bool:
    """Whether the statement's actions include `action`, like `kms:Decrypt`."""
    if "NotAction" in statement:
        return not _matches(statement["NotAction"], action, fold=True)
    return _matches(statement.get("Action"), action, fold=True)


def is_on(statement: Statement, resource: str) -> bool:
    """Whether the statement's resources include this ARN."""
    if "NotResource" in statement:
        return not _matches(statement["NotResource"], resource)
    return _matches(statement.get("Resource"), resource)


def principals(statement: Statement) -> list[tuple[str, str]]:
    """Whom the statement is for: pairs like (`AWS`, ARN) or (`Service`, name)."""
    principal = statement.get("Principal")
    if isinstance(principal, str):
        return [("AWS", principal)]
    named = principal.items() if isinstance(principal, Mapping) else ()
    return [(kind, str(each)) for kind, names in named for each in listed(names)]


def is_for(statement: Statement, *names: str, role: str) -> bool:
    """Whether a principal of the statement is one of the names, and no condition bars the role."""
    named = any(who in names for _, who in principals(statement))
    tests = [v for o, key, v in conditions(statement) if key == PRINCIPAL and o in SAME_PRINCIPAL]
    return named and all(any(fnmatchcase(role, each) for each in values) for values in tests)


def conditions(statement: Statement) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key in lower case, and values of each condition."""
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, values in tests.items():
            yield operator, key.lower(), [str(value) for value in listed(values)]


def allowed(candidates: Iterable[Statement], action: str) -> bool:
    """Whether one of the statements allows the action; a condition counts as fulfilled."""
    return any(is_allow(s) and is_about(s, action) for s in candidates)


def denied(candidates: Iterable[Statement], action: str) -> bool:
    """Whether one of the statements denies the action whatever else is the case."""
    return any(
        not is_allow(s) and is_about(s, action) and not s.get("Condition") for s in candidates
    )


def _matches(patterns: Any, value: str, fold: bool = False) -> bool:
    """Whether one of IAM's patterns covers the value; actions have no case."""
    texts = [str(pattern).replace("[", "[[]") for pattern in listed(patterns)]
    if fold:
        value, texts = value.lower(), [text.lower() for text in texts]
    return any(fnmatchcase(value, text) for text in texts)

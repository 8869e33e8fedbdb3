"""The control RML-ENV-1: no two environments share a key, an execution role or a bucket.

What is shared carries over: who may use the key of dev could read what prod has encrypted with it,
and a job of dev would write where prod reads. The control holds between any two environments, and
in both of them: prod is not safe from dev as long as dev may start. Accounts, VPCs, subnets and
security groups may be shared.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.identifiers import Problem, visible
from regulated_ml.settings.controls import ControlException
from regulated_ml.settings.reading import content

CONTROL = "RML-ENV-1"
ENVIRONMENTS = "config/environments"


def _key(arn: str) -> str:
    """The replicas of a multi-region key are one key, whatever region is in their ARNs."""
    return re.sub(r"^arn:[\w-]+:kms:[\w-]+:(\d+:key/mrk-)", r"\1", arn)


def _role(arn: str) -> str:
    """IAM tells roles of one account apart by name alone: not by path, and not by case."""
    account, _, resource = arn.removeprefix("arn:").partition(":iam::")[2].partition(":")
    return f"{account}:{resource.rpartition('/')[2].lower()}"


class _Kind(NamedTuple):
    """What may not be shared, where it is configured, and what makes two values the same thing."""

    what: str
    fields: tuple[str, ...]
    same: Callable[[str], str]


_KINDS = (
    _Kind("key", ("kms_key_arn",), _key),
    _Kind("role", ("execution_role_arn",), _role),
    _Kind("bucket", ("data_bucket", "model_bucket"), str),
)


def separation_problems(
    root: Path,
    name: str,
    values: Mapping[str, Any],
    exceptions: Sequence[ControlException],
    place: str = "",
) -> list[Problem]:
    """What the environment `name` shares with another, but for what its exceptions admit.

    `place` is put before the fields of `name`. The other files need not be right, only readable:
    an environment whose file nobody can read may share everything.
    """
    problems: list[Problem] = []
    admitted = [e for e in exceptions if e.control == CONTROL and e.environment == name]
    for path in sorted((root / ENVIRONMENTS).glob("*.yaml")):
        if path.stem != name:
            other = content(path, f"{ENVIRONMENTS}/{path.name}", problems)
            if isinstance(other, Mapping):
                found = _shared(name, values, path.stem, other, admitted)
                problems += (problem._replace(field=place + problem.field) for problem in found)
    return problems


def _shared(
    name: str,
    values: Mapping[str, Any],
    other_name: str,
    other: Mapping[str, Any],
    admitted: Sequence[ControlException],
) -> Iterator[Problem]:
    for kind in _KINDS:
        taken = {kind.same(v) for f in kind.fields if isinstance(v := other.get(f), str) and v}
        for field in kind.fields:
            value = values.get(field)
            if not isinstance(value, str) or kind.same(value) not in taken:
                continue
            if not any(fnmatchcase(value, pattern) for e in admitted for pattern in e.names):
                yield _problem(name, kind.what, field, value, other_name)


def _problem(name: str, what: str, field: str, value: str, other: str) -> Problem:
    rule = f"a {what} of its own ({CONTROL}); {other} has this one"
    fix = (
        f"take another one, or have an exception to {CONTROL} agreed for the environment {name},"
        f" with names: [{visible(value)}]"
    )
    return Problem(field, visible(value), rule, fix)

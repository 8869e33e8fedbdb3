"""Requests inside requests: what a field holds as JSON text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from regulated_ml.security.requests.findings import Violation

BRANCHES = ("IfSteps", "ElseSteps")  # of a condition


class Inner(NamedTuple):
    """A request that lies inside another one."""

    operation: str  # empty: it starts nothing itself
    arguments: dict[str, Any]
    where: str


class Embedded(NamedTuple):
    """A field that holds requests as JSON text, as the plan has it."""

    control: str  # that a text which cannot be read breaks
    path: str
    format: str  # request, or pipeline
    request: str  # of the format request: the operation

    def violation(self, value: str, required: str, fix: str, where: str = "") -> Violation:
        """What is wrong with the text itself, or with a part of it."""
        field = f"{self.path}: {where}" if where else self.path
        return Violation(self.control, field, value, required, fix, "high", False)


def read(text: Any) -> dict[str, Any]:
    """The text as a structure; ValueError where it is none."""
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not isinstance(content, dict):
        raise ValueError("it is no structure")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A structure; ValueError for a name that comes twice, of which AWS may take the other one."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} is written twice")
    return content


def inside(
    field: Embedded, content: dict[str, Any], steps: Mapping[str, str]
) -> Iterator[Inner | Violation]:
    """Every request in the text, and what in it is not known to start any."""
    if field.format == "request":
        yield Inner(field.request, content, "")
        return
    for step, where in _steps(content.get("Steps"), ""):
        if isinstance(step, _Unreadable):
            yield field.violation(step.shown, step.required, "write it so", where)
            continue
        kind, arguments = str(step.get("Type", "")), step["Arguments"]
        if kind in steps:
            yield Inner(steps[kind], arguments, where)
        else:
            fix = "do the work in a processing job, which the controls cover"
            yield field.violation(kind, f"one of {', '.join(steps)}", fix, f"{where}Type")


class _Unreadable(NamedTuple):
    """What stands where a part of a pipeline should."""

    shown: str
    required: str


def _steps(steps: Any, where: str) -> Iterator[tuple[dict[str, Any] | _Unreadable, str]]:
    """Every step, those in branches of conditions too, or what stands in the place of one.

    Each has a structure of arguments afterwards.
    Source: the JSON schema of SageMaker's pipelines, version 2020-12-01.
    """
    if not isinstance(steps, list):
        yield _Unreadable(str(steps), "a list of steps"), f"{where}Steps"
        return
    for number, step in enumerate(steps):
        if not isinstance(step, dict):
            yield _Unreadable(str(step), "a step"), f"{where}Steps[{number}]"
            continue
        place = f"step {step.get('Name', number)}: "
        arguments = step.setdefault("Arguments", {})
        if not isinstance(arguments, dict):
            yield _Unreadable(str(arguments), "a structure"), f"{place}Arguments"
            continue
        yield step, place
        for branch in BRANCHES:
            if branch in arguments:
                yield from _steps(arguments[branch], f"{place}{branch}: ")

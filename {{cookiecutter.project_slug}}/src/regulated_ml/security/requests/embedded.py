"""Requests inside requests: what a field holds as JSON text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from regulated_ml.security.requests.findings import Violation


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
        content = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not isinstance(content, dict):
        raise ValueError("it is no structure")
    return content


def inside(
    field: Embedded, content: dict[str, Any], steps: Mapping[str, str]
) -> Iterator[Inner | Violation]:
    """Every request in the text, and what in it is not known to start any."""
    if field.format == "request":
        yield Inner(field.request, content, "")
        return
    for kind, arguments, where in _pipeline_steps(content):
        if kind in steps:
            yield Inner(steps[kind], arguments, where)
        else:
            fix = "do the work in a processing job, which the controls cover"
            yield field.violation(kind, f"one of {', '.join(steps)}", fix, f"{where}Type")


def _pipeline_steps(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every step in a pipeline's definition: its type, its arguments, and where it is.

    Source: the JSON schema of SageMaker's pipelines, version 2020-12-01.
    """
    steps = definition.get("Steps")
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        arguments = step.get("Arguments")
        if not isinstance(arguments, dict):
            arguments = step["Arguments"] = {}
        yield str(step.get("Type", "")), arguments, f"step {step.get('Name', number)}: "
        for branch in ("IfSteps", "ElseSteps"):
            yield from _pipeline_steps({"Steps": arguments.get(branch)})

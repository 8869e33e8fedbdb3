"""The catalogue of controls: the standard's own file, and what the organisation adds and tightens.

From it come the plan that the guard, the audit and the detective function go by, the policies of
IAM and the page of controls.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.security import aws_models
from regulated_ml.security.organisation import NAMING_VERBS, exception_problems, own_problems
from regulated_ml.security.pairs import Controls, Pair
from regulated_ml.security.values import values
from regulated_ml.settings import Settings
from regulated_ml.settings.controls import (
    Catalogue,
    Control,
    OwnControls,
    Requirement,
    Tightening,
)
from regulated_ml.settings.rules import CONTROLS

STANDARD = Path(__file__).with_name("controls.yaml")


def load(settings: Settings) -> Controls:
    """The controls of a repository; `UserError` names every mistake in them and the exceptions."""
    standard = standard_controls()
    own = settings.controls
    problems = [
        *own_problems(standard, own),
        *exception_problems(standard, own, settings.exceptions),
    ]
    if problems:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return merged(own)


def merged(own: OwnControls) -> Controls:
    """The standard's controls with the organisation's; `UserError` names every mistake in those."""
    standard = standard_controls()
    if problems := [*own_problems(standard, own)]:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    tightened = {each.control: each for each in own.tighten}
    return Controls(
        controls=(
            *(_tighten(each, tightened.get(each.id)) for each in standard.controls),
            *own.controls,
        ),
        embedded=standard.embedded,
        pipeline_steps=standard.pipeline_steps,
        own=frozenset(each.id for each in own.controls),
    )


@cache
def standard_controls() -> Controls:
    """The standard's own controls."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(STANDARD.read_text(encoding="utf-8"), Loader=loader)
    try:
        found = Catalogue.model_validate(content)
    except ValidationError as error:
        rule = f"the file of the standard cannot be read: {error.errors()[0]['msg']}"
        fix = "restore it: rml standard check names the files that were changed"
        raise UserError.one(STANDARD.name, "", rule, fix, ExitStatus.CONFIGURATION) from error
    return Controls(found.controls, found.embedded, found.pipeline_steps)


def plan(settings: Settings) -> dict[str, Any]:
    """The controls of an environment with their values: plain JSON for `requests.compile`."""
    controls = load(settings)
    found = values(settings)
    operations: dict[str, list[dict[str, Any]]] = {}
    for pair in controls.pairs(settings.environment):
        operations.setdefault(pair.operation, []).append(_row(pair, found))
    excepted: dict[str, list[str]] = {}
    for each in settings.exceptions:
        excepted.setdefault(each.control, []).extend(each.names)
    embedded: dict[str, list[dict[str, str]]] = {}
    for inner in controls.embedded:
        row = {"path": inner.path, "format": inner.format, "request": inner.request}
        embedded.setdefault(inner.operation, []).append({**row, "control": inner.control})
    return {
        "environment": settings.environment,
        "operations": operations,
        "exceptions": excepted,
        "embedded": embedded,
        "pipeline_steps": dict(controls.pipeline_steps),
    }


def _row(pair: Pair, found: Mapping[str, Any]) -> dict[str, Any]:
    must = pair.requirement.must
    operand = found[str(must.operand)] if must.verb in NAMING_VERBS else must.operand
    if must.refused is True:
        operand = "do without it, or have the platform team do it"
    unless = pair.requirement.unless
    return {
        "control": pair.control.id,
        "severity": pair.control.severity,
        "path": pair.path,
        "verb": must.verb,
        "operand": operand,
        "words": pair.control.title if must.verb == "refused" else str(must.operand),
        "missing": pair.requirement.missing,
        "unless": unless.model_dump() if unless else None,
        "not_for": list(pair.requirement.not_for),
    }


def _tighten(control: Control, change: Tightening | None) -> Control:
    if change is None:
        return control
    asked = change.model_dump(exclude_none=True, exclude={"control"})
    update: dict[str, Any] = {
        key: asked.pop(key) for key in ("severity", "can_be_excepted") if key in asked
    }
    update["requirements"] = tuple(_tighten_one(each, asked) for each in control.requirements)
    return control.model_copy(update=update)


def _tighten_one(requirement: Requirement, asked: Mapping[str, Any]) -> Requirement:
    bounds = {k: v for k, v in asked.items() if getattr(requirement.must, k, None) is not None}
    others = {k: v for k, v in asked.items() if k in ("missing", "environments")}
    must = requirement.must.model_copy(update=bounds)
    return requirement.model_copy(update={**others, "must": must})


def check_paths(controls: Controls) -> list[Problem]:
    """What the organisation's controls name that AWS's own models do not have."""
    return [
        Problem(_place(pair, value), value, rule, fix)
        for pair in controls.pairs()
        if pair.control.id in controls.own
        for value, rule, fix in aws_models.mistakes(pair.operation, pair.path, pair.requirement)
    ]


def _place(pair: Pair, value: str) -> str:
    place = f"{CONTROLS}: {pair.control.id}"
    return place if value == pair.operation else f"{place}: {pair.operation}"

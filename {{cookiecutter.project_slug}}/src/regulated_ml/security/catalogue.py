"""The catalogue of controls: the standard's own file, and what the organisation adds and tightens.

From it come the plan that the guard, the audit and the detective function go by, the policies of
IAM and the page of controls.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.security.requests import VERBS, parse
from regulated_ml.security.values import VALUES, values
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.settings.controls import (
    SEVERITIES,
    STRICTNESS,
    Catalogue,
    Control,
    Embedded,
    OwnControls,
    Requirement,
    Tightening,
)
from regulated_ml.settings.reading import did_you_mean
from regulated_ml.settings.rules import CONTROLS, EXCEPTIONS

STANDARD = Path(__file__).with_name("controls.yaml")
NAMING_VERBS = ("be", "among", "lie_in", "come_from", "carry")  # their operand names a value
FILLING_VERBS = ("equal", "be", "among", "carry", "at_least")
SERVICES = ("sagemaker", "s3", "kms", "batch")  # a control may cover operations of these


class Pair(NamedTuple):
    """A requirement of a control on one field of one operation."""

    control: Control
    requirement: Requirement
    operation: str
    path: str


@dataclass(frozen=True)
class Controls:
    """All controls that hold in a repository."""

    controls: tuple[Control, ...]
    embedded: tuple[Embedded, ...]
    pipeline_steps: Mapping[str, str]
    own: frozenset[str] = frozenset()  # ids of the organisation's

    def __getitem__(self, control_id: str) -> Control:
        return {control.id: control for control in self.controls}[control_id]

    def pairs(self, environment: str | None = None) -> Iterator[Pair]:
        """Every requirement on every field, of one environment, or of all of them."""
        for control in self.controls:
            for requirement in control.requirements:
                if environment is not None and not _holds_in(requirement, environment):
                    continue
                for operation, paths in requirement.fields.items():
                    for path in paths:
                        yield Pair(control, requirement, operation, path)


def load(settings: Settings) -> Controls:
    """The controls of a repository; `UserError` names every mistake in them and the exceptions."""
    standard = standard_controls()
    own = settings.controls
    problems = [*_own_problems(standard, own), *_exception_problems(standard, settings)]
    if problems:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return merged(own)


def merged(own: OwnControls) -> Controls:
    """The standard's controls with the organisation's; `UserError` names every mistake in those."""
    standard = standard_controls()
    if problems := [*_own_problems(standard, own)]:
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


def check_paths(controls: Controls) -> list[Problem]:
    """What the organisation's controls name that AWS's own models do not have."""
    pairs = [pair for pair in controls.pairs() if pair.control.id in controls.own]
    return [problem for pair in pairs for problem in _path_problems(pair)]


def _holds_in(requirement: Requirement, environment: str) -> bool:
    """Whether a requirement holds: `local` has those that name it, and no others."""
    if environment == LOCAL:
        return LOCAL in requirement.environments
    return not requirement.environments or environment in requirement.environments


def _row(pair: Pair, found: Mapping[str, Any]) -> dict[str, Any]:
    must = pair.requirement.must
    operand = found[str(must.operand)] if must.verb in NAMING_VERBS else must.operand
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
    }


# --- the organisation's own ---


def _own_problems(standard: Controls, own: OwnControls) -> Iterator[Problem]:
    taken = {control.id for control in standard.controls}
    for number, control in enumerate(own.controls, start=1):
        place = f"{CONTROLS}: controls.{number}"
        if control.id in taken:
            rule = "an id of its own: this one is a control's already"
            fix = "choose another id; a control of the standard is made stricter below tighten"
            yield Problem(f"{place}.id", control.id, rule, fix)
        taken.add(control.id)
        if not control.requirements:
            rule = "a control that asks nothing holds nothing"
            yield Problem(f"{place}.requirements", "", rule, "add a requirement")
        for index, requirement in enumerate(control.requirements, start=1):
            for key, value, rule, fix in _requirement_mistakes(requirement):
                yield Problem(f"{place}.requirements.{index}.{key}", value, rule, fix)
        yield from _contradictions(standard, control, place)
    for number, change in enumerate(own.tighten, start=1):
        place = f"{CONTROLS}: tighten.{number}"
        if change.model_fields_set <= {"control"}:
            rule, fix = "this tightens nothing", "add severity, missing, at_least or another key"
            yield Problem(place, change.control, rule, fix)
        for key, value, rule, fix in _tightening_mistakes(standard, change):
            yield Problem(f"{place}.{key}", value, rule, fix)


def _requirement_mistakes(requirement: Requirement) -> Iterator[tuple[str, str, str, str]]:
    """Key, value, rule and fix of each mistake in one requirement."""
    must = requirement.must
    if must.verb in NAMING_VERBS and must.operand not in VALUES:
        known = sorted(VALUES)
        fix = did_you_mean(str(must.operand), known) or "write one of them"
        yield f"must.{must.verb}", str(must.operand), f"one of {', '.join(known)}", fix
    if requirement.missing == "fill" and must.verb not in FILLING_VERBS:
        rule = f"nothing can be filled in for {must.verb}: refuse or leave"
        yield "missing", "fill", rule, "write refuse, or leave"
    patterns = {
        "must.match": must.match,
        "unless.matches": requirement.unless and requirement.unless.matches,
    }
    for key, pattern in patterns.items():
        try:
            re.compile(pattern or "")
        except re.error as error:
            yield key, str(pattern), f"a regular expression: {error}", "mend the pattern"
    if not requirement.fields:
        rule = "a requirement without fields covers nothing"
        yield "fields", "", rule, "add an operation and its paths"
    for operation, paths in requirement.fields.items():
        service = operation.partition(".")[0] if "." in operation else "sagemaker"
        if service not in SERVICES:
            rule = f"an operation of {', '.join(SERVICES)}"
            yield "fields", operation, rule, "write SageMaker's by its name, others as s3.PutObject"
        for path in paths:
            whole = must.verb == "refused"
            if whole != (path == "."):
                rule = "refused stands for the whole operation, whose path is a dot"
                yield "fields", path, rule, "write a dot" if whole else "write a path"


def _contradictions(standard: Controls, control: Control, place: str) -> Iterator[Problem]:
    """Where a control asks another literal value than the standard, so that no request passes."""
    asked = {
        (pair.operation, _plain(pair.path)): pair
        for pair in standard.pairs()
        if pair.requirement.must.verb == "equal"
    }
    for pair in Controls((control,), (), {}).pairs():
        other = asked.get((pair.operation, _plain(pair.path)))
        must = pair.requirement.must
        if other and must.verb == "equal" and must.operand != other.requirement.must.operand:
            expected = other.requirement.must.operand
            rule = f"{other.control.id} of the standard asks {expected!r} of {pair.path}"
            fix = "controls add and tighten; what deviates is an exception in exceptions.yaml"
            yield Problem(f"{place}: {pair.operation}", str(must.operand), rule, fix)


def _plain(path: str) -> str:
    return path.replace("?", "")


def _tightening_mistakes(
    standard: Controls, change: Tightening
) -> Iterator[tuple[str, str, str, str]]:
    known = {control.id: control for control in standard.controls}
    control = known.get(change.control)
    if control is None:
        rule = "the id of a control of the standard"
        fix = did_you_mean(change.control, sorted(known)) or "rml security controls lists them"
        yield "control", change.control, rule, fix
        return
    musts = [requirement.must for requirement in control.requirements]
    if change.severity and _is_less(SEVERITIES, change.severity, control.severity):
        rule = f"at least {control.severity}, as the standard has it"
        yield "severity", change.severity, rule, f"write {control.severity} or more"
    for requirement in control.requirements:
        if change.missing and _is_less(STRICTNESS, change.missing, requirement.missing):
            rule = f"at least as strict as {requirement.missing}, which the standard has"
            yield "missing", change.missing, rule, f"write {requirement.missing} or refuse"
            break
    for key, least in (("at_least", True), ("at_most", False)):
        value = getattr(change, key)
        bounds = [getattr(must, key) for must in musts if getattr(must, key) is not None]
        if value is None:
            continue
        if not bounds:
            yield key, str(value), f"{control.id} has no {key}", "take the key out"
        elif (value < max(bounds)) if least else (value > min(bounds)):
            bound = max(bounds) if least else min(bounds)
            yield key, str(value), f"the standard has {bound}, and is not loosened", "tighten it"
    for requirement in control.requirements if change.environments is not None else ():
        lost = sorted(set(requirement.environments) - set(change.environments or ()))
        if not requirement.environments or lost:
            rule = "all environments of the standard's control, and more"
            present = ", ".join(requirement.environments) or "it holds in all already"
            yield "environments", ", ".join(change.environments or ()), rule, f"keep: {present}"
            break


def _is_less(order: tuple[str, ...], value: str, than: str) -> bool:
    return order.index(value) < order.index(than)


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


# --- exceptions ---


def _exception_problems(standard: Controls, settings: Settings) -> Iterator[Problem]:
    kept = {each.control for each in settings.controls.tighten if each.can_be_excepted is False}
    known = {each.id: each for each in (*standard.controls, *settings.controls.controls)}
    for each in settings.exceptions:
        control = known.get(each.control)
        place = f"{EXCEPTIONS}: {each.control}"
        if control is None:
            fix = did_you_mean(each.control, sorted(known)) or "rml security controls lists them"
            yield Problem(place, each.control, "the id of a control", fix)
        elif not control.can_be_excepted or each.control in kept:
            rule = f"a control that can be excepted; “{control.title}” cannot"
            yield Problem(place, each.control, rule, "remove the exception, and keep the control")


# --- AWS's models ---


def _path_problems(pair: Pair) -> Iterator[Problem]:
    service, _, name = pair.operation.rpartition(".")
    model = service_model(service or "sagemaker")
    place = f"{CONTROLS}: {pair.control.id}"
    if name.endswith("*"):
        return
    if name not in model.operation_names:
        fix = did_you_mean(name, sorted(model.operation_names)) or "look it up in AWS's reference"
        yield Problem(place, pair.operation, "an operation that AWS has", fix)
        return
    shape = model.operation_model(name).input_shape
    if mistake := path_mistake(shape, pair.path):
        yield Problem(f"{place}: {pair.operation}", pair.path, *mistake)
    unless = pair.requirement.unless
    holder, _, _ = pair.path.rpartition(".")
    beside = [f"{holder}.{path}" if holder else path for path in (unless.beside if unless else ())]
    mistakes = [path_mistake(shape, path) for path in beside]
    if unless and mistakes and all(mistakes):
        found = mistakes[0] or ("", "")
        yield Problem(f"{place}: {pair.operation}", ", ".join(unless.beside), *found)
    for path in unless.paths if unless else ():
        # One list serves all operations of a requirement: each path must be right in one of them.
        if (mistake := path_mistake(shape, path)) and not _is_elsewhere(pair.requirement, path):
            yield Problem(f"{place}: {pair.operation}", path, *mistake)


def _is_elsewhere(requirement: Requirement, path: str) -> bool:
    """Whether one of a requirement's operations has a path."""
    for operation in requirement.fields:
        service, _, name = operation.rpartition(".")
        model = service_model(service or "sagemaker")
        known = name in model.operation_names
        if known and path_mistake(model.operation_model(name).input_shape, path) is None:
            return True
    return False


@cache
def service_model(service: str) -> Any:
    """botocore's model of a service."""
    from botocore.session import Session

    return Session().get_service_model(service)


def path_mistake(shape: Any, path: str) -> tuple[str, str] | None:
    """Rule and fix where a path matches nothing in a request's shape, or None."""
    before = ""
    for step in parse(path).steps:
        if shape.type_name == "list":
            return f"{before} is a list", f"write {before}[], which means each element"
        members = getattr(shape, "members", None) or {}
        if not members:
            return f"{before} is a value, without members", f"end the path with {before}"
        if step.name not in members:
            fix = did_you_mean(step.name, sorted(members)) or f"known: {', '.join(sorted(members))}"
            return f"a path in AWS's model: there is no {step.name}", fix
        shape, before = members[step.name], step.name
        if step.each:
            if shape.type_name != "list":
                return f"{step.name} is no list", f"write {step.name} without []"
            shape = shape.member
    return None


def verbs() -> list[str]:
    """The verbs that requirements know."""
    return list(VERBS)

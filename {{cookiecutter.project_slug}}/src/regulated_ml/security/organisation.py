"""The mistakes in an organisation's controls and exceptions: they add and tighten, never loosen."""

import re
from collections.abc import Iterable, Iterator

from regulated_ml.identifiers import Problem
from regulated_ml.security.pairs import Controls
from regulated_ml.security.values import VALUES
from regulated_ml.settings.controls import (
    SEVERITIES,
    STRICTNESS,
    Control,
    ControlException,
    OwnControls,
    Requirement,
    Tightening,
)
from regulated_ml.settings.reading import did_you_mean
from regulated_ml.settings.rules import CONTROLS, EXCEPTIONS

# Their operand names a value of the settings.
NAMING_VERBS = ("be", "among", "lie_in", "come_from", "carry", "belong_to")
FILLING_VERBS = ("equal", "be", "among", "carry", "at_least")
# A control may cover operations of these; the guard looks at no others.
SERVICES = (
    *("sagemaker", "s3", "s3control", "kms", "batch"),
    *("sagemaker-geospatial", "sagemaker-a2i-runtime"),
)


def own_problems(standard: Controls, own: OwnControls) -> Iterator[Problem]:
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
    unfillable = [must.verb for must in musts if must.verb not in FILLING_VERBS]
    if change.missing == "fill" and unfillable:
        rule = f"nothing can be filled in for {unfillable[0]}, which the control asks"
        yield "missing", "fill", rule, "write refuse"
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


def exception_problems(
    standard: Controls, own: OwnControls, exceptions: Iterable[ControlException]
) -> Iterator[Problem]:
    kept = {each.control for each in own.tighten if each.can_be_excepted is False}
    known = {each.id: each for each in (*standard.controls, *own.controls)}
    for each in exceptions:
        control = known.get(each.control)
        place = f"{EXCEPTIONS}: {each.control}"
        if control is None:
            fix = did_you_mean(each.control, sorted(known)) or "rml security controls lists them"
            yield Problem(place, each.control, "the id of a control", fix)
        elif not control.can_be_excepted or each.control in kept:
            rule = f"a control that can be excepted; “{control.title}” cannot"
            yield Problem(place, each.control, rule, "remove the exception, and keep the control")

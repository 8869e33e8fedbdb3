"""Operations and paths of controls, held against botocore's models of the services."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from regulated_ml.security.requests import parse
from regulated_ml.settings.controls import Requirement
from regulated_ml.settings.reading import did_you_mean


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


def mistakes(operation: str, path: str, requirement: Requirement) -> Iterator[tuple[str, str, str]]:
    """Value, rule and fix of what a requirement names that AWS does not have."""
    service, _, name = operation.rpartition(".")
    model = service_model(service or "sagemaker")
    if name.endswith("*"):
        return
    if name not in model.operation_names:
        fix = did_you_mean(name, sorted(model.operation_names)) or "look it up in AWS's reference"
        yield operation, "an operation that AWS has", fix
        return
    shape = model.operation_model(name).input_shape
    if mistake := path_mistake(shape, path):
        yield path, *mistake
    if requirement.unless is None:
        return
    holder, _, _ = path.rpartition(".")
    beside = [f"{holder}.{each}" if holder else each for each in requirement.unless.beside]
    found = [path_mistake(shape, each) for each in beside]
    # Structures differ in what they have: one of the fields must be there.
    if found and all(found):
        yield ", ".join(requirement.unless.beside), *(found[0] or ("", ""))
    for each in requirement.unless.paths:
        # One list serves all operations of a requirement: each path must be right in one of them.
        if (mistake := path_mistake(shape, each)) and not _is_elsewhere(requirement, each):
            yield each, *mistake


def _is_elsewhere(requirement: Requirement, path: str) -> bool:
    """Whether one of a requirement's operations has a path."""
    for operation in requirement.fields:
        service, _, name = operation.rpartition(".")
        model = service_model(service or "sagemaker")
        known = name in model.operation_names
        if known and path_mistake(model.operation_model(name).input_shape, path) is None:
            return True
    return False

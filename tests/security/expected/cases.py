"""Builds the requests of the table's cases."""

from typing import Any

from botocore.model import Shape

from . import generator, model, table
from .generator import NOTHING, Generator
from .table import Row
from .values import Team, right, wrong


def is_address(row: Row) -> bool:
    """Whether a bucket is named by an s3:// address rather than by its name."""
    return "." not in row.operation


def good(row: Row, team: Team) -> Any:
    """The right value of a row's field."""
    return right(row.must, team, row.is_list, is_address(row))


def requirements(operation: str, team: Team) -> Generator:
    """Makes whatever a model requires, with right values where it matters."""
    rows = {row.path: row for row in table.by_operation().get(operation, ())}

    def choose(path: str, shape: Shape) -> Any:
        if path in rows and rows[path].must != "absent":
            return good(rows[path], team)
        return team.role if model.KINDS["role"].search(f":{shape.name}") else NOTHING

    return Generator(choose)


def minimal(operation: str, team: Team) -> dict[str, Any]:
    """A request with what the model requires, and nothing else."""
    service, name = table.named(operation)
    shape = generator.input_shape(service, name)
    request: dict[str, Any] = requirements(operation, team).make(shape)
    return request


def complete(operation: str, team: Team) -> dict[str, Any]:
    """A request in which every field that the table asks for is right."""
    request = minimal(operation, team)
    for row in table.by_operation()[operation]:
        if row.missing != "left" and row.must != "absent":
            request = with_value(request, row, good(row, team), team)
    return request


def with_value(request: dict[str, Any], row: Row, value: Any, team: Team) -> dict[str, Any]:
    """A copy of a request with a value in a row's field."""
    service, name = table.named(row.operation)
    shape = generator.input_shape(service, name)
    return generator.put(request, shape, row.path, value, requirements(row.operation, team))


def bad(row: Row, team: Team) -> list[Any]:
    """The values that contradict a row."""
    if row.must == "absent":
        return [_anything(row, team)]
    enum = row.shape.metadata.get("enum", ())
    return list(wrong(row.must, team, row.is_list, is_address(row), enum))


def _anything(row: Row, team: Team) -> Any:
    makes = requirements(row.operation, team)
    some = makes.make(row.shape, row.path)
    name, member = next(iter(row.shape.members.items()))
    return some or {name: makes.make(member, f"{row.path}.{name}")}

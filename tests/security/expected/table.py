"""The hand-written table, and what follows from it for every operation of botocore's model."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from botocore.model import Shape

from . import model

HERE = Path(__file__).parent


class Row(NamedTuple):
    """What one field of one operation must be, and what becomes of it when it is left out."""

    operation: str  # `CreateTrainingJob`, or with a service, `s3.PutObject`
    path: str
    must: Any
    missing: str  # filled, left or either
    shape: Shape

    @property
    def is_list(self) -> bool:
        """Whether the field is a list of such values."""
        return bool(self.shape.type_name == "list")


@cache
def read() -> dict[str, Any]:
    """The table as it is written."""
    content: dict[str, Any] = yaml.safe_load((HERE / "table.yaml").read_text(encoding="utf-8"))
    return content


@cache
def exclusions() -> list[dict[str, str]]:
    """The fields of which nothing is asked, with the reason."""
    content: list[dict[str, str]] = yaml.safe_load(
        (HERE / "exclusions.yaml").read_text(encoding="utf-8")
    )
    return content


def is_excluded(operation: str, path: str) -> bool:
    """Whether nothing is asked of the field, for a reason."""
    name = f"{operation} {path}"
    return any(re.fullmatch(exclusion["field"], name) for exclusion in exclusions())


def refused() -> set[str]:
    """The operations that are refused whatever they carry."""
    return {row["operation"] for row in read()["refused"]}


def named(operation: str) -> tuple[str, str]:
    """Service and operation of a name of the table."""
    service, _, name = operation.rpartition(".")
    return service or "sagemaker", name


@cache
def rows() -> tuple[Row, ...]:
    """Every row: those written one by one, and those that hold wherever a field is of a kind."""
    return (*_written(), *_by_kind())


@cache
def by_operation() -> dict[str, tuple[Row, ...]]:
    """The rows of each operation."""
    operations = dict.fromkeys(row.operation for row in rows())
    return {name: tuple(row for row in rows() if row.operation == name) for name in operations}


def _written() -> Iterator[Row]:
    for operation, fields in read()["operations"].items():
        service, name = named(operation)
        shape = model.service(service).operation_model(name).input_shape
        members = dict(model.members(shape))
        for path, words in fields.items():
            must, _, missing = words.rpartition(", ")
            yield Row(operation, path, yaml.safe_load(must), missing, members[path])


def _by_kind() -> Iterator[Row]:
    done = {(row.operation, row.path) for row in _written()}
    for operation in model.writing_operations():
        for field in model.fields(operation):
            words = read()["by_kind"].get(field.kind)
            known = (field.operation, field.path) in done or is_excluded(
                field.operation, field.path
            )
            if words and not known and field.operation not in refused():
                must, _, missing = words.rpartition(", ")
                yield Row(field.operation, field.path, must, missing, field.shape)

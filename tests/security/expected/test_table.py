"""The table and the evaluator, written apart, say the same; neither forgets a field."""

import re

import pytest
from botocore.validate import ParamValidator

from . import cases, evaluator, generator, model, table
from .table import Row
from .values import Team

OPERATIONS = [name for name in table.by_operation() if "." not in name]


def test_every_field_has_a_row_or_a_reason() -> None:
    rows = {(row.operation, row.path) for row in table.rows()}
    forgotten = [
        (field.operation, field.path, field.kind)
        for operation in model.writing_operations()
        if operation.name not in table.refused()
        for field in model.fields(operation)
        if (field.operation, field.path) not in rows
        and not table.is_excluded(field.operation, field.path)
    ]
    assert forgotten == []


def test_every_exclusion_excludes_something() -> None:
    names = [f"{f.operation} {f.path}" for o in model.writing_operations() for f in model.fields(o)]
    assert [
        exclusion["field"]
        for exclusion in table.exclusions()
        if not any(re.fullmatch(exclusion["field"], name) for name in names)
    ] == []


def test_every_operation_that_hands_out_an_address_is_refused() -> None:
    presigned = {o.name for o in model.writing_operations() if "Presigned" in o.name}
    assert presigned <= table.refused()


@pytest.mark.parametrize("operation", table.by_operation())
def test_the_cases_are_valid_requests(operation: str, the_team: Team) -> None:
    service, name = table.named(operation)
    shape = generator.input_shape(service, name)
    for request in (cases.minimal(operation, the_team), cases.complete(operation, the_team)):
        assert ParamValidator().validate(request, shape).generate_report() == ""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_evaluator_finds_what_the_table_says_and_nothing_else(
    operation: str, the_team: Team
) -> None:
    request = cases.complete(operation, the_team)
    assert evaluator.wrong(operation, request, the_team) == set()
    for row in table.by_operation()[operation]:
        for contradiction in _contradictions(row, request, the_team):
            found = evaluator.wrong(operation, contradiction, the_team)
            assert {path for path, how in found if how == "contradicts"} == {row.path}
        lacking = evaluator.wrong(operation, generator.without(request, row.path), the_team)
        assert lacking == ({(row.path, "missing")} if row.missing == "filled" else set()), row


def _contradictions(row: Row, request: dict[str, object], team: Team) -> list[dict[str, object]]:
    return [cases.with_value(request, row, value, team) for value in cases.bad(row, team)]

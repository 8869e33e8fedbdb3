"""Every field of botocore's model that an auditor would ask about is in a control or excluded."""

import pytest

from regulated_ml.security.catalogue import standard_controls

from . import model, table


@pytest.fixture(scope="module")
def covered() -> dict[str, set[str]]:
    """What the standard's controls ask of each operation: paths, without their marks."""
    paths: dict[str, set[str]] = {}
    for pair in standard_controls().pairs():
        paths.setdefault(pair.operation, set()).add(pair.path.replace("?", ""))
    return paths


@pytest.mark.parametrize("operation", [o.name for o in model.writing_operations()])
def test_every_field_is_in_a_control_or_excluded_for_a_reason(
    operation: str, covered: dict[str, set[str]]
) -> None:
    paths = covered.get(operation, set())
    uncovered = [
        (field.path, field.kind)
        for field in model.fields(model.service().operation_model(operation))
        if not is_covered(field.path, paths) and not table.is_excluded(operation, field.path)
    ]
    assert uncovered == []


@pytest.mark.parametrize("operation", sorted(table.refused()))
def test_every_operation_of_the_table_that_is_refused_is_refused_by_a_control(
    operation: str, covered: dict[str, set[str]]
) -> None:
    assert "." in covered[operation]


def test_nothing_that_a_control_asks_is_excluded(covered: dict[str, set[str]]) -> None:
    assert [
        (operation, path)
        for operation, paths in covered.items()
        for path in paths
        if table.is_excluded(operation, path)
    ] == []


@pytest.mark.parametrize("kind", model.KINDS)
def test_the_walk_finds_fields_of_each_kind(kind: str) -> None:
    found = [f for o in model.writing_operations() for f in model.fields(o) if f.kind == kind]
    assert len(found) >= 2


def is_covered(path: str, paths: set[str]) -> bool:
    """Whether a control asks for the field, for what it lies in, or for the whole operation."""
    return "." in paths or any(path == asked or path.startswith(f"{asked}.") for asked in paths)

"""Holds a table against dataset.yaml: what breaks a rule, with its rows, and what is remarkable.

The table passes by in batches, so a check of three million rows needs little memory.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulated_ml.data.duplicates import Duplicates
from regulated_ml.data.findings import EXAMPLES, Finding, Report, Tally
from regulated_ml.data.fingerprint import Fingerprinter
from regulated_ml.data.state import mark_of, state_of
from regulated_ml.data.tables import KINDS, Batch, arrow_type, lenient_batches
from regulated_ml.errors import UserError
from regulated_ml.settings import Column, Dataset

if TYPE_CHECKING:
    from regulated_ml.data.source import Located


class Rule(NamedTuple):
    """A rule for the values of one column."""

    words: str
    broken: Callable[[pa.Array], pa.BooleanArray]  # for each value; null for a missing one
    remark: bool = False


def check(
    path: Path, dataset: Dataset, progress: Callable[[int], None] = lambda rows: None
) -> Report:
    """Holds a table of any form against the schema; `progress` is told the rows so far.

    Raises:
        UserError: the file cannot be read as a table with these columns at all.
    """
    rules = [(column, rule) for column in dataset.columns for rule in _rules(column)]
    violations, remarks = Tally(), Tally()
    same_row, same_client = Duplicates(), Duplicates()
    passing, rows, labels = Fingerprinter(), 0, set()
    for batch in lenient_batches(path, dataset):
        _unreadable(batch, dataset, violations)
        _missing(batch, dataset, violations)
        for column, rule in rules:
            _apply(batch, column, rule, remarks if rule.remark else violations)
        for found, columns in zip((same_client, same_row), _compared(batch, dataset), strict=True):
            found.add(columns, batch.rows)
        labels |= set(pc.unique(batch.table.column(dataset.label.name)).to_pylist())
        passing.add(batch.table)
        rows += len(batch.rows)
        progress(rows)
    if dataset.identifier:
        once = "an identifier is there once"
        violations.add(dataset.identifier.name, once, same_client.repeated())
    remarks.add("", "a row equal to an earlier one, the identifier apart", same_row.repeated())
    readable = not any(finding.rule in READING for finding in violations.findings())
    digest = passing.result.sha256 if readable else ""
    state = state_of(digest, dataset, synthetic=mark_of(path) is not None)
    wanting = tuple(_wanting(dataset, rows, labels))
    return Report(rows, digest, state, wanting + violations.findings(), remarks.findings())


def check_located(found: "Located", dataset: Dataset) -> Report:
    """The report of the table that work is about to be done on, as `source.locate` gave it.

    Raises:
        UserError: the file has changed since then.
    """
    report = check(found.path, dataset)
    if report.fingerprint != found.fingerprint:
        raise UserError.one(
            str(found.path),
            f"sha256 {report.fingerprint}",
            f"the table that was found there a moment ago, {found.fingerprint}",
            "let no other program write the file, and start the command again",
        )
    return report


MALFORMED = "a row has one cell for each column of the file"
READING = {MALFORMED, *KINDS.values()}


def _unreadable(batch: Batch, dataset: Dataset, violations: Tally) -> None:
    """Lines with too many or too few cells, and cells of another type."""
    lines = np.array([line.row for line in batch.malformed], np.int64)
    violations.add("", MALFORMED, lines, [f"{line.cells} cells" for line in batch.malformed])
    for cells in batch.unreadable:
        kind = KINDS[dataset.column(cells.column).type]
        violations.add(cells.column, kind, cells.rows, cells.values)


def _missing(batch: Batch, dataset: Dataset, violations: Tally) -> None:
    """Missing values, where dataset.yaml wants one; unreadable cells are reported as such."""
    unreadable = {cells.column: cells.rows for cells in batch.unreadable}
    for column in dataset.columns:
        values = batch.table.column(column.name)
        if column.required and column.role != "ignored" and values.null_count:
            rows = batch.rows[pc.is_null(values).to_numpy(zero_copy_only=False)]
            rows = np.setdiff1d(rows, unreadable.get(column.name, []))
            violations.add(column.name, "no value is missing", rows)


def _apply(batch: Batch, column: Column, rule: Rule, tally: Tally) -> None:
    values = batch.table.column(column.name)
    broken = pc.fill_null(rule.broken(values), False)
    if pc.any(broken).as_py():
        examples = pc.unique(values.filter(broken)).slice(0, EXAMPLES).to_pylist()
        tally.add(
            column.name, rule.words, batch.rows[broken.to_numpy(zero_copy_only=False)], examples
        )


def _compared(batch: Batch, dataset: Dataset) -> tuple[list[pa.Array], list[pa.Array]]:
    """The columns in which an identifier, and a row, must not repeat."""
    identifiers = [column.name for column in dataset.having("identifier")]
    others = [column.name for column in dataset.columns if column.name not in identifiers]
    return [batch.table.column(n) for n in identifiers], [batch.table.column(n) for n in others]


def _rules(column: Column) -> Iterator[Rule]:
    """The rules that dataset.yaml sets for the values of a column."""
    kind = arrow_type(column)
    if column.values:
        known = pa.array([*column.values, *column.undocumented], kind)
        codes = ", ".join(map(str, column.values))
        yield Rule(
            f"one of the codes {codes}",
            lambda values: pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, known))),
        )
    for code, words in column.undocumented.items():
        rule = f"code {code}: {words}"
        yield Rule(rule, lambda values, code=code: pc.equal(values, code), remark=True)  # type: ignore[misc]
    if column.minimum is not None:
        least = column.minimum
        yield Rule(f"{least:.15g} or more", lambda values: pc.less(values, least))
    if column.maximum is not None:
        most = column.maximum
        yield Rule(f"{most:.15g} or less", lambda values: pc.greater(values, most))


def _wanting(dataset: Dataset, rows: int, labels: set[object]) -> Iterator[Finding]:
    """What a table must have as a whole."""
    if not rows:
        yield Finding("", "a table has one row or more", 1, ())
        return
    for code in dataset.label.values:
        if code not in labels:
            yield Finding(dataset.label.name, f"a row with the label {code}", 1, ())

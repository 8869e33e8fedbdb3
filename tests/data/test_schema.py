"""A check counts every row that breaks a rule of dataset.yaml and names it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulated_ml.data import findings, formats, schema, tables
from regulated_ml.data.duplicates import Duplicates
from regulated_ml.data.findings import Finding, Report
from regulated_ml.settings import Dataset

from .conftest import column, loan_lines

Write = Callable[..., Path]
GOOD = "L{},2025-01-31,1000.5,A,12,x,north,{}"


def lines(rows: int = 30) -> list[str]:
    """Rows that keep every rule."""
    return [GOOD.format(n, "yes" if n % 2 else "no").replace("1000.5", str(n)) for n in range(rows)]


def found(report: Report) -> dict[tuple[str, str], tuple[int, ...]]:
    """The rows of each violation."""
    return {(finding.column, finding.rule): finding.rows for finding in report.violations}


def test_a_good_table_passes(write: Write, loans: Dataset) -> None:
    report = schema.check(write(loan_lines(500)), loans)
    assert (report.rows, report.violations, report.state) == (500, (), "unverified")
    assert {finding.column for finding in report.remarks} <= {"grade", ""}


# Column, the cell of row 7, the rule that it breaks.
BREACHES = [
    ("amount", "-1", "0 or more"),
    ("amount", "1000000.5", "1000000 or less"),
    ("amount", "a lot", "a number"),
    ("term", "0", "1 or more"),
    ("term", "481", "480 or less"),
    ("term", "12.5", "a whole number"),
    ("term", "", "no value is missing"),
    ("grade", "D", "one of the codes A, B, C"),
    ("grade", "NA", "no value is missing"),
    ("granted", "31.01.2025", "a date such as 2026-01-31, or a time such as 2026-01-31T23:59:59"),
    ("bad", "maybe", "one of the codes yes, no"),
    ("bad", "", "no value is missing"),
    ("loan", "", "no value is missing"),
    ("loan", "L3", "an identifier is there once"),
]


@pytest.mark.parametrize(("name", "cell", "rule"), BREACHES)
def test_each_rule_finds_its_row_and_nothing_else(
    write: Write, loans: Dataset, name: str, cell: str, rule: str
) -> None:
    rows = [line.split(",") for line in lines()]
    rows[6][[c.name for c in loans.columns].index(name)] = cell
    report = schema.check(write(map(",".join, rows)), loans)
    assert found(report) == {(name, rule): (7,)}
    (violation,) = report.violations
    assert violation.count == 1
    assert violation.examples == ((cell,) if cell not in ("", "NA", "L3") else ())


def test_all_violations_are_listed_at_once(write: Write, loans: Dataset) -> None:
    rows = lines()
    for name, cell, _rule in BREACHES:
        place = [c.name for c in loans.columns].index(name)
        cells = GOOD.format(1000 + len(rows), "no").split(",")
        cells[place] = cell
        rows.append(",".join(cells))
    report = schema.check(write([*rows, "too,short"]), loans)
    expected = Counter((name, rule) for name, _cell, rule in BREACHES)
    expected["", schema.MALFORMED] = 1
    assert Counter({(v.column, v.rule): v.count for v in report.violations}) == expected
    assert report.fingerprint == ""  # a table that cannot be read whole has none


def test_what_dataset_yaml_allows_is_no_violation(write: Write, loans: Dataset) -> None:
    odd = "L99,2025-01-31,NA,X,12,,,no"  # missing where allowed, an undocumented code
    report = schema.check(write([*lines(), odd]), loans)
    assert report.violations == ()
    assert report.remarks == (Finding("grade", "code X: unknown", 1, (31,), ("X",)),)


def test_equal_rows_are_a_remark_and_equal_identifiers_a_violation(
    write: Write, loans: Dataset
) -> None:
    rows = lines()
    rows += [rows[3].replace("L3", "L90"), rows[5], rows[3].replace("L3", "L91")]
    report = schema.check(write(rows), loans)
    assert found(report) == {("loan", "an identifier is there once"): (32,)}
    (remark,) = report.remarks
    assert (remark.count, remark.rows) == (3, (31, 32, 33))


def test_a_table_without_rows_or_with_one_label_only_is_no_table_to_learn_from(
    write: Write, loans: Dataset
) -> None:
    assert found(schema.check(write([]), loans)) == {("", "a table has one row or more"): ()}
    only = [GOOD.format(n, "no") for n in range(5)]
    assert found(schema.check(write(only), loans)) == {("bad", "a row with the label yes"): ()}


def test_more_rows_are_counted_than_listed(
    write: Write, loans: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "KEPT", 10)
    monkeypatch.setattr(formats, "CSV_BLOCK", 400)
    rows = [line.replace(",12,", ",999,") for line in lines(60)]
    (violation,) = schema.check(write(rows), loans).violations
    assert (violation.count, violation.rows) == (60, tuple(range(1, 11)))


def test_the_same_table_is_judged_the_same_in_parquet(
    write: Write, loans: Dataset, tmp_path: Path
) -> None:
    free = column(loans, "grade", values={}, undocumented={})
    rows = [line.replace(",A,", ",D,") for line in loan_lines(200)]
    tables.write(tmp_path / "t.parquet", tables.batches(write(rows), free), free)
    one, other = schema.check(write(rows), loans), schema.check(tmp_path / "t.parquet", loans)
    assert one == other
    assert one.violations


@given(st.lists(st.tuples(st.sampled_from([None, 0, 1]), st.sampled_from([None, "", "a"]))))
@settings(max_examples=50)
def test_duplicates_are_those_that_pandas_finds(rows: list[tuple[int | None, str | None]]) -> None:
    frame = pd.DataFrame(rows, columns=["n", "t"], dtype=object)
    expected = [int(n) + 1 for n in frame.index[frame.fillna("missing").duplicated()]]
    duplicates = Duplicates()
    for start in range(0, len(rows), 3):  # in several batches
        part = rows[start : start + 3]
        numbers = pa.array([n for n, _ in part], pa.int64())
        texts = pa.array([t for _, t in part], pa.string())
        positions = pd.RangeIndex(start + 1, start + 1 + len(part)).to_numpy()
        duplicates.add([numbers, texts], positions)
    assert duplicates.repeated().tolist() == expected


def test_the_real_table_passes_with_its_known_remarks(real_table: Path, credit: Dataset) -> None:
    report = schema.check(real_table, credit)
    assert (report.rows, report.state, report.violations) == (30_000, "real", ())
    counts = {(remark.column, remark.rule): remark.count for remark in report.remarks}
    assert counts == {
        ("EDUCATION", "code 0: not in the documentation"): 14,
        ("EDUCATION", "code 5: not in the documentation"): 280,
        ("EDUCATION", "code 6: not in the documentation"): 51,
        ("MARRIAGE", "code 0: not in the documentation"): 54,
        ("", "a row equal to an earlier one, the identifier apart"): 35,
    }

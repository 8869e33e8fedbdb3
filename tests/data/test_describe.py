"""The exploration tells what pandas would tell, and nothing about fewer than twenty clients."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from regulated_ml.data import tables
from regulated_ml.data.describe import describe
from regulated_ml.data.profile import MINIMUM_CLIENTS
from regulated_ml.settings import Dataset

from .conftest import column, loan_lines

Write = Callable[..., Path]


@pytest.fixture
def table(write: Write, loans: Dataset) -> pa.Table:
    """Two thousand loans."""
    return tables.read(write(loan_lines(2000)), loans)


@pytest.fixture
def frame(table: pa.Table) -> pd.DataFrame:
    """The same for pandas."""
    return table.to_pandas()


@pytest.fixture
def found(table: pa.Table, loans: Dataset) -> dict[str, Any]:
    """What is told, as it comes out of JSON."""
    content: dict[str, Any] = json.loads(json.dumps(describe(table, loans), allow_nan=False))
    return content


def named(found: dict[str, Any], name: str) -> dict[str, Any]:
    """What is told about one column."""
    return next(each for each in found["columns"] if each["name"] == name)


def test_rows_label_and_missing_values_are_counted(
    found: dict[str, Any], frame: pd.DataFrame
) -> None:
    assert found["rows"] == 2000
    assert found["label"]["rate"] == pytest.approx((frame["bad"] == "yes").mean())
    for name in ("amount", "region", "term"):
        assert named(found, name)["missing"] == frame[name].isna().sum()


def test_codes_are_counted_with_their_label_rate(
    found: dict[str, Any], frame: pd.DataFrame
) -> None:
    groups = {group["text"]: group for group in named(found, "grade")["groups"]}
    for code, text in {"A": "A: good", "B": "B: fair", "C": "C: weak"}.items():
        rows = frame[frame["grade"] == code]
        assert groups[text]["rows"] == len(rows)
        assert groups[text]["share"] == pytest.approx(len(rows) / 2000)
        assert groups[text]["label_rate"] == pytest.approx((rows["bad"] == "yes").mean())


def test_numbers_have_quantiles_near_the_exact_ones_and_groups_that_cover_all(
    found: dict[str, Any], frame: pd.DataFrame
) -> None:
    amount = named(found, "amount")
    assert amount["mean"] == pytest.approx(frame["amount"].mean())
    order = frame["amount"].dropna().sort_values().to_numpy()
    for share, value in amount["quantiles"].items():
        assert np.searchsorted(order, value) / len(order) == pytest.approx(float(share), abs=0.01)
    assert sum(group["rows"] for group in amount["groups"]) == len(order)
    ends = [(group["low"], group["high"]) for group in amount["groups"]]
    assert ends == sorted(ends)


def test_ends_are_means_over_twenty_clients_the_ten_outermost_apart(
    found: dict[str, Any], frame: pd.DataFrame
) -> None:
    order = frame["amount"].dropna().sort_values().to_numpy()
    amount = named(found, "amount")
    assert amount["minimum"] == pytest.approx(order[10:30].mean(), abs=0.01)
    assert amount["maximum"] == pytest.approx(order[-30:-10].mean(), abs=0.01)


def test_correlations_are_spearmans(found: dict[str, Any], frame: pd.DataFrame) -> None:
    names = found["correlations"]["columns"]
    assert names == ["amount", "term", "bad"]
    positive = (frame["bad"] == "yes").astype(float)
    expected = frame["amount"].corr(positive, method="spearman")
    assert found["correlations"]["matrix"][0][2] == pytest.approx(expected, abs=1e-4)


def test_identifiers_and_ignored_columns_are_not_told(found: dict[str, Any]) -> None:
    assert set(named(found, "loan")) == {"name", "type", "role", "missing"}
    assert "note" not in [each["name"] for each in found["columns"]]
    assert "L000001" not in json.dumps(found)


def test_no_group_shows_fewer_than_twenty_clients(write: Write, loans: Dataset) -> None:
    rows = loan_lines(400)
    rows[:3] = [row.replace(",A,", ",X,").replace(",B,", ",X,") for row in rows[:3]]
    rows[5] = rows[5].replace(",north,", ",Atlantis,").replace(",south,", ",Atlantis,")
    content = describe(tables.read(write(rows), loans), loans)
    groups = [g for each in content["columns"] for g in each.get("groups", ())]
    assert min(group["rows"] for group in groups) >= MINIMUM_CLIENTS
    assert "Atlantis" not in json.dumps(content)


@pytest.mark.parametrize("change", ["constant", "empty", "one row"])
def test_odd_tables_are_described_too(table: pa.Table, loans: Dataset, change: str) -> None:
    if change == "one row":
        table = table.slice(0, 1)
    else:
        values = pa.array([7.0 if change == "constant" else None] * len(table), pa.float64())
        table = table.set_column(2, "amount", values)
    content = describe(table, column(loans, "amount", required=False))
    assert content["rows"] == len(table)
    json.dumps(content, allow_nan=False)


def test_the_real_table(real_table: Path, credit: Dataset) -> None:
    content = describe(tables.read(real_table, credit), credit)
    assert content["label"]["rate"] == pytest.approx(0.2212)
    late = {g["text"]: g["label_rate"] for g in named(content, "PAY_0")["groups"]}
    assert late["2: two months late"] == pytest.approx(0.6914, abs=1e-4)
    assert all(each["missing"] == 0 for each in content["columns"])

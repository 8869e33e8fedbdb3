"""Distributions of columns: exact where they say so, the same in one pass or in parts."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from regulated_ml.monitoring import distributions
from regulated_ml.monitoring.distributions import Distribution, Kind, describe, merged

NUMBERS = st.floats(-1e6, 1e6, width=32)


def column(values: Sequence[Any] | pa.Array, kind: Kind = "number") -> Distribution:
    """The distribution of one column."""
    return describe([pa.record_batch({"x": pa.array(values)})], {"x": kind})["x"]


def test_moments_and_extremes_are_those_of_the_values() -> None:
    found = column([3.0, None, 1.0, math.nan, 8.0])
    # By hand: mean 12/3, deviations -1, -3, 4, variance 26/3.
    assert (found.present, found.missing, found.rows) == (3, 2, 5)
    assert (found.minimum, found.mean, found.maximum) == (1.0, 4.0, 8.0)
    assert found.deviation == pytest.approx(math.sqrt(26 / 3))
    assert found.completeness == pytest.approx(0.6)
    assert found.whole
    assert not column([1.0, 1.5]).whole


@settings(max_examples=30, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_parts_merge_into_the_whole(values: list[float], cuts: list[int]) -> None:
    whole = column(values)
    ends = sorted({0, *(cut for cut in cuts if cut < len(values)), len(values)})
    parts = [{"x": column(values[low:high])} for low, high in itertools.pairwise(ends)]
    found = merged(parts)["x"]
    assert (found.present, found.minimum, found.maximum) == (len(values), min(values), max(values))
    assert found.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert found.deviation == pytest.approx(np.std(values), rel=1e-6, abs=1e-6)
    for one, other in zip(found.weighted(), whole.weighted(), strict=True):
        assert np.array_equal(one, other)  # fewer values than the sketch holds: none is lost


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "", " a ", "1", "1.0", "NaN"]), max_size=60))
def test_categories_merge_into_the_whole(values: list[str]) -> None:
    parts = [{"x": column(pa.array(values[k::3], pa.string()), "category")} for k in range(3)]
    found = merged(parts)["x"]
    names = {"a": "a", " a ": "a", "b": "b", "1": "1", "1.0": "1"}
    known = [names[value] for value in values if value in names]
    assert found.counts == {name: known.count(name) for name in set(known)}
    assert (found.present, found.missing) == (len(known), len(values) - len(known))


def test_text_and_types_say_the_same_of_a_number() -> None:
    typed = column(pa.array([0.1, -2.0, 30000.0, None], pa.float32()))
    text = column(["0.1", " -2 ", "+3e4", ""])
    assert (typed.mean, typed.squares) == (text.mean, text.squares)
    assert np.array_equal(typed.weighted()[0], text.weighted()[0])  # as float32 holds 0.1


def test_codes_are_the_same_as_numbers_and_as_text() -> None:
    counts = [column(values, "category").counts for values in ([1.0, 2.0], ["1", "2.0"], [1, 2])]
    assert counts == [{"1": 1, "2": 1}] * 3


@pytest.mark.parametrize(
    ("cells", "present", "missing", "unreadable"),
    [
        pytest.param([], 0, 0, 0, id="no rows"),
        pytest.param([None, None], 0, 2, 0, id="all missing"),
        pytest.param([7.0], 1, 0, 0, id="one value"),
        pytest.param(["7", "seven", "0x7", "1_0", "--7", "7\x00"], 1, 0, 5, id="text for a number"),
        pytest.param([math.inf, -math.inf, 2.0], 3, 0, 0, id="infinite"),
        pytest.param(["inf", "-Infinity", "nan", "1e39"], 3, 1, 0, id="infinite as text"),
        pytest.param(["9" * 400, "1e999", "1e-999", "\u0661"], 3, 0, 1, id="hostile numbers"),
        pytest.param(pa.array(["1", "x"]).dictionary_encode(), 1, 0, 1, id="a dictionary"),
        pytest.param([True, None], 1, 1, 0, id="truths"),
    ],
)
def test_every_cell_is_counted_once(
    cells: Any, present: int, missing: int, unreadable: int
) -> None:
    found = column(cells if len(cells) else pa.array([], pa.float64()))
    assert (found.present, found.missing, found.unreadable) == (present, missing, unreadable)
    assert math.isfinite(found.mean) and math.isfinite(found.deviation)
    assert found.sketch.n == present


def test_infinite_values_have_ranks_and_no_part_in_the_mean() -> None:
    found = column([1.0, 3.0, math.inf, -math.inf])
    assert (found.infinite, found.minimum, found.mean, found.maximum) == (2, 1.0, 2.0, 3.0)
    assert found.weighted()[0].tolist() == [-math.inf, 1.0, 3.0, math.inf]


def test_a_column_that_no_batch_has_is_left_out() -> None:
    batches = [pa.record_batch({"x": [1.0]}), pa.record_batch({"x": [2.0], "y": [3.0]})]
    found = describe(batches, {"x": "number", "y": "number", "z": "number"})
    assert list(found) == ["x", "y"]
    assert (found["y"].present, found["y"].missing) == (1, 1)  # the first batch lacks it
    assert list(describe([], {"x": "number"})) == ["x"]


def test_a_flood_of_categories_needs_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "MOST_CATEGORIES", 3)
    found = column([f"v{number}" for number in range(9)], "category")
    assert found.present == 9
    assert sorted(found.counts.values()) == [1, 1, 1, 6]


def test_a_number_and_a_category_do_not_merge() -> None:
    with pytest.raises(ValueError, match="a category does not merge into a number"):
        column([1.0]).merge(column(["a"], "category"))


def test_sketches_of_the_real_table_are_off_by_a_thousandth_at_most(real_table: Any) -> None:
    table = csv.read_csv(real_table)
    values = table.column("BILL_AMT1").to_numpy().astype(np.float32)
    found = column(values)
    order = np.sort(values)
    kept, weights = found.weighted()
    exact = np.searchsorted(order, kept, "right") / len(order)
    error = float(np.abs(np.cumsum(weights) / len(order) - exact).max())
    assert 0 < error <= min(0.001, found.rank_error)

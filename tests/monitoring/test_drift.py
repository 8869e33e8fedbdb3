"""Drift against chance: statistics by hand and by scipy, p-values by counting, errors bounded."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom, hypergeom, ks_2samp, multivariate_hypergeom

from regulated_ml.monitoring import drift, nulls
from regulated_ml.monitoring.distributions import Distribution, Kind, describe
from regulated_ml.monitoring.drift import Drift, compare

RATE = 0.01


def sides(columns: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Distribution]:
    """One side of a comparison."""
    return describe([pa.record_batch({n: pa.array(v) for n, v in columns.items()})], kinds)


def of(one: Any, other: Any, kind: Kind = "number", rate: float = RATE) -> Drift:
    """What is found of one column."""
    (found,) = compare(sides({"x": one}, {"x": kind}), sides({"x": other}, {"x": kind}), rate)
    return found


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.6])
def test_ks_is_that_of_scipy(shift: float) -> None:
    rng = np.random.default_rng(1)
    one, other = (rng.normal(size=size).astype(np.float32) for size in (1500, 400))
    other += np.float32(shift)
    # scipy adds up in the precision of what it is given.
    expected = ks_2samp(one.astype(float), other.astype(float), method="asymp")
    found = of(one, other)
    assert found.distance == pytest.approx(expected.statistic, abs=1e-12)
    # The limit's first term: no smaller than the p-value, and equal to it where that is small.
    assert found.p_value is not None and found.p_value >= expected.pvalue * 0.999
    if expected.pvalue < 0.05:
        assert found.p_value == pytest.approx(expected.pvalue, rel=0.35)
    assert found.drifted is bool(expected.pvalue <= RATE)


def test_total_variation_by_hand() -> None:
    found = of(["a"] * 60 + ["b"] * 40, ["a"] * 20 + ["b"] * 60 + ["c"] * 20, "category")
    # |0.6 - 0.2| + |0.4 - 0.6| + |0 - 0.2|, halved.
    assert found.distance == pytest.approx(0.4)
    assert (found.statistic, found.rows, found.drifted) == ("tv", (100, 100), True)


@pytest.mark.parametrize("kind", ["number", "category"])
def test_the_p_value_of_two_values_is_the_hypergeometric_one(kind: Kind) -> None:
    one, other = [0.0] * 150 + [1.0] * 50, [0.0] * 30 + [1.0] * 20
    k = np.arange(51)
    gaps = np.abs(k / 50 - (70 - k) / 200)
    expected = hypergeom(250, 70, 50).pmf(k)[gaps >= 0.15 - 1e-9].sum()
    found = of(one, other, kind)
    assert found.distance == pytest.approx(0.15)
    assert found.p_value == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("kind", "name"), [("number", "ks"), ("category", "tv")])
def test_the_p_value_of_three_values_is_found_by_counting_all_windows(
    kind: Kind, name: str
) -> None:
    one, other = (np.repeat([0.0, 1.0, 2.0], counts) for counts in ((40, 30, 20), (9, 8, 13)))
    pooled, rows = np.array([49, 38, 33]), 30
    draws = np.array([(a, b, rows - a - b) for a, b in itertools.product(range(31), repeat=2)])
    draws = draws[draws[:, 2] >= 0]
    gaps = draws / rows - (pooled - draws) / 90
    sizes = {
        "ks": np.abs(gaps.cumsum(axis=1)).max(axis=1),
        "tv": np.abs(gaps).sum(axis=1) / 2,
    }[name]
    observed = {"ks": 13 / 30 - 20 / 90, "tv": 13 / 30 - 20 / 90}[name]
    expected = multivariate_hypergeom(pooled, rows).pmf(draws)[sizes >= observed - 1e-9].sum()
    found = of(one, other, kind)
    assert found.distance == pytest.approx(observed)
    assert found.p_value == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("kind", ["number", "category"])
def test_the_critical_value_parts_what_drifts_from_what_does_not(kind: Kind) -> None:
    baseline = [0.0] * 500 + [1.0] * 500
    found = [of(baseline, [0.0] * (100 - k) + [1.0] * k, kind) for k in range(50, 101)]
    assert found[0].drifted is False and found[-1].drifted is True
    for each in found:
        assert each.distance is not None and each.critical is not None
        assert each.drifted is (each.distance >= each.critical)


def test_columns_are_corrected_as_holm_says() -> None:
    rng = np.random.default_rng(7)
    names = [f"x{number}" for number in range(8)]
    kinds: dict[str, Kind] = dict.fromkeys(names, "number")
    one = {name: rng.normal(size=1000) for name in names}
    other = {n: rng.normal(0.05 * k, size=500) for k, n in enumerate(names)}
    found = compare(sides(one, kinds), sides(other, kinds), 0.05)
    values = sorted(
        float(
            ks_2samp(*(side[n].astype(np.float32) for side in (one, other)), method="asymp").pvalue
        )
        for n in names
    )
    passed = [p <= 0.05 / (8 - k) for k, p in enumerate(values)]
    rejected = passed.index(False)
    # The step-down correction rejects more here than dividing by 8 does.
    assert 0 < sum(p <= 0.05 / 8 for p in values) < rejected < 8
    assert sum(each.drifted for each in found) == rejected


def test_runs_without_drift_keep_the_false_alarm_rate() -> None:
    rng, rate, runs = np.random.default_rng(11), 0.1, 80
    kinds: dict[str, Kind] = {"n": "number", "few": "number", "c": "category", "rare": "category"}
    alarms = 0
    for _ in range(runs):
        one, other = (
            {
                "n": rng.normal(size=size),
                "few": rng.integers(-2, 4, size),
                "c": rng.choice(["a", "b", "c"], size, p=[0.6, 0.3, 0.1]),
                "rare": rng.choice(["a", "b"], size, p=[0.99, 0.01]),
            }
            for size in (1000, 100)
        )
        found = compare(sides(one, kinds), sides(other, kinds), rate)
        alarms += any(each.drifted for each in found)
    assert alarms <= binom(runs, rate).ppf(0.99)
    assert alarms >= 1  # it is no test that never rejects


def test_the_sketches_errors_are_taken_from_the_distance() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=20_000), rng.normal(size=9_000)
    kinds: dict[str, Kind] = {"x": "number"}
    baseline, window = sides({"x": one}, kinds), sides({"x": other}, kinds)
    (found,) = compare(baseline, window, RATE)
    exact = nulls.Continuous((20_000, 9_000)).critical(RATE)
    errors = baseline["x"].rank_error + window["x"].rank_error
    assert found.critical == pytest.approx(exact + errors)
    assert 0.001 < errors < 0.002  # twice DataSketches' 0.07 % at k = 4096
    assert abs((found.distance or 0) - ks_2samp(one, other).statistic) <= 0.001


def test_what_cannot_be_tested_says_why_and_never_drifts() -> None:
    kinds: dict[str, Kind] = {
        "gone": "number", "few": "number", "same": "category", "text": "number", "ok": "number"
    }  # fmt: skip
    one = {name: np.zeros(100) for name in kinds} | {"ok": np.arange(100.0)}
    other = {**one, "few": [1.0] * 29 + [None] * 71}
    window = sides(other, {**kinds, "text": "category"})
    del window["gone"]
    window["new"] = window["ok"]
    found = {each.column: each for each in compare(sides(one, kinds), window, RATE)}
    notes = {name: each.note for name, each in found.items()}
    assert notes == {
        "gone": "the window has no such column",
        "few": "too few values to tell: 29 in the window, 30 are needed",
        "same": "all values of both are the same",
        "text": "a number in the baseline, a category in the window",
        "ok": "",
        "new": "the baseline has no such column",
    }
    assert not any(each.drifted for each in found.values())
    # Columns that are not tested cost the others nothing: the level is that of one column.
    assert found["ok"].critical == pytest.approx(nulls.Continuous((100, 100)).critical(RATE))


def test_many_rare_categories_are_pooled_by_both_sides_together() -> None:
    rng = np.random.default_rng(3)
    names = [f"c{number:03d}" for number in range(200)]
    found = of(rng.choice(names, 3000), rng.choice(names, 300), "category")
    assert not found.drifted
    found = of(rng.choice(names, 3000), rng.choice(names[:20], 300), "category")
    assert found.drifted


def test_a_level_that_no_number_of_draws_tells_is_still_reached() -> None:
    found = of([0.0] * 1000 + [1.0] * 10, [1.0] * 500, "category", rate=1e-9)
    assert found.drifted
    assert found.p_value is not None and found.p_value < 1e-50


def test_more_rows_than_an_urn_holds_are_told_by_the_bound() -> None:
    null = nulls.simulated(np.array([10**9, 10**9]), (10**9, 10**9), nulls.tv, 0.01)
    assert null.p_value(1e-5) > 0.5
    assert null.p_value(1e-3) < 1e-6
    assert null.p_value(null.critical(0.01)) == pytest.approx(0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        compare({}, {}, rate)


def test_nothing_to_compare_is_no_drift() -> None:
    assert compare({}, {}, RATE) == []
    assert drift.LEAST == 30

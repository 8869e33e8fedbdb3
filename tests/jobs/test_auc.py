"""The AUC, DeLong's interval and test: by hand, by their definition and by a bootstrap."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import auc

# Labels and few different scores, so that there are ties; two rows or more of either label.
SAMPLES = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.integers(0, 6), st.integers(0, 6)),
    min_size=6,
    max_size=40,
).filter(lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2)


def by_definition(labels: Any, one: Any, other: Any) -> float:
    """The covariance of two AUCs from all pairs, as DeLong et al. (1988) write it."""
    kernels = [
        (s[labels == 1][:, None] > s[labels == 0])
        + 0.5 * (s[labels == 1][:, None] == s[labels == 0])
        for s in (one, other)
    ]
    by_positive, by_negative = ([k.mean(axis) for k in kernels] for axis in (1, 0))
    return float(
        np.cov(*by_positive)[0, 1] / (labels == 1).sum()
        + np.cov(*by_negative)[0, 1] / (labels == 0).sum()
    )


def test_four_rows_by_hand() -> None:
    # The positive at 0.35 beats one of two negatives, the one at 0.8 both: (1/2 + 1) / 2. The
    # variance of {1/2, 1} is 1/8, for the negatives likewise; each is divided by its two rows.
    found = auc.placements(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    assert found.auc == 0.75
    assert auc.covariance(found, found) == pytest.approx(1 / 8)
    interval = auc.interval(found, 0.5)
    assert interval["low"] == pytest.approx(0.75 - 0.67448975 * math.sqrt(1 / 8))
    assert interval["high"] == pytest.approx(0.75 + 0.67448975 * math.sqrt(1 / 8))


@given(SAMPLES)
def test_the_area_is_that_of_scikit_learn(rows: list[tuple[int, int, int]]) -> None:
    labels, scores, _ = np.array(rows).T
    assert auc.placements(labels, scores).auc == pytest.approx(roc_auc_score(labels, scores))


@given(SAMPLES)
def test_variance_and_covariance_are_those_of_the_definition(
    rows: list[tuple[int, int, int]],
) -> None:
    labels, one, other = np.array(rows).T
    first, second = auc.placements(labels, one), auc.placements(labels, other)
    assert auc.covariance(first, second) == pytest.approx(by_definition(labels, one, other))
    assert auc.covariance(first, first) == pytest.approx(by_definition(labels, one, one))


@given(SAMPLES, st.floats(0.01, 0.99))
def test_an_interval_holds_the_value_and_stays_within_0_and_1(
    rows: list[tuple[int, int, int]], confidence: float
) -> None:
    labels, scores, _ = np.array(rows).T
    found = auc.interval(auc.placements(labels, scores), confidence)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1


def scored(rows: int) -> tuple[Any, Any, Any]:
    """Labels, and the scores of a better and a worse model, which share some of their noise."""
    rng = np.random.default_rng(5)
    labels = (rng.random(rows) < 0.3).astype(int)
    noise = rng.normal(size=rows)
    better = labels + noise
    return labels, better, 0.7 * labels + noise + 0.5 * rng.normal(size=rows)


def test_the_standard_error_is_that_of_a_bootstrap() -> None:
    labels, one, other = scored(600)
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1500):
        rows = rng.integers(0, 600, 600)
        areas = [auc.placements(labels[rows], s[rows]).auc for s in (one, other)]
        draws.append([*areas, areas[0] - areas[1]])
    expected = np.std(draws, axis=0)
    found = [auc.placements(labels, s) for s in (one, other)]
    z = 1.959964
    intervals = [*(auc.interval(f, 0.95) for f in found), auc.difference(*found, 0.95)]
    for interval, error in zip(intervals, expected, strict=True):
        assert (interval["high"] - interval["value"]) / z == pytest.approx(error, rel=0.08)


def test_the_p_value_is_uniform_where_two_models_are_equally_good() -> None:
    rng = np.random.default_rng(1)
    p_values = []
    for _ in range(400):
        labels = (rng.random(200) < 0.4).astype(int)
        pair = [auc.placements(labels, labels + rng.normal(size=200)) for _ in range(2)]
        p_values.append(auc.difference(*pair, 0.95)["p_value"])
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(p_values) < level) == pytest.approx(level, abs=0.06)


def test_a_better_model_is_told_from_a_worse_one() -> None:
    labels, better, worse = scored(2000)
    found = auc.difference(*(auc.placements(labels, s) for s in (better, worse)), 0.95)
    assert found["value"] > found["low"] > 0
    assert found["p_value"] < 0.001


def test_a_model_is_no_better_than_itself() -> None:
    labels, scores, _ = scored(100)
    same = auc.placements(labels, scores)
    found = auc.difference(same, same, 0.95)
    assert found == {"value": 0, "low": 0, "high": 0, "p_value": 1}

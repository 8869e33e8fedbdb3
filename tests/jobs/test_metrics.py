"""The metrics of a validation report, against scikit-learn, SciPy and hand-made cases."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    roc_curve,
)

from regulated_ml.jobs import intervals, metrics

COSTS = {"false_positive": 1.0, "false_negative": 5.0}
# Labels and scores in hundredths, so that there are ties; both labels occur.
ROWS = st.lists(
    st.tuples(st.sampled_from([0, 1]), st.integers(1, 99)), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(row[0] for row in rows) < len(rows))


def arrays(rows: list[tuple[int, int]]) -> tuple[Any, Any]:
    """Labels and scores."""
    labels, scores = np.array(rows).T
    return labels, scores / 100


@given(ROWS)
def test_single_numbers_are_those_of_scikit_learn_and_scipy(rows: list[tuple[int, int]]) -> None:
    labels, scores = arrays(rows)
    found = metrics.curve(labels, scores)
    expected = average_precision_score(labels, scores)
    assert metrics.average_precision(found) == pytest.approx(expected)
    assert metrics.brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores))
    assert metrics.log_loss(labels, scores) == pytest.approx(log_loss(labels, scores))


@given(ROWS)
def test_ks_is_that_of_scipy(rows: list[tuple[int, int]]) -> None:
    labels, scores = arrays(rows)
    found = metrics.ks(metrics.curve(labels, scores))
    expected = ks_2samp(scores[labels == 0], scores[labels == 1]).statistic
    assert found["value"] == pytest.approx(expected)
    caught, wrong = ((scores[labels == code] >= found["score"]).mean() for code in (1, 0))
    assert abs(caught - wrong) == pytest.approx(found["value"])


def test_scores_that_rank_the_wrong_way_round_have_the_same_ks() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.9])
    for given_scores in (scores, 1 - scores):
        assert metrics.ks(metrics.curve(labels, given_scores))["value"] == 0.5


@given(ROWS)
def test_curves_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    labels, scores = arrays(rows)
    found = metrics.curve(labels, scores)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    points = np.array([[p["fpr"], p["tpr"]] for p in metrics.roc(found)])
    assert points == pytest.approx(np.column_stack([fpr, tpr]))
    precision, recall, _ = precision_recall_curve(labels, scores)
    points = np.array([[p["precision"], p["recall"]] for p in metrics.precision_recall(found)])
    assert points == pytest.approx(np.column_stack([precision, recall])[-2::-1])


@given(ROWS, st.sampled_from([0.05, 0.5, 0.333, 0.995]))
def test_thresholds_count_what_is_flagged(rows: list[tuple[int, int]], chosen: float) -> None:
    labels, scores = arrays(rows)
    found = metrics.thresholds(metrics.curve(labels, scores), chosen, COSTS)
    assert chosen in [row["threshold"] for row in found["thresholds"]]
    for row in found["thresholds"]:
        flagged = scores >= row["threshold"]
        expected = confusion_matrix(labels, flagged, labels=[0, 1]).ravel().tolist()
        names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
        assert [row[name] for name in names] == expected
        assert row["flagged"] == flagged.sum()
        assert row["precision"] == (labels[flagged].mean() if flagged.any() else None)
        assert row["cost"] == expected[1] + 5 * expected[2]


@given(ROWS)
def test_the_cheapest_threshold_is_in_the_table_and_no_hundredth_is_cheaper(
    rows: list[tuple[int, int]],
) -> None:
    labels, scores = arrays(rows)
    found = metrics.thresholds(metrics.curve(labels, scores), 0.5, COSTS)
    costs = {row["threshold"]: row["cost"] for row in found["thresholds"]}
    cheapest = costs[found["cheapest_threshold"]]
    for percent in range(1, 100):
        flagged = scores >= percent / 100
        cost = (flagged & (labels == 0)).sum() + 5 * (~flagged & (labels == 1)).sum()
        assert cheapest <= cost


def test_a_score_at_the_threshold_is_flagged() -> None:
    found = metrics.curve(np.array([0, 1]), np.array([0.2, 0.5]))
    row = next(
        row
        for row in metrics.thresholds(found, 0.5, COSTS)["thresholds"]
        if row["threshold"] == 0.5
    )
    assert (row["true_positives"], row["false_positives"]) == (1, 0)


@given(ROWS, st.integers(2, 12))
def test_bands_divide_the_rows_from_low_to_high_scores(
    rows: list[tuple[int, int]], number: int
) -> None:
    labels, scores = arrays(rows)
    bands = metrics.bands(labels, scores, number)
    assert [band["band"] for band in bands] == list(range(1, len(bands) + 1))
    assert len(bands) <= number
    assert sum(band["rows"] for band in bands) == len(labels)
    assert sum(band["defaults"] for band in bands) == labels.sum()
    for lower, upper in pairwise(bands):
        assert lower["high"] < upper["low"]  # so equal scores are in one band
    for band in bands:
        inside = (scores >= band["low"]) & (scores <= band["high"])
        assert (inside.sum(), labels[inside].mean()) == (band["rows"], band["default_rate"])


def test_bands_of_different_scores_are_equally_large() -> None:
    scores = np.random.default_rng(0).permutation(1000) / 1000
    bands = metrics.bands((scores > 0.5).astype(int), scores, 10)
    assert [band["rows"] for band in bands] == [100] * 10
    assert [band["default_rate"] for band in bands] == [0] * 5 + [0.99] + [1] * 4


def test_true_probabilities_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    scores = rng.beta(1, 4, 20_000)
    labels = (rng.random(20_000) < scores).astype(int)
    bins = metrics.calibration(labels, scores, 0.95)
    assert len(bins) == 10
    inside = [b["observed_low"] <= b["predicted"] <= b["observed_high"] for b in bins]
    assert sum(inside) >= 8
    shifted = metrics.calibration(labels, scores * 0.8, 0.95)
    assert sum(b["observed_low"] <= b["predicted"] <= b["observed_high"] for b in shifted) <= 2


def test_wilson_by_hand() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I.
    assert intervals.wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert intervals.wilson(0, 20, 0.95) == pytest.approx((0, 0.1611), abs=5e-5)


def test_curves_of_many_rows_are_thinned_with_both_ends() -> None:
    rng = np.random.default_rng(0)
    found = metrics.curve(rng.integers(0, 2, 5000), rng.random(5000))
    points = metrics.roc(found)
    assert len(points) == len(metrics.precision_recall(found)) == 200
    assert (points[0], points[-1]) == ({"fpr": 0, "tpr": 0}, {"fpr": 1, "tpr": 1})


def test_the_histogram_counts_every_row() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0, 0.024, 0.026, 1])
    found = metrics.histogram(labels, scores)
    assert len(found["edges"]) == 41
    assert (found["negative"][0], found["positive"][1], found["positive"][-1]) == (2, 1, 1)


def test_a_certain_mistake_has_a_finite_loss() -> None:
    assert metrics.log_loss(np.array([0, 1]), np.array([1.0, 1.0])) == pytest.approx(
        17.27, abs=0.01
    )

"""The sentences about contributions are true: of usual ones, ties, and none."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.reports.findings import explanation


def features(*sizes: float) -> list[dict[str, Any]]:
    """Features called A, B, C, ... by mean absolute contribution."""
    return [{"name": chr(65 + n), "mean_absolute": size} for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (features(0.6, 0.2, 0.1), "A matters most: it moves the score 3.0 times as much as B"),
        (features(20.0, 0.2), "A matters most: it moves the score 100 times as much as B"),
        (features(0.2, 0.2, 0.1), "A and B matter most, about equally"),
        (features(0.201, 0.2, 0.199, 0.1), "A, B and C matter most, about equally"),
        (features(0.2), "A alone moves the score"),
        (features(0.2, 0.0), "A alone moves the score"),
        (features(0.0, 0.0), "No feature moves the score: every client gets the same one"),
        ([], "No feature moves the score: every client gets the same one"),
    ],
)
def test_importance_names_what_matters_most(found: list[dict[str, Any]], expected: str) -> None:
    assert explanation.importance(found) == expected


@given(st.lists(st.floats(0.001, 10), min_size=2, max_size=8))
def test_the_factor_in_the_headline_is_the_factor_of_the_numbers(sizes: list[float]) -> None:
    sizes.sort(reverse=True)
    sentence = explanation.importance(features(*sizes))
    if found := re.search(r"([\d,.]+) times", sentence):
        factor = float(found[1].replace(",", ""))
        assert factor == pytest.approx(sizes[0] / sizes[1], rel=0.06)
        assert factor > 1
    else:
        assert sizes[0] / sizes[1] <= explanation.TIE


def pushes(*values: float) -> Any:
    """Contributions of one feature."""
    return np.array(values)


@pytest.mark.parametrize(
    ("contributions", "expected"),
    [
        ([pushes(-0.1, 2.4), pushes(-1.2, 0.3)],
         "A raises a client’s score furthest (+2.40), b lowers one furthest (−1.20)"),
        ([pushes(0.1, 2.4), pushes(0.2, 0.3)], "A raises a client’s score furthest (+2.40)"),
        ([pushes(-0.1, -0.2), pushes(-1.2, 0)], "B lowers a client’s score furthest (−1.20)"),
        ([pushes(0, 0), pushes(0, 0)], "No feature moves any client’s score"),
    ],
)  # fmt: skip
def test_the_furthest_pushes_are_named(contributions: list[Any], expected: str) -> None:
    assert explanation.beeswarm(["a", "b"], contributions) == expected


def frequency(*counts: int) -> list[dict[str, Any]]:
    """Reasons by the number of clients told."""
    return [{"feature": "F", "text": f"reason {n}", "clients": c} for n, c in enumerate(counts, 1)]


@pytest.mark.parametrize(
    ("frequencies", "declined", "expected"),
    [
        (frequency(90, 50), 100, "“reason 1” is the most frequent reason, given to 90% of the 100 "
         "declined clients"),
        (frequency(90, 90, 1), 100, "“reason 1” and “reason 2” are the most frequent reasons"),
        (frequency(1), 1, "“reason 1” is the most frequent reason, given to the one declined"),
        ([], 0, "No client of the sample is declined, so no reason is given"),
    ],
)  # fmt: skip
def test_the_most_frequent_reason_is_named(
    frequencies: list[dict[str, Any]], declined: int, expected: str
) -> None:
    assert explanation.reasons(frequencies, declined).startswith(expected)


def test_contributions_that_do_not_add_up_are_said_so() -> None:
    good = {"largest_error": 1.5e-6, "tolerance": 1e-4, "rows_checked": 6000}
    assert explanation.additivity(good).startswith("Contributions add up to the score on all 6,000")
    for error in (2e-4, float("nan"), None):
        bad = {**good, "largest_error": error}
        assert explanation.additivity(bad).startswith("Contributions do not add up")

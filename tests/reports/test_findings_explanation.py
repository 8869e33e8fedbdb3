"""The sentences about contributions are true: of usual ones, ties, and none."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.reports.findings import explanation
from regulated_ml.reports.words import ColumnWords, Vocabulary


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


PAY = Vocabulary(columns={"PAY": ColumnWords(values={0: "paid", 2: "two months late"})})


def depends(values: Any, contributions: Any) -> str:
    """The sentence about the column PAY."""
    values, contributions = np.asarray(values, float), np.asarray(contributions, float)
    cloud = explanation.Cloud("PAY", values, contributions)
    return explanation.dependence("status", explanation.levels(cloud, PAY))


@pytest.mark.parametrize(
    ("values", "contributions", "expected"),
    [
        ([0] * 10 + [2] * 10, [-0.5] * 10 + [1.7] * 10,
         "raises the score most at “two months late” (+1.70), lowers it most at “paid” (−0.50)"),
        ([0] * 10 + [2] * 10, [0.5] * 10 + [1.7] * 10,
         "Status raises the score most at “two months late” (+1.70), least at “paid” (+0.50)"),
        ([0] * 10 + [2] * 10, [-0.5] * 10 + [-1.7] * 10,
         "Status lowers the score most at “two months late” (−1.70), least at “paid” (−0.50)"),
        ([0] * 10 + [2] * 10, [0.1] * 20, "Status moves the score by +0.10 at any value"),
        ([2] * 10, [0.1] * 10, "Status has one value in the sample, two months late (2)"),
        ([0] * 10 + [1] * 10 + [2], [-0.5] * 10 + [0.3] * 10 + [9], "(+0.30)"),
        ([0, 2], [-0.5, 9], "(+9.00)"),
    ],
)  # fmt: skip
def test_dependence_names_the_values_with_the_highest_and_lowest_median(
    values: list[float], contributions: list[float], expected: str
) -> None:
    assert expected in depends(values, contributions)


few = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)
many = st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=100, unique=True)
repeated = st.lists(st.integers(0, 40).map(float), min_size=100, max_size=200)


@given(few | many | repeated)
def test_every_client_is_in_one_level(values: list[float]) -> None:
    array = np.array(values)
    cloud = explanation.Cloud("x", array, np.zeros(len(array)))
    levels = explanation.levels(cloud, Vocabulary())
    assert sum(level.rows for level in levels) == len(values)
    assert all(level.rows for level in levels)


def test_categories_are_called_by_their_texts() -> None:
    codes = [f"kind {n}" for n in range(30)]  # more than would be looked at one by one as numbers
    values = np.arange(300.0) % 30
    levels = explanation.levels(explanation.Cloud("x", values, values, codes), Vocabulary())
    assert [level.text for level in levels] == codes
    assert explanation.dependence("Type", levels) == (
        "Type raises the score most at kind 29 (+29.00), least at kind 0 (0.00)"
    )


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

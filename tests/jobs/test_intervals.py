"""Intervals of shares, of differences and of ratios."""

from typing import Any

import numpy as np
import pytest

from regulated_ml.jobs.intervals import Share, difference, joint, ratio, rounded


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_has_the_published_interval(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Share(*one), Share(*other), 0.95)
    assert found["value"] == pytest.approx(one[0] / one[1] - other[0] / other[1])
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("one", "other"), [((0.72, 150), (0.9, 800)), ((0.97, 120), (0.98, 300))])
def test_the_interval_of_a_ratio_covers_the_true_one_as_often_as_it_says(
    one: tuple[float, int], other: tuple[float, int]
) -> None:
    rng, true = np.random.default_rng(5), one[0] / other[0]
    drawn = [rng.binomial(n, share, 4_000).tolist() for share, n in (one, other)]
    found = [ratio(Share(a, one[1]), Share(b, other[1]), 0.9) for a, b in zip(*drawn, strict=True)]
    covered = [each["low"] <= true <= each["high"] for each in found if each]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)


def test_a_ratio_at_the_ends() -> None:
    assert ratio(Share(5, 10), Share(0, 10), 0.95) is None
    everybody: Any = ratio(Share(40, 40), Share(400, 400), 0.95)
    assert everybody["value"] == 1
    assert 0.9 < everybody["low"] < 1 < everybody["high"] < 1.02
    nobody: Any = ratio(Share(0, 40), Share(10, 40), 0.95)
    assert (nobody["value"], nobody["low"]) == (0, 0)
    assert 0.3 < nobody["high"] < 0.5
    # One of 500 may stand for so little that the ratio has no lower end of use, and a far upper.
    rare: Any = ratio(Share(5, 10), Share(1, 500), 0.95)
    assert (rare["value"], rare["low"]) == (250, 0)
    assert rare["high"] > 1_000


def test_several_intervals_hold_at_once() -> None:
    assert joint(0.95, 10) == pytest.approx(0.995)
    assert joint(0.95, 0) == joint(0.95, 1) == pytest.approx(0.95)


def test_numbers_are_rounded_wherever_they_stand() -> None:
    content = {"a": [0.12345678, {"b": 1 / 3}], "c": 7, "d": None, "e": "x", "f": True}
    assert rounded(content) == {**content, "a": [0.123457, {"b": 0.333333}]}

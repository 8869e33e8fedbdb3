"""The sentences about the model are true: of usual, poor and perfect ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.reports.findings import model

shares = st.floats(0, 1)


def estimate(value: Any, low: Any, high: Any) -> dict[str, Any]:
    """An AUC with its interval."""
    return {"auc": {"value": value, "low": low, "high": high, "confidence": 0.95}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (estimate(0.772, 0.757, 0.787), "In 77 of 100 pairs the model scores the client labelled"),
        (
            estimate(0.51, 0.49, 0.53),
            "The model cannot be told from chance, which is 0.5: AUC 0.510",
        ),
        (estimate(0.5, 0.5, 0.5), "The model cannot be told from chance"),
        (estimate(0.41, 0.39, 0.43), "The model ranks the wrong way round: AUC 0.410"),
        (estimate(1.0, 1.0, 1.0), "The model separates the classes almost without error"),
        (estimate(None, None, None), "The AUC cannot be computed"),
        (estimate(float("nan"), 0.4, 0.6), "The AUC cannot be computed"),
    ],
)
def test_the_headline_says_how_well_the_model_ranks(found: dict[str, Any], expected: str) -> None:
    assert model.auc(found, "defaulted").startswith(expected)


@given(shares, shares, shares)
def test_chance_is_named_exactly_when_the_interval_includes_it(
    a: float, b: float, c: float
) -> None:
    low, value, high = sorted((a, b, c))
    chance = "told from chance" in model.auc(estimate(value, low, high), "x")
    assert chance == (low <= 0.5 <= high)


def rival(value: Any, low: Any, high: Any) -> dict[str, Any]:
    """A challenger that differs by so much."""
    difference = {"value": value, "low": low, "high": high, "p_value": 0.0004}
    return {"challenger": {"name": "logistic regression", "auc_difference": difference}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (rival(0.067, 0.05, 0.08), "The model beats the logistic regression by 0.067 AUC"),
        (rival(-0.02, -0.03, -0.01), "The model is worse than the logistic regression by 0.020"),
        (rival(0.001, -0.002, 0.004), "cannot be told apart: they differ by 0.001 AUC"),
        (rival(None, None, None), "cannot be compared"),
    ],
)
def test_the_challenger_wins_loses_or_cannot_be_told_apart(
    found: dict[str, Any], expected: str
) -> None:
    assert expected in model.challenger(found)


def test_a_p_value_is_never_zero() -> None:
    assert "(p < 0.001)" in model.challenger_test(rival(0.1, 0.05, 0.2))


def decided(**row: Any) -> dict[str, Any]:
    """Two thresholds; `row` changes the chosen one."""
    first = {"threshold": 0.2, "flagged": 50, "precision": 0.4, "recall": 0.7, "cost": 100.0}
    second = {"threshold": 0.5, "flagged": 20, "precision": 0.66, "recall": 0.37, "cost": 127.0}
    return {
        "thresholds": [first, {**second, **row}],
        "chosen_threshold": 0.5,
        "cheapest_threshold": 0.2,
    }


def test_decisions_are_counted_at_the_chosen_threshold() -> None:
    expected = "At the threshold 0.5, 66% of the flagged clients are labelled “bad”, and 37%"
    assert model.decisions(decided(), "bad").startswith(expected)
    nobody = decided(flagged=0, precision=None)
    assert model.decisions(nobody, "bad") == "At the threshold 0.5 no client is flagged"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (decided(), "The chosen threshold, 0.5, costs 27% more than the cheapest, 0.2"),
        (decided(cost=100.0), "No threshold is cheaper than the chosen one, 0.5"),
        ({**decided(), "chosen_threshold": 0.3}, "The cheapest threshold is 0.2"),
    ],
)
def test_the_cost_is_compared_with_the_cheapest(found: dict[str, Any], expected: str) -> None:
    assert model.cost(found) == expected


def test_a_threshold_that_costs_nothing_is_no_divisor() -> None:
    found = decided()
    found["thresholds"][0]["cost"] = 0.0
    assert model.cost(found) == "The threshold 0.2 would cost nothing, the chosen one costs 127"


def bins(*pairs: tuple[float, float]) -> dict[str, Any]:
    """Groups by predicted and observed rate, each with an interval of 0.05 to both sides."""
    return {
        "calibration": [
            {"predicted": p, "observed": o, "observed_low": o - 0.05, "observed_high": o + 0.05}
            for p, o in pairs
        ]
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (bins((0.1, 0.12), (0.6, 0.58)), "Scores can be read as rates in all 2 groups"),
        (bins((0.1, 0.12), (0.6, 0.4)), "in 1 of 2 groups of similar score; the largest gap is a"),
        (bins((0.6, 0.4)), "score too high: 60.0% predicted, 40.0% observed"),
        (
            bins((0.2, 0.4)),
            "none of the 1 groups of similar score; the largest gap is a score too low",
        ),
    ],
)
def test_calibration_names_its_largest_gap(found: dict[str, Any], expected: str) -> None:
    assert expected in model.calibration(found)


def bands(*rates: float | None) -> dict[str, Any]:
    """Score bands with these label rates; None is an empty band."""
    rows = [
        {"low": n / 10, "rows": 0 if rate is None else 10, "default_rate": rate}
        for n, rate in enumerate(rates)
    ]
    return {"bands": rows[::-1]}  # in any order


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (bands(0.04, 0.2, 0.7), "rises from 4.0% in the lowest score band to 70.0% in the highest, "
         "without a step back"),
        (bands(0.1, 0.08, None, 0.7, 0.6), "with 2 steps back"),
        (bands(0.1, 0.08, 0.7), "with 1 step back"),
        (bands(0.3, 0.3), "does not rise with the score: it goes from 30.0%"),
        (bands(0.3), "All clients fall into one score band"),
    ],
)  # fmt: skip
def test_bands_are_followed_from_low_to_high_scores(found: dict[str, Any], expected: str) -> None:
    assert expected in model.bands(found)


def trained(metric: str, validation: list[float], kept_rounds: int) -> dict[str, Any]:
    """A training with its history."""
    history = {"train": [0.8] * len(validation), "validation": validation}
    return {"metric": metric, "history": history, "kept_rounds": kept_rounds}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (trained("auc", [0.7, 0.77, 0.76], 3), "the AUC was best in round 2 of 3"),
        (trained("auc", [0.7, 0.76, 0.77], 3), "the AUC was best in its last round"),
        (trained("logloss", [0.5, 0.43, 0.44], 3), "the log loss was best in round 2 of 3"),
        (
            trained("auc", [0.7, 0.77, 0.76], 2),
            "last round has 0.770 against 0.800 on training rows",
        ),
        (trained("auc", [], 40), "The model has 40 rounds; no validation rows were watched"),
    ],
)
def test_the_best_round_follows_the_metric(found: dict[str, Any], expected: str) -> None:
    assert expected in model.training(found)


def test_an_earlier_versions_best_round_is_the_last_one_that_the_model_keeps() -> None:
    found = trained("auc", [0.7, 0.77, 0.76], 2)
    found["best_round"] = found.pop("kept_rounds")
    assert "the model’s last round has 0.770" in model.training(found)

"""The sentences are true: of usual numbers, of ties, of poor and of perfect models."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regulated_ml.reports.findings import data, explanation, model
from regulated_ml.reports.pages.data import explained
from regulated_ml.reports.words import ColumnWords, Vocabulary

shares = st.floats(0, 1)


def estimate(value: Any, low: Any, high: Any) -> dict[str, Any]:
    """An AUC with its interval."""
    return {"auc": {"value": value, "low": low, "high": high, "confidence": 0.95}}


def features(*sizes: float) -> list[dict[str, Any]]:
    """Features called A, B, C, ... by mean absolute contribution."""
    return [{"name": chr(65 + n), "mean_absolute": size} for n, size in enumerate(sizes)]


# --- the model ---


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


def trained(metric: str, validation: list[float], best_round: int) -> dict[str, Any]:
    """A training with its history."""
    history = {"train": [0.8] * len(validation), "validation": validation}
    return {"metric": metric, "history": history, "best_round": best_round}


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


# --- the explanation ---


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


# --- the data ---


@pytest.mark.parametrize(
    ("violations", "remarks", "expected"),
    [
        (0, 0, "The table keeps every rule of config/dataset.yaml, without a remark"),
        (0, 3, "The table keeps every rule of config/dataset.yaml, with 3 remarks"),
        (1, 1, "The table breaks 1 rule of config/dataset.yaml, with 1 remark"),
    ],
)
def test_the_check_is_told_in_one_sentence(violations: int, remarks: int, expected: str) -> None:
    assert data.check({"violations": [{}] * violations, "remarks": [{}] * remarks}) == expected


@pytest.mark.parametrize(
    ("rate", "rows", "expected"),
    [
        (0.2212, 30000, "22.1% of the 30,000 rows are labelled “bad”"),
        (None, 5, "The table has 5 rows, and its label has no value"),
        (None, 0, "The table has no rows"),
        (1.0, 1, "The table has one row, labelled “bad” or not: 100%"),
    ],
)
def test_the_label_rate_is_told(rate: float | None, rows: int, expected: str) -> None:
    assert data.label(rate, rows, "bad") == expected


def span(name: str, share: float) -> data.Span:
    """A column that explains so much of the label."""
    return data.Span(name, 0.13, 0.76, share)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([span("a", 0.2), span("b", 0.1)],
         "The label goes most with a: its rate lies between 13% and 76%"),
        ([span("a", 0.2), span("b", 0.2), span("c", 0.1)],
         "The label goes most, and about equally, with a and b"),
        ([span("a", 0.0)], "The label rate hardly differs along any column"),
        ([], "No column has groups large enough to compare their label rates"),
    ],
)  # fmt: skip
def test_the_column_that_goes_with_the_label_is_named(
    spans: list[data.Span], expected: str
) -> None:
    assert data.label_rates(spans) == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_the_variance_explained_is_that_of_a_regression_on_the_groups(
    rows: list[tuple[int, bool]],
) -> None:
    group = np.array([g for g, _ in rows])
    label = np.array([y for _, y in rows], float)
    assume(0 < label.mean() < 1)
    column = {
        "groups": [
            {"rows": int((group == g).sum()), "label_rate": float(label[group == g].mean())}
            for g in np.unique(group)
        ]
    }
    fitted = np.array([label[group == g].mean() for g in group])
    assert explained(column) == pytest.approx(fitted.var() / label.var(), abs=1e-9)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([], "No value is missing in any of the 24 columns"),
        ([("age", 0.03)], "Only age lacks values: in 3.0% of the rows"),
        (
            [("age", 0.03), ("sex", 0.2)],
            "2 columns of 24 lack values, sex most: in 20.0% of the rows",
        ),
    ],
)
def test_missing_values_are_counted(shares: list[tuple[str, float]], expected: str) -> None:
    assert data.missing(shares, 24) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "b", 0.95), ("a", "c", -0.8), ("b", "c", 0.1)],
         "A and b go together most (correlation 0.95); 2 pairs reach 0.8 in either direction"),
        ([("a", "b", -0.95)], "A and b go against each other most (correlation −0.95)"),
        ([("a", "b", 0.3)], "No two columns go together closely: at most 0.30, a and b"),
        ([], "No two columns can be compared"),
    ],
)  # fmt: skip
def test_the_closest_columns_are_named(pairs: list[Any], expected: str) -> None:
    assert data.correlations(pairs) == expected

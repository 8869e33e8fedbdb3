"""What decisions are like for each group: against fairlearn, pandas and by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import evaluate, fairness
from regulated_ml.jobs.columns import Column
from regulated_ml.jobs.fairness import Decided
from regulated_ml.jobs.groups import Attribute

from .conftest import Here
from .test_evaluate import PARAMETERS, channels

Json = dict[str, Any]
BANDS = {"age": [40, 65]}
NAMES = ("39 and under", "40 to 64", "65 and over")


@pytest.fixture
def measured(here: Here, prepared: Path, trained: Path) -> tuple[Json, pd.DataFrame]:
    """fairness.json of the test rows, and the rows with their scores and ages."""
    parameters = {**PARAMETERS, "fairness": {"smallest_group": 50, "bands": BANDS}}
    folder = here(evaluate.main, channels(prepared, trained), parameters) / "evaluation"
    rows = pd.read_parquet(folder / "scores.parquet")
    rows["age"] = pd.read_parquet(prepared / "test/measurements.parquet")["age"]
    rows["group"] = pd.cut(rows["age"], [0, 39, 64, 200], labels=list(NAMES)).astype(str)
    rows["declined"] = (rows["score"] >= PARAMETERS["threshold"]).astype(int)
    return json.loads((folder / "fairness.json").read_text()), rows


def test_rates_are_those_of_fairlearn(measured: tuple[Json, pd.DataFrame]) -> None:
    # Of no lock: it is here to be compared with.
    library = pytest.importorskip("fairlearn.metrics")
    found, rows = measured
    accepted = {"y_true": 1 - rows["label"], "y_pred": 1 - rows["declined"]}
    flagged = {"y_true": rows["label"], "y_pred": rows["declined"]}
    by_group = library.MetricFrame(
        metrics={
            "tpr": library.true_positive_rate,
            "fpr": library.false_positive_rate,
        },
        sensitive_features=rows["group"],
        **flagged,
    )
    selected = library.MetricFrame(
        metrics=library.selection_rate, sensitive_features=rows["group"], **accepted
    )
    (age,) = found["attributes"]
    for group in age["groups"]:
        for name in ("tpr", "fpr"):
            assert group[name]["value"] == pytest.approx(by_group.by_group[name][group["name"]])
        expected = selected.by_group[group["name"]]
        assert group["selection_rate"]["value"] == pytest.approx(expected)
    assert age["selection_ratio"]["value"] == pytest.approx(selected.ratio())
    for name in ("tpr", "fpr"):
        assert age[f"{name}_gap"]["value"] == pytest.approx(by_group.difference()[name])


def test_figures_are_those_of_the_rows_of_each_group(
    measured: tuple[Json, pd.DataFrame],
) -> None:
    found, rows = measured
    (age,) = found["attributes"]
    assert [group["name"] for group in age["groups"]] == list(NAMES)
    for group in age["groups"]:
        part = rows[rows["group"] == group["name"]]
        assert (group["rows"], group["positives"]) == (len(part), part["label"].sum())
        flagged = part[part["declined"] == 1]
        assert group["precision"]["value"] == pytest.approx(flagged["label"].mean())
        assert group["auc"]["value"] == pytest.approx(roc_auc_score(part["label"], part["score"]))
        calibration = group["calibration"]
        assert calibration["predicted"] == pytest.approx(part["score"].mean())
        assert calibration["observed"]["value"] == pytest.approx(part["label"].mean())
    accepted = found["overall"]["selection_rate"]["value"]
    assert accepted == pytest.approx(1 - rows["declined"].mean())


def decided(*groups: tuple[int, int, int, int]) -> tuple[Decided, Attribute]:
    """Rows of groups, each as counts: of the declined defaults and others, then of the accepted."""
    labels, scores, places = [], [], []
    for place, (hits, alarms, missed, passed) in enumerate(groups):
        labels += [1] * hits + [0] * alarms + [1] * missed + [0] * passed
        scores += [0.9] * (hits + alarms) + [0.1] * (missed + passed)
        places += [place] * (hits + alarms + missed + passed)
    names = tuple("abcdefgh"[: len(groups)])
    rows = Decided.by(np.array(labels), np.array(scores), 0.5)
    return rows, Attribute(Column("x", "category", "protected"), names, np.array(places))


def content(rows: Decided, *attributes: Attribute, smallest: int = 50) -> Json:
    """fairness.json of these rows."""
    parameters = {
        "sample": "test",
        "threshold": 0.5,
        "confidence": 0.95,
        "fairness": {"smallest_group": smallest},
    }
    return fairness.content(rows, attributes, parameters, [])


def test_four_fifths_by_hand() -> None:
    # Of 200 in each group, a accepts 180 and b 126: 0.63 / 0.9 = 0.7.
    rows, attribute = decided((10, 10, 30, 150), (40, 34, 10, 116))
    found = content(rows, attribute)
    lowest = found["summary"]["selection_ratio_lowest"]
    assert (lowest["attribute"], lowest["group"], lowest["reference"]) == ("x", "b", "a")
    assert lowest["value"] == pytest.approx(0.7)
    assert lowest["low"] < 0.7 < lowest["high"] < 0.8
    gap = found["summary"]["tpr_gap_largest"]
    assert gap["value"] == pytest.approx(40 / 50 - 10 / 40)
    assert (gap["highest"], gap["lowest"]) == ("b", "a")
    assert found["summary"]["fpr_gap_largest"]["value"] == pytest.approx(34 / 150 - 10 / 160)


def test_a_group_with_few_rows_is_named_and_not_judged() -> None:
    # The third group is never accepted, but that is nine people.
    rows, attribute = decided((10, 10, 30, 150), (10, 10, 30, 150), (9, 0, 0, 0))
    found = content(rows, attribute)
    (x,) = found["attributes"]
    small = x["groups"][2]
    assert (small["name"], small["rows"], small["enough"]) == ("c", 9, False)
    assert "selection_rate" not in small
    assert found["summary"]["selection_ratio_lowest"]["value"] == 1


@pytest.mark.parametrize(("size", "ratio", "gap"), [(29, 1, 0.025), (30, 0, 0.9)])
def test_a_group_of_fewer_than_30_rows_decides_no_gate_whatever_is_asked(
    size: int, ratio: float, gap: float
) -> None:
    rows, attribute = decided((10, 10, 30, 150), (10, 10, 30, 150), (0, size, 0, 0))
    summary = content(rows, attribute, smallest=10)["summary"]
    assert summary["selection_ratio_lowest"]["value"] == pytest.approx(ratio)
    assert summary["calibration_gap_largest"]["value"] == pytest.approx(gap, abs=0.01)


def test_a_rate_of_few_rows_is_not_taken() -> None:
    rows, attribute = decided((20, 10, 9, 150), (40, 10, 10, 150))
    (x,) = content(rows, attribute)["attributes"]
    assert x["groups"][0]["tpr"] is None
    assert x["groups"][0]["auc"] is None
    assert x["groups"][1]["tpr"]["value"] == 0.8
    assert x["tpr_gap"] is None
    assert x["fpr_gap"]["value"] == 0


def test_one_group_or_none_leaves_nothing_to_compare() -> None:
    rows, attribute = decided((10, 10, 30, 150))
    for attributes in ([attribute], []):
        summary = content(rows, *attributes)["summary"]
        assert summary["selection_ratio_lowest"] is None
        assert summary["tpr_gap_largest"] is None


def test_more_groups_make_wider_intervals_since_the_most_extreme_is_picked() -> None:
    two, four = (content(*decided(*[(10, 10, 30, 150)] * n)) for n in (2, 4))
    widths = [
        found["summary"]["selection_ratio_lowest"]["high"]
        - found["summary"]["selection_ratio_lowest"]["low"]
        for found in (two, four)
    ]
    assert widths[1] > widths[0] * 1.1
    assert [found["attributes"][0]["comparisons"] for found in (two, four)] == [1, 6]


def test_equal_groups_are_seldom_said_to_differ() -> None:
    rng, said = np.random.default_rng(1), 0
    for _ in range(300):
        labels, scores = rng.integers(0, 2, 800), rng.random(800)
        attribute = Attribute(Column("x", "category", "protected"), tuple("abcde"),
                              rng.integers(0, 5, 800))  # fmt: skip
        found = content(Decided.by(labels, scores, 0.5), attribute)
        said += found["summary"]["tpr_gap_largest"]["low"] > 0
    # At most 5 % of the time; without the correction for ten pairs it is a quarter.
    assert said / 300 < 0.06


def test_scores_that_are_too_low_for_a_group_are_found() -> None:
    rows, attribute = decided((20, 20, 20, 180), (20, 20, 80, 120))
    gap = content(rows, attribute)["summary"]["calibration_gap_largest"]
    # Of b 100 of 240 default, where its scores say (40 x 0.9 + 200 x 0.1) / 240.
    assert gap["group"] == "b"
    assert gap["difference"] == pytest.approx(100 / 240 - 56 / 240)
    assert gap["low"] > 0

"""Scores, features and segments of two samples, and the distances between them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import distance, evaluate, stability
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.fairness import Decided
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.matrices import Block
from regulated_ml.jobs.stability import Compared

from .clients import FEATURES
from .conftest import Here
from .test_evaluate import PARAMETERS, channels

Json = dict[str, Any]
CHECKED = {
    "sample": "test",
    "confidence": 0.9,
    "threshold": 0.5,
    "seed": 3,
    "fairness": {"smallest_group": 50},
}


@pytest.fixture
def found(here: Here, prepared: Path, trained: Path) -> Json:
    """stability.json of the job."""
    parameters = {**PARAMETERS, "fairness": {"smallest_group": 30, "bands": {}}}
    folder = here(evaluate.main, channels(prepared, trained), parameters) / "evaluation"
    content: Json = json.loads((folder / "stability.json").read_text())
    return content


@pytest.fixture
def scored(prepared: Path, trained: Path) -> dict[str, pd.DataFrame]:
    """The features of both samples with labels and scores, made without our code."""
    booster = xgboost.Booster(model_file=trained / "model/xgboost-model.ubj")
    frames = {}
    for name in ("train", "test"):
        frame = pd.read_parquet(prepared / name / "features.parquet")
        matrix = xgboost.DMatrix(frame[FEATURES].to_numpy(np.float32), feature_names=FEATURES)
        frames[name] = frame.assign(score=booster.predict(matrix).astype(float))
    return frames


def test_scores_are_compared_in_tenths_of_the_training(
    found: Json, scored: dict[str, pd.DataFrame]
) -> None:
    train, test = scored["train"]["score"], scored["test"]["score"]
    edges = [-np.inf, *np.quantile(train, np.arange(1, 10) / 10, method="inverted_cdf"), np.inf]
    shares = [
        pd.cut(each, edges).value_counts(normalize=True, sort=False) for each in (train, test)
    ]
    expected, actual = (each.to_numpy() for each in shares)
    psi = ((actual - expected) * np.log(actual / expected)).sum()
    assert found["scores"]["psi"]["value"] == pytest.approx(psi, abs=1e-6)
    assert [each["test"] for each in found["scores"]["bins"]] == pytest.approx(actual, abs=1e-6)
    assert found["scores"]["ks"]["value"] == pytest.approx(
        ks_2samp(train, test).statistic, abs=1e-6
    )


def test_the_auc_of_both_samples_and_the_loss_between_them(
    found: Json, scored: dict[str, pd.DataFrame]
) -> None:
    values = [roc_auc_score(frame["paid"], frame["score"]) for frame in scored.values()]
    assert found["auc"]["train"]["value"] == pytest.approx(values[0], abs=1e-6)
    assert found["auc"]["test"]["value"] == pytest.approx(values[1], abs=1e-6)
    drop = found["auc"]["drop"]
    assert drop["value"] == pytest.approx(values[0] - values[1], abs=2e-6)
    assert drop["low"] < drop["value"] < drop["high"]


def test_segments_are_those_of_the_rows(found: Json, scored: dict[str, pd.DataFrame]) -> None:
    test = scored["test"]
    segments = [each for each in found["segments"] if each["feature"] == "status"]
    assert [each["low"] for each in segments] == [-1, 0, 1, 2, 3, 4]
    for each in segments:
        part = test[test["status"] == each["low"]]
        assert each["rows"] == len(part)
        assert each["predicted"] == pytest.approx(part["score"].mean(), abs=1e-6)
        assert each["observed"]["value"] == pytest.approx(part["paid"].mean(), abs=1e-6)
        if each["auc"]:
            auc = roc_auc_score(part["paid"], part["score"])
            assert each["auc"]["value"] == pytest.approx(auc, abs=1e-6)
    regions = [each["low"] for each in found["segments"] if each["feature"] == "region"]
    assert regions == ["north", "south", "islands", "abroad", None]
    assert sum(each["rows"] for each in found["segments"] if each["feature"] == "region") == 600


def test_rows_with_a_time_are_judged_by_period(found: Json, prepared: Path) -> None:
    periods = found["periods"]
    assert len(periods) == 6
    assert sum(each["rows"] for each in periods) == 600
    opened = pd.read_parquet(prepared / "test/measurements.parquet")["opened"]
    first, last = periods[0]["period"].split(" to ")
    assert opened.between(first, last).sum() == periods[0]["rows"]
    assert periods[0]["period"] < periods[1]["period"]


def compared(values: Any, labels: Any, scores: Any, train: Any = None, *features: Feature) -> Json:
    """What is found about rows, by default against themselves."""
    learnt_from = values if train is None else train
    test = Drawn(np.arange(len(labels)), Block(np.float32(values), labels))
    learnt = Drawn(np.arange(len(labels)), Block(np.float32(learnt_from), labels))
    given = features or [Feature(f"f{n}") for n in range(values.shape[1])]
    rows = Decided.by(labels, scores, 0.5)
    found = Compared(given, learnt, scores, test, rows, None)
    return stability.content(found, CHECKED)


def test_a_bootstrap_draws_whole_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "RESAMPLES", 5)
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 300), rng.integers(0, 20, 300) / 20  # with ties
    found = compared(rng.random((300, 1)), labels, scores)["bootstrap"]
    order, draws = np.argsort(scores, kind="stable"), np.random.default_rng(CHECKED["seed"])
    drawn = [order[draws.integers(0, 300, 300)] for _ in range(5)]
    aucs = [roc_auc_score(labels[rows], scores[rows]) for rows in drawn]
    assert found["auc"]["mean"] == pytest.approx(np.mean(aucs), abs=1e-6)
    assert found["auc"]["deviation"] == pytest.approx(np.std(aucs), abs=1e-6)
    accepted = [(scores[rows] < 0.5).mean() for rows in drawn]
    assert found["selection_rate"]["mean"] == pytest.approx(np.mean(accepted), abs=1e-6)


def test_the_bootstrap_spreads_as_delong_says() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 1_500)
    found = compared(rng.random((1_500, 1)), labels, rng.random(1_500) + labels * 0.3)
    low, high = (found["auc"]["test"][end] for end in ("low", "high"))
    assert found["bootstrap"]["auc"]["low"] == pytest.approx(low, abs=0.006)
    assert found["bootstrap"]["auc"]["high"] == pytest.approx(high, abs=0.006)


def test_a_feature_that_has_moved_comes_first() -> None:
    rng = np.random.default_rng(2)
    labels, train = rng.integers(0, 2, 600), rng.random((600, 3))
    test = np.column_stack([train[:, 0], train[:, 1] + 0.3, train[:, 2]])
    test[:60, 2] = np.nan
    found = compared(test, labels, rng.random(600), train)["features"]
    assert [each["name"] for each in found] == ["f1", "f2", "f0"]
    assert found[0]["psi"]["value"] > 0.3 > found[0]["psi"]["by_chance"]
    assert found[0]["ks"]["value"] == pytest.approx(0.3, abs=0.05)
    assert found[1]["missing"] == [0, 0.1]
    assert found[2]["psi"]["value"] == found[2]["ks"]["value"] == 0


@pytest.mark.parametrize("new", [1.0, 9.0])  # between the codes of the training, and above them
def test_a_code_that_the_training_did_not_have_counts_as_moved(new: float) -> None:
    train = np.float32([0, 2] * 300).reshape(-1, 1)
    test = np.where(np.arange(600).reshape(-1, 1) < 240, new, train)
    (found,) = compared(
        test, np.arange(600) % 2, np.linspace(0, 1, 600), train, Feature("f0", "category")
    )["features"]
    # Half and half has become 0.3 and 0.3; what was 1e-4 at most is 0.4.
    expected = 2 * (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.4 - 1e-4) * np.log(0.4 / 1e-4)
    assert found["psi"]["value"] == pytest.approx(expected, abs=1e-3)
    assert found["psi"]["bins"] == 3


def test_a_segment_whose_scores_are_off_is_found_and_others_are_not() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 3, 3_000)
    scores = rng.uniform(0.1, 0.4, 3_000)
    labels = (rng.random(3_000) < scores + (group == 2) * 0.15).astype(int)
    found = compared(np.column_stack([group, rng.random(3_000)]), labels, scores)["segments"]
    off = [(each["feature"], each["low"]) for each in found if each["off"]]
    assert ("f0", 2) in off
    assert ("f0", 0) not in off
    assert ("f0", 1) not in off


def test_two_samples_of_one_population_seldom_differ_more_than_chance_is_said_to() -> None:
    rng, beyond = np.random.default_rng(4), np.zeros(2)
    for _ in range(600):
        one, other = rng.random(900), rng.random(400)
        ends = distance.cuts(one)
        psi = distance.psi(distance.binned(one, ends), distance.binned(other, ends))
        ks = distance.ks(one, other)
        beyond += [each["value"] > each["by_chance"] for each in (psi, ks)]
    assert (beyond / 600 < 0.07).all()
    assert (beyond / 600 > 0.025).all()


def test_an_empty_bin_has_a_finite_distance() -> None:
    found = distance.psi(np.array([50, 50, 0]), np.array([100, 0, 0]))
    expected = 0.5 * np.log(1 / 0.5) + (1e-4 - 0.5) * np.log(1e-4 / 0.5)
    assert found["value"] == pytest.approx(expected)
    assert found["bins"] == 2
    nothing = np.array([np.nan, np.nan])
    assert distance.ks(nothing, np.array([1.0]))["value"] == 0
    assert len(distance.cuts(nothing)) == 0

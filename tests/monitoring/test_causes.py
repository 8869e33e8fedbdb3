"""One alert for each cause: which clients, and what became of their scores."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from regulated_ml.monitoring import violations
from regulated_ml.monitoring.causes import Alert, Scores, Setting, alerts
from regulated_ml.monitoring.distributions import describe
from regulated_ml.monitoring.observing import Sampled
from regulated_ml.monitoring.violations import Violation

ROWS = 4000
KINDS = {"limit": "number", "bill": "number", "code": "category"}


def table(seed: int) -> dict[str, Any]:
    """Clients as in the baseline."""
    rng = np.random.default_rng(seed)
    return {
        "limit": rng.integers(10, 100, ROWS) * 1000.0,
        "bill": rng.normal(50_000, 10_000, ROWS),
        "code": rng.integers(1, 4, ROWS).astype(float),
    }


def told(window: dict[str, Any], drifted: list[str], check: str = violations.DRIFT) -> list[Alert]:
    """The alerts of a window in which columns have violations; every second client scores 0.8."""
    baseline, now = (
        describe([pa.RecordBatch.from_pydict(each)], KINDS)  # type: ignore[arg-type]
        for each in (table(0), window)
    )
    scores = np.where(np.arange(ROWS) % 2, 0.8, 0.1).astype(np.float32)
    values = np.column_stack(list(window.values())).astype(np.float32)
    before, all_now = Scores(0.2, 0.1), Scores.of(scores, 0.5)
    setting = Setting(baseline, now, list(KINDS), Sampled(values, scores), before, all_now, 0.5)
    found = [Violation("data_quality", check, "far off", name) for name in drifted]
    return alerts(found, setting, None)


def test_columns_that_changed_for_the_same_clients_have_one_cause() -> None:
    window, half = table(1), np.arange(ROWS) % 2 == 1
    window["limit"] = np.where(half, window["limit"] / 1000, window["limit"])
    window["bill"] = np.where(half, window["bill"] / 1000, window["bill"])
    (alert,) = told(window, ["limit", "bill"])
    assert set(alert.columns) == {"limit", "bill"}
    assert alert.title.endswith("have drifted together")
    assert "limit under " in alert.clients
    assert "50.0% of the clients, 0.0% before" in alert.clients
    # These are those who score 0.8, all of them declined.
    assert alert.scores["these"] == pytest.approx((0.8, 1.0), abs=0.01)
    assert alert.scores["others"] == pytest.approx((0.1, 0.0), abs=0.01)
    assert alert.scores["before"] == Scores(0.2, 0.1)
    assert "unit or a join" in alert.next


def test_columns_that_changed_for_other_clients_have_two_causes() -> None:
    window, half = table(1), np.arange(ROWS) % 2 == 1
    window["limit"] = np.where(half, window["limit"] / 1000, window["limit"])
    window["code"] = np.where(half, window["code"], -window["code"])
    found = {each.columns[0]: each for each in told(window, ["limit", "code"])}
    assert [each.columns for each in found.values()] in (
        [["limit"], ["code"]],
        [["code"], ["limit"]],
    )
    words, shares = found["code"].clients.split(": ")
    assert sorted(words.removeprefix("code ").split(", ")) == ["-1", "-2", "-3"]
    assert shares == "50.0% of the clients, 0.0% before"


def test_the_clients_who_came_are_named_and_not_the_place_of_those_who_left() -> None:
    window = table(1)
    window["limit"] = np.where(window["limit"] < 40_000, window["limit"] + 200_000, window["limit"])
    (alert,) = told(window, ["limit"])
    words, shares = alert.clients.split(": ")
    low = float(words.removeprefix("limit ").removesuffix(" and over").replace(",", ""))
    # A range begins and ends at a twentieth of either distribution: 95,000 is that of the baseline.
    assert 94_000 < low <= 210_000
    now, before = (float(each.partition("%")[0]) for each in shares.split("clients, "))
    assert before < 6
    assert now == pytest.approx(100 * float((window["limit"] >= low).mean()), abs=0.1)


def test_checks_of_one_column_have_one_cause_and_missing_values_are_named() -> None:
    window = table(1)
    window["bill"] = np.where(np.arange(ROWS) % 4 == 0, np.nan, window["bill"])
    (alert,) = told(window, ["bill"], violations.COMPLETENESS)
    assert alert.clients == "bill missing: 25.0% of the clients, 0.0% before"
    assert alert.title == "bill breaks its constraints"


def test_other_monitors_have_causes_of_their_own() -> None:
    setting = Setting({}, {}, [], Sampled(np.zeros((0, 0)), np.zeros(0)), None, None, 0.5)
    found = [
        Violation("model_quality", violations.LESS, "worse", metric=name)
        for name in ("auc", "recall", "precision", "accuracy")
    ]
    found.append(Violation("bias", violations.BIAS, "apart", "SEX", "DI", "female"))
    found.append(Violation("attribution", violations.ATTRIBUTION, "moved", metric="shap"))
    titles = [each.title for each in alerts(found, setting, None)]
    assert titles == [
        "The model is worse: auc, recall, 2 more",
        "Decisions differ by SEX: DI",
        "Features weigh otherwise in the scores",
    ]

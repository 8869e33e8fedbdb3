"""How scores and decisions move when one feature does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import evaluate, sensitivity
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.features import Feature, Layout
from regulated_ml.jobs.matrices import Block
from regulated_ml.jobs.sensitivity import Probe

from .conftest import Here
from .test_evaluate import PARAMETERS, channels

Json = dict[str, Any]
CHECKED = {"sample": "test", "threshold": 0.5, "seed": 1}


class StandIn:
    """Stands for a model: `score` says what it makes of values."""

    def __init__(self, score: Any, *features: Feature) -> None:
        self.layout, self._score = Layout("y", features), score

    def scores_of(self, values: Any) -> Any:
        """The scores of rows."""
        return self._score(values).astype(np.float32)


def content(model: Any, values: Any, labels: Any = None) -> Json:
    """sensitivity.json of a model on rows."""
    given = np.arange(len(values)) % 2 if labels is None else labels
    rows = Drawn(np.arange(len(values)), Block(np.float32(values), given))
    return sensitivity.content(Probe.of(model, rows, rows, CHECKED), CHECKED)


def moves(found: Json, name: str) -> dict[str, Json]:
    """The moves of a feature by their names."""
    (feature,) = [each for each in found["features"] if each["name"] == name]
    return {move["move"]: move for move in feature["moves"]}


def test_flips_by_hand() -> None:
    # The score is x / 10 for x from 0 to 9; the standard deviation of x, 2.87, is a whole 3.
    values = np.tile(np.arange(10), 20).reshape(-1, 1)
    model = StandIn(lambda v: np.nan_to_num(v[:, 0] / 10, nan=0.95), Feature("x", "integer"))
    found = content(model, values)
    up, down, missing = (moves(found, "x")[name] for name in ("up", "down", "missing"))
    assert (up["by"], up["to_declined"], up["to_accepted"]) == (3, 60, 0)  # those of 2, 3 and 4
    assert (down["to_declined"], down["to_accepted"]) == (0, 60)  # those of 5, 6 and 7
    assert (up["mean_change"], down["mean_change"]) == pytest.approx((0.3, -0.3))
    assert (missing["to_declined"], missing["flipped"]) == (100, 0.5)
    assert found["declined"] == 100


def test_a_feature_that_the_model_does_not_read_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    values, labels = rng.random((500, 2)), rng.integers(0, 2, 500)
    model = StandIn(lambda v: np.nan_to_num(v[:, 0]), Feature("read"), Feature("not"))
    found = content(model, values, labels)
    assert [each["name"] for each in found["features"]] == ["read", "not"]
    assert all(move["largest_change"] == 0 for move in moves(found, "not").values())
    read, unread = (each["auc_drop"] for each in found["features"])
    assert unread == 0
    assert read != 0


def test_a_category_is_exchanged_and_not_moved() -> None:
    values = np.random.default_rng(0).integers(0, 3, (300, 1))
    model = StandIn(lambda v: np.nan_to_num(v[:, 0] / 3), Feature("code", "category"))
    found = moves(content(model, values), "code")
    assert list(found) == ["other", "missing"]
    # Of two clients drawn at random two thirds have different codes.
    changed = found["other"]["to_declined"] + found["other"]["to_accepted"]
    assert changed / 300 == pytest.approx(2 * (1 / 3) * (2 / 3), abs=0.08)


def test_the_auc_is_lost_with_the_only_feature_that_tells() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 1_000)
    values = (rng.random((1_000, 1)) + labels[:, None] * 0.5).astype(np.float32)
    found = content(StandIn(lambda v: np.nan_to_num(v[:, 0] / 2), Feature("x")), values, labels)
    lost = found["features"][0]["auc_drop"]
    assert lost == pytest.approx(roc_auc_score(labels, values[:, 0]) - 0.5, abs=0.05)


def test_a_direction_that_is_broken_anywhere_in_the_range_is_found() -> None:
    values = np.column_stack([np.arange(400) % 100, np.arange(400) % 7])
    rising, bent = Feature("rising", monotone=1), Feature("bent", monotone=1)
    # The second falls between 3 and 4 only, for those whose first is below 50.
    model = StandIn(
        lambda v: v[:, 0] / 200 + np.where((v[:, 0] < 50) & (v[:, 1] > 3), 0, v[:, 1] / 100),
        rising,
        bent,
    )
    found = content(model, values)["monotone"]
    counts = {each["name"]: each["violations"] for each in found["features"]}
    assert found["declared"] == 2
    assert counts["rising"] == 0
    assert counts["bent"] == pytest.approx(100, abs=20)  # half of the 200 that are looked at
    assert found["violations"] == sum(counts.values())
    falling = StandIn(lambda v: v[:, 0] / 200, Feature("f", monotone=-1), Feature("g"))
    assert content(falling, values)["monotone"]["violations"] == 200


def test_a_direction_is_looked_at_on_rows_from_all_of_the_file() -> None:
    # Sorted by year, and the score falls only for the later half.
    values = np.column_stack([np.arange(1_000), np.arange(1_000) % 7])
    model = StandIn(
        lambda v: 0.5 + np.where(v[:, 0] < 500, 0.01, -0.01) * v[:, 1],
        Feature("year"),
        Feature("bent", monotone=1),
    )
    found = content(model, values)["monotone"]
    assert (found["rows"], found["violations"]) == (200, pytest.approx(100, abs=25))


def test_a_trained_model_keeps_its_directions(here: Here, prepared: Path, trained: Path) -> None:
    folder = here(evaluate.main, channels(prepared, trained), PARAMETERS) / "evaluation"
    found = json.loads((folder / "sensitivity.json").read_text())
    assert [each["name"] for each in found["monotone"]["features"]] == ["status"]
    assert found["monotone"]["violations"] == 0
    assert found["rows"] == 600
    up = moves(found, "status")["up"]
    assert up["to_accepted"] == 0 < up["to_declined"]

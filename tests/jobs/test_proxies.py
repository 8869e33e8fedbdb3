"""The search for features that give a protected attribute away."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import proxies
from regulated_ml.jobs.columns import Column
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.features import Feature, Layout
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.matrices import Block

Json = dict[str, Any]
FEATURES = (Feature("noise"), Feature("tell"), Feature("sex", protected=True))
PARAMETERS = {"confidence": 0.95, "fairness": {"smallest_group": 50}}


def search(places: Any, tell: Any, groups: int = 2) -> Json:
    """What is found in 2,000 rows, half of which are learnt from."""
    rng, rows = np.random.default_rng(0), len(places)
    values = np.column_stack([rng.random(rows), tell, places]).astype(np.float32)
    names = tuple("abcdef"[:groups])
    attribute = Attribute(Column("sex", "category", "protected"), names, places)
    halves = np.arange(rows // 2), np.arange(rows // 2, rows)
    train, test = (
        Drawn(half, Block(values[half], np.zeros(len(half), np.float32))) for half in halves
    )
    pair = (attribute.take(halves[0]), attribute.take(halves[1]))
    (found,) = proxies.search(Layout("y", FEATURES), train, test, [pair], PARAMETERS)
    return found


def test_a_feature_that_is_the_attribute_is_found() -> None:
    places = np.random.default_rng(1).integers(0, 2, 2_000)
    found = search(places, places * 2 + 1)
    assert found["auc"]["value"] == 1
    best = found["features"][0]
    assert (best["name"], best["auc"], best["share"]) == ("tell", 1, pytest.approx(1, abs=0.01))
    # The attribute itself is known to tell it, and left out.
    assert found["left_out"] == ["sex"]
    assert [feature["name"] for feature in found["features"]] == ["tell", "noise"]


def test_features_that_tell_nothing_are_seen_to() -> None:
    rng = np.random.default_rng(2)
    found = search(rng.integers(0, 2, 2_000), rng.random(2_000))
    assert found["auc"]["low"] < 0.5 < found["auc"]["high"]
    assert all(abs(feature["auc"] - 0.5) < 0.06 for feature in found["features"])


def test_one_feature_alone_is_judged_on_rows_it_was_not_fitted_to() -> None:
    rng = np.random.default_rng(3)
    places = rng.integers(0, 2, 2_000)
    tell = rng.integers(0, 4, 2_000) + 2 * places
    found = search(places, tell)
    # Higher values tell the second group, so the value itself ranks about as well.
    expected = roc_auc_score(places[1_000:], tell[1_000:])
    alone = next(feature for feature in found["features"] if feature["name"] == "tell")
    assert alone["auc"] == pytest.approx(expected, abs=0.01)


def test_a_group_in_the_middle_is_told_though_no_line_tells_it() -> None:
    rng = np.random.default_rng(4)
    places = rng.integers(0, 3, 2_000)
    found = search(places, places + rng.random(2_000) * 0.5, groups=3)
    assert [group["name"] for group in found["groups"]] == ["a", "b", "c"]
    assert all(group["auc"]["value"] > 0.99 for group in found["groups"])
    alone = next(feature for feature in found["features"] if feature["name"] == "tell")
    assert alone["auc"] > 0.99


def test_small_groups_are_not_searched() -> None:
    places = np.random.default_rng(5).choice(3, 2_000, p=[0.5, 0.49, 0.01])
    found = search(places, places == 2, groups=3)
    assert [group["name"] for group in found["groups"]] == ["a", "b"]
    assert found["auc"]["low"] < 0.5
    alone = search(np.zeros(2_000, int), np.zeros(2_000))
    assert (alone["auc"], alone["groups"], alone["features"]) == (None, [], [])

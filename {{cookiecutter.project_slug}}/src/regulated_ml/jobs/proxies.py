"""Proxies: how well the features together, and each alone, tell a protected attribute.

A model that never sees an attribute can still decide by it, through features that give it away. So
trees are fitted to tell the attribute from the features that the model reads, on its own training
rows, and judged on the test rows. An AUC of 0.5 means that nothing is given away.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import auc, distance
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.features import Layout
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.intervals import joint, rounded
from regulated_ml.jobs.lean import xgboost

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
ROUNDS = 40
TREES = {"max_depth": 3, "eta": 0.3, "min_child_weight": 20, "tree_method": "hist", "seed": 0}
BINS = 20  # of one feature alone


def search(
    layout: Layout,
    train: Drawn,
    test: Drawn,
    attributes: Sequence[tuple[Attribute, Attribute]],
    parameters: Any,
) -> list[Json]:
    """How well each attribute is told.

    Args:
        layout: the features; those that are protected themselves are left out.
        train: rows to learn from.
        test: rows to judge on.
        attributes: the groups of both samples' rows, with the same names in the same order.
        parameters: those of the job.
    """
    confidence, smallest = parameters["confidence"], parameters["fairness"]["smallest_group"]
    used = [n for n, feature in enumerate(layout.features) if not feature.protected]
    samples = train.block.values[:, used], test.block.values[:, used]
    features = [layout.features[n] for n in used]
    found = []
    for learnt, judged in attributes:
        sizes = zip(learnt.sizes.tolist(), judged.sizes.tolist(), strict=True)
        groups = [n for n, both in enumerate(sizes) if min(both) >= smallest]
        entry: Json = {
            "name": learnt.column.name,
            "description": learnt.column.description,
            "groups": [],
            "features": [],
            "auc": None,
            "left_out": [feature.name for feature in layout.features if feature.protected],
        }
        found.append(entry)
        if len(groups) < 2 or not used:
            continue
        scores, gains = _told(samples, learnt, groups)
        rows = np.isin(judged.places, groups)
        level = joint(confidence, len(groups) if len(groups) > 2 else 1)  # two mirror each other
        entry["groups"] = [
            {"name": learnt.groups[group], "auc": _auc(judged.rows(group)[rows], score, level)}
            for group, score in zip(groups, scores[rows].T, strict=True)
        ]
        entry["auc"] = _largest(entry["groups"])
        entry["features"] = sorted(
            (
                {
                    "name": feature.name,
                    "description": feature.description,
                    "share": gains[n],
                    **_alone(samples[0][:, n], samples[1][:, n], learnt, judged, groups),
                }
                for n, feature in enumerate(features)
            ),
            key=lambda row: -row["auc"],
        )
    return rounded(found)


def _told(
    samples: tuple["Array", "Array"], learnt: Attribute, groups: Sequence[int]
) -> tuple["Array", list[float]]:
    """The probability of each group for each row of the second sample; each feature's gain."""
    rows = np.isin(learnt.places, groups)
    labels = np.searchsorted(np.array(groups), learnt.places[rows])
    matrix = xgboost.QuantileDMatrix(samples[0][rows], label=labels.astype(np.float32))
    objective = {"objective": "multi:softprob", "num_class": len(groups)}
    booster = xgboost.train({**TREES, **objective}, matrix, ROUNDS)
    scores = booster.predict(xgboost.DMatrix(samples[1]))
    gain: dict[str, Any] = booster.get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    return scores, [gain.get(f"f{n}", 0.0) / total for n in range(samples[0].shape[1])]


def _auc(labels: "Array", scores: "Array", confidence: float) -> Json:
    # Not further than the fit is exact, so that ties are the same on every processor.
    found = auc.placements(labels.astype(np.int8), scores.astype(np.float64).round(5))
    return auc.interval(found, confidence)


def _largest(groups: Sequence[Json]) -> Json:
    told = max(groups, key=lambda group: group["auc"]["value"])
    return {**told["auc"], "group": told["name"]}


def _alone(
    train: "Array", test: "Array", learnt: Attribute, judged: Attribute, groups: Sequence[int]
) -> Json:
    """The group that one feature tells best: by each bin's share of it among the training rows."""
    ends = distance.cuts(train, BINS)
    among = np.isin(learnt.places, groups), np.isin(judged.places, groups)
    total = distance.binned(train[among[0]], ends)
    places = distance.places(test[among[1]], ends)
    best = ("", 0.0)
    for group in groups:
        hits = distance.binned(train[learnt.rows(group)], ends)
        shares = (hits + 1) / (total + 2)  # a bin without rows tells nothing
        labels = judged.rows(group)[among[1]].astype(np.int8)
        value = auc.placements(labels, shares[places]).auc
        best = max(best, (learnt.groups[group], value), key=lambda pair: pair[1])
    return {"auc": best[1], "group": best[0]}

"""Sensitivity: how scores and decisions move when one feature does and all others stay.

A number is moved up and down by its standard deviation, a category is exchanged for another
client's, and either is taken away. Where dataset.yaml declares a direction, each client's score is
looked at over the whole range of the feature.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import auc
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.intervals import rounded
from regulated_ml.jobs.model import Model, declined

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
MOST_ROWS = 2_000  # that are moved: a share of them is known to about one hundredth
SWEPT = 200  # of these a declared direction is looked at on
GRID = 15  # values of the feature at most, each of which every such row is given
UP, DOWN, OTHER, MISSING = "up", "down", "other", "missing"  # the moves
TOLERANCE = 1e-6  # of a score, which is a float32


@dataclass(frozen=True)
class Probe:
    """The rows that are moved, and what tells how far."""

    model: Model
    values: "Array"
    labels: "Array"
    scores: "Array"
    order: "Array"  # a permutation of the rows: whose value each is given instead
    threshold: float
    train: "Array"  # values of the training rows

    @classmethod
    def of(cls, model: Model, train: Drawn, test: Drawn, parameters: Mapping[str, Any]) -> "Probe":
        """At most `MOST_ROWS` of some rows, drawn at random."""
        rng = np.random.default_rng(parameters["seed"])
        chosen = np.sort(rng.permutation(len(test.rows))[:MOST_ROWS])
        values = test.block.values[chosen]
        return cls(
            model,
            values,
            test.block.labels[chosen],
            model.scores_of(values),
            rng.permutation(len(chosen)),
            parameters["threshold"],
            train.block.values,
        )

    def replaced(self, place: int, column: "Array") -> "Array":
        """The rows with other values of one feature."""
        values = self.values.copy()
        values[:, place] = column
        return values


def content(probe: Probe, parameters: Mapping[str, Any]) -> Json:
    """The content of sensitivity.json."""
    features = [
        _feature(probe, feature, place) for place, feature in enumerate(probe.model.layout.features)
    ]
    held = [
        _direction(probe, feature, place)
        for place, feature in enumerate(probe.model.layout.features)
        if feature.monotone
    ]
    return rounded(
        {
            "sample": parameters["sample"],
            "own_sample": parameters.get("own_sample", False),
            "rows": len(probe.scores),
            "threshold": probe.threshold,
            "declined": int(declined(probe.scores, probe.threshold).sum()),
            "features": sorted(features, key=lambda entry: -_most_flips(entry)),
            "monotone": {
                "rows": min(SWEPT, len(probe.scores)),
                "declared": len(held),
                "violations": sum(entry["violations"] for entry in held),
                "features": held,
            },
        }
    )


def _feature(probe: Probe, feature: Feature, place: int) -> Json:
    """What comes of moving one feature."""
    moves = list(_moves(probe, feature, place))
    stacked = np.concatenate([probe.replaced(place, column) for _, _, column in moves])
    found = np.split(probe.model.scores_of(stacked), len(moves))
    shuffled = [scores for (name, _, _), scores in zip(moves, found, strict=True) if name == OTHER]
    return {
        "name": feature.name,
        "description": feature.description,
        "type": feature.type,
        "moves": [
            {"move": name, "by": by, **_changes(probe, scores)}
            for (name, by, _), scores in zip(moves, found, strict=True)
        ],
        "auc_drop": _auc_drop(probe, shuffled[0]),
    }


def _moves(
    probe: Probe, feature: Feature, place: int
) -> Iterator[tuple[str, float | None, "Array"]]:
    """Each move's name, how far it goes, and the feature's new values."""
    column = probe.values[:, place]
    if feature.type != "category":
        by = _deviation(probe.train[:, place], whole=feature.type == "integer")
        yield UP, by, column + np.float32(by)
        yield DOWN, by, column - np.float32(by)
    yield OTHER, None, column[probe.order]
    yield MISSING, None, np.full_like(column, np.nan)


def _deviation(values: "Array", *, whole: bool) -> float:
    """The standard deviation of what is known; of whole numbers a whole one, at least 1."""
    known = values[~np.isnan(values)].astype(np.float64)
    found = float(known.std()) if len(known) else 0.0
    return float(max(round(found), 1)) if whole else float(f"{found:.6g}")


def _changes(probe: Probe, scores: "Array") -> Json:
    """How scores and decisions change."""
    change = scores.astype(np.float64) - probe.scores
    before, after = (declined(each, probe.threshold) for each in (probe.scores, scores))
    up, down = int((after & ~before).sum()), int((before & ~after).sum())
    return {
        "mean_change": float(change.mean()),
        "mean_absolute_change": float(np.abs(change).mean()),
        "largest_change": float(np.abs(change).max()),
        "to_declined": up,
        "to_accepted": down,
        "flipped": (up + down) / len(change),
    }


def _auc_drop(probe: Probe, scores: "Array") -> float | None:
    """How much worse the model ranks without what the feature tells of each client."""
    if len(np.unique(probe.labels)) < 2:
        return None
    before, after = (auc.placements(probe.labels, each).auc for each in (probe.scores, scores))
    return before - after


def _most_flips(entry: Json) -> float:
    return float(max(move["flipped"] for move in entry["moves"]))


def _direction(probe: Probe, feature: Feature, place: int) -> Json:
    """How often the score of a client goes against the declared direction, over the whole range."""
    known = probe.train[:, place]
    known = known[~np.isnan(known)]
    grid = np.unique(known)
    if len(grid) > GRID:
        steps = np.arange(GRID) / (GRID - 1)
        grid = np.unique(np.quantile(known, steps, method="inverted_cdf"))
    rows = probe.values[probe.order[:SWEPT]]  # the first ones may be those of one branch or year
    swept = np.repeat(rows, len(grid), axis=0)
    swept[:, place] = np.tile(grid, len(rows))
    scores = probe.model.scores_of(swept).astype(np.float64).reshape(len(rows), len(grid))
    against = feature.monotone * np.diff(scores) < -TOLERANCE
    return {
        "name": feature.name,
        "direction": feature.monotone,
        "values": len(grid),
        "violations": int(against.any(1).sum()),
    }

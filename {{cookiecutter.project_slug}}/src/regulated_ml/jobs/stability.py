"""Stability: whether the model does on new rows, in each segment and over time as it did at first.

Feature by feature, the rows of the test are compared with those that the model learnt from; by a
bootstrap, the figures of the evaluation with those that other rows of the same clients would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import auc, distance, segments
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.fairness import Decided
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.intervals import rounded

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
RESAMPLES = 200


@dataclass(frozen=True)
class Compared:
    """Rows of the training beside rows that the model has not seen."""

    features: Sequence[Feature]
    train: Drawn
    train_scores: "Array"
    test: Drawn
    rows: Decided  # all of the test
    periods: Attribute | None  # of all rows of the test, where the table has a time

    @property
    def drawn(self) -> Decided:
        """The test rows that were drawn."""
        return self.rows.take(self.test.rows)


def content(found: Compared, parameters: Mapping[str, Any]) -> Json:
    """The content of stability.json."""
    confidence, smallest = parameters["confidence"], parameters["fairness"]["smallest_group"]
    train, test = found.train_scores.astype(np.float64), found.drawn.scores
    return rounded(
        {
            "sample": parameters["sample"],
            "own_sample": parameters.get("own_sample", False),
            "train_rows": len(train),
            "test_rows": len(test),
            "confidence": confidence,
            "scores": _scores(train, test),
            "features": _features(found),
            "auc": _aucs(found, train, confidence),
            "bootstrap": _bootstrap(found.drawn, parameters),
            "segments": segments.of_features(found, confidence, smallest),
            "periods": segments.of_periods(found, confidence, smallest),
        }
    )


def _scores(train: "Array", test: "Array") -> Json:
    """The scores of both samples, in bins of the training's tenths."""
    ends = distance.cuts(train)
    expected, actual = distance.binned(train, ends), distance.binned(test, ends)
    edges = [0.0, *ends.tolist(), 1.0]
    return {
        "psi": distance.psi(expected, actual),
        "ks": distance.ks(train, test),
        "bins": [
            {"low": low, "high": high, "train": first / len(train), "test": second / len(test)}
            for low, high, first, second in zip(
                edges, edges[1:], expected.tolist(), actual.tolist(), strict=False
            )
        ],
    }


def _features(found: Compared) -> list[Json]:
    """Each feature in both samples, the one that has moved furthest first."""
    entries = []
    for place, feature in enumerate(found.features):
        train, test = (part.block.values[:, place] for part in (found.train, found.test))
        is_category = feature.type == "category"
        ends = distance.codes(train, test) if is_category else distance.cuts(train)
        entries.append(
            {
                "name": feature.name,
                "description": feature.description,
                "psi": distance.psi(distance.binned(train, ends), distance.binned(test, ends)),
                "ks": distance.ks(train, test),
                "missing": [float(np.isnan(values).mean()) for values in (train, test)],
            }
        )
    return sorted(entries, key=lambda entry: -entry["psi"]["value"])


def _aucs(found: Compared, train_scores: "Array", confidence: float) -> Json:
    """The AUC on both samples; a large drop is a sign of learning rows by heart."""
    train = auc.placements(found.train.block.labels, train_scores)
    test = auc.placements(found.rows.labels, found.rows.scores)
    return {
        "train": auc.interval(train, confidence),
        "test": auc.interval(test, confidence),
        "drop": auc.separate_difference(train, test, confidence),
    }


def _bootstrap(rows: Decided, parameters: Mapping[str, Any]) -> Json:
    """AUC and decisions of rows drawn from the sample's own, with replacement, many times."""
    rng = np.random.default_rng(parameters["seed"])
    order = np.argsort(rows.scores, kind="stable")
    ordered = rows.take(order)
    # The last row of each run of equal scores, among which a pair counts one half.
    last = np.flatnonzero(np.append(ordered.scores[1:] != ordered.scores[:-1], True))
    figures: dict[str, list[float]] = {"auc": [], "selection_rate": [], "label_rate": []}
    for _ in range(RESAMPLES):
        weights = np.bincount(rng.integers(0, len(order), len(order)), minlength=len(order))
        positive = np.diff(np.cumsum(weights * (ordered.labels == 1))[last], prepend=0)
        negative = np.diff(np.cumsum(weights * (ordered.labels == 0))[last], prepend=0)
        if pairs := int(positive.sum()) * int(negative.sum()):
            # Twice the pairs that are ranked right, in whole numbers.
            right = int((positive * (2 * np.cumsum(negative) - negative)).sum())
            figures["auc"].append(right / (2 * pairs))
        total = len(order)
        figures["selection_rate"].append(int(weights[~ordered.declined].sum()) / total)
        figures["label_rate"].append(int(positive.sum()) / total)
    return {
        "resamples": RESAMPLES,
        "rows": len(order),
        **{name: _spread(values, parameters["confidence"]) for name, values in figures.items()},
    }


def _spread(values: Sequence[float], confidence: float) -> Json:
    tail = (1 - confidence) / 2
    found = np.array(values)
    low, high = np.quantile(found, [tail, 1 - tail], method="inverted_cdf").tolist()
    return {
        "mean": float(found.mean()),
        "deviation": float(found.std()),
        "low": low,
        "high": high,
    }

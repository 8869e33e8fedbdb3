"""How well scores tell the label: the metrics of a validation report.

Labels are 0 and 1, and both occur. Scores are probabilities; a row is flagged, which means that it
is predicted to be positive, when its score is at or above a threshold.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.intervals import wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

POINTS = 200  # of a curve, at most
CALIBRATION_BINS = 10
HISTOGRAM_EDGES = np.linspace(0, 1, 41)
GRID = tuple(percent / 100 for percent in range(1, 100))  # where the cheapest threshold is sought
SHOWN = tuple(percent / 100 for percent in range(5, 100, 5))  # rows of the table of thresholds


class Curve(NamedTuple):
    """What is flagged at each different score taken as threshold, from the highest down."""

    thresholds: "Array"
    true_positives: "Array"  # counts
    false_positives: "Array"
    positives: int
    negatives: int

    @property
    def recall(self) -> "Array":
        """The share of the positives that is flagged; also called true positive rate."""
        return np.asarray(self.true_positives / self.positives)

    @property
    def false_positive_rate(self) -> "Array":
        """The share of the negatives that is flagged."""
        return np.asarray(self.false_positives / self.negatives)

    @property
    def precision(self) -> "Array":
        """The share of positives among the flagged."""
        return np.asarray(self.true_positives / (self.true_positives + self.false_positives))


def curve(labels: "Array", scores: "Array") -> Curve:
    """The curve of some rows."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], labels[order] == 1
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # of equal scores
    found = np.cumsum(hits)[last]
    positives = int(hits.sum())
    return Curve(ordered[last], found, last + 1 - found, positives, len(hits) - positives)


def ks(found: Curve) -> dict[str, float]:
    """The Kolmogorov-Smirnov distance of the two classes' scores, and the score where it is.

    It is that of the two-sided test, so scores that rank the wrong way round have a distance too.
    """
    distance = np.abs(found.recall - found.false_positive_rate)
    place = int(distance.argmax())
    return {"value": float(distance[place]), "score": float(found.thresholds[place])}


def average_precision(found: Curve) -> float:
    """The precision averaged over the positives: sum of (change of recall) x precision."""
    return float(np.sum(np.diff(found.recall, prepend=0.0) * found.precision))


def brier(labels: "Array", scores: "Array") -> float:
    """The mean squared difference between score and label."""
    return float(np.mean((scores - labels) ** 2))


def log_loss(labels: "Array", scores: "Array") -> float:
    """The mean negative log-likelihood; scores of exactly 0 or 1 are moved in by 1e-15."""
    kept = np.clip(scores, 1e-15, 1 - 1e-15)
    # By the C library, whose logarithm is the same on every processor; NumPy's vectors differ.
    likely = np.where(labels == 1, kept, 1 - kept)
    return -math.fsum(map(math.log, likely.tolist())) / len(scores)


def calibration(labels: "Array", scores: "Array", confidence: float) -> list[dict[str, Any]]:
    """Predicted against observed rates, in bins of about equally many rows."""
    rows = []
    for part in _quantile_groups(scores, CALIBRATION_BINS):
        hits = int(labels[part].sum())
        low, high = wilson(hits, len(part), confidence)
        rows.append(
            {
                **_range(scores[part]),
                "predicted": float(scores[part].mean()),
                "observed": hits / len(part),
                "observed_low": low,
                "observed_high": high,
            }
        )
    return rows


def bands(labels: "Array", scores: "Array", number: int) -> list[dict[str, Any]]:
    """The default rate in bands of about equally many rows, the lowest scores first."""
    rows = []
    for band, part in enumerate(_quantile_groups(scores, number), 1):
        defaults = int(labels[part].sum())
        rows.append(
            {
                "band": band,
                **_range(scores[part]),
                "share": len(part) / len(scores),
                "defaults": defaults,
                "default_rate": defaults / len(part),
            }
        )
    return rows


def thresholds(found: Curve, chosen: float, costs: Mapping[str, float]) -> dict[str, Any]:
    """What each threshold flags, misses and costs; the cheapest of those in hundredths.

    Args:
        found: the curve.
        chosen: the threshold in use; it is in the table whatever it is.
        costs: of one `false_positive` and one `false_negative`.
    """
    cheapest = min(_at(found, GRID, costs), key=lambda row: row["cost"])["threshold"]
    return {
        "thresholds": list(_at(found, sorted({*SHOWN, chosen, cheapest}), costs)),
        "chosen_threshold": chosen,
        "cheapest_threshold": cheapest,
    }


def _at(
    found: Curve, wanted: Iterable[float], costs: Mapping[str, float]
) -> Iterator[dict[str, Any]]:
    for threshold in wanted:
        # How many of the different scores, which fall, are at or above the threshold.
        above = int(np.searchsorted(-found.thresholds, -threshold, "right"))
        hits = int(found.true_positives[above - 1]) if above else 0
        alarms = int(found.false_positives[above - 1]) if above else 0
        missed = found.positives - hits
        yield {
            "threshold": threshold,
            "flagged": hits + alarms,
            "true_positives": hits,
            "false_positives": alarms,
            "true_negatives": found.negatives - alarms,
            "false_negatives": missed,
            "precision": hits / (hits + alarms) if above else None,
            "recall": hits / found.positives,
            "false_positive_rate": alarms / found.negatives,
            "cost": alarms * costs["false_positive"] + missed * costs["false_negative"],
        }


def roc(found: Curve) -> list[dict[str, float]]:
    """Points of the ROC curve, from nothing flagged to everything flagged."""
    places = _thinned(len(found.thresholds), POINTS - 1)
    points = zip(found.false_positive_rate[places], found.recall[places], strict=True)
    return [{"fpr": 0.0, "tpr": 0.0}, *({"fpr": float(x), "tpr": float(y)} for x, y in points)]


def precision_recall(found: Curve) -> list[dict[str, float]]:
    """Points of the precision-recall curve, from the highest threshold down."""
    places = _thinned(len(found.thresholds), POINTS)
    points = zip(found.recall[places], found.precision[places], strict=True)
    return [{"recall": float(x), "precision": float(y)} for x, y in points]


def histogram(labels: "Array", scores: "Array") -> dict[str, list[float]]:
    """How often scores fall between the edges, for each class."""
    counts = {
        name: np.histogram(scores[labels == code], HISTOGRAM_EDGES)[0].tolist()
        for name, code in (("positive", 1), ("negative", 0))
    }
    return {"edges": HISTOGRAM_EDGES.round(6).tolist(), **counts}


def _quantile_groups(scores: "Array", number: int) -> list["Array"]:
    """Positions of rows, grouped by quantiles of their score; equal scores are never divided."""
    edges = np.unique(np.quantile(scores, np.arange(1, number) / number, method="inverted_cdf"))
    group = np.searchsorted(edges, scores, "left")
    parts = (np.flatnonzero(group == n) for n in range(len(edges) + 1))
    return [part for part in parts if len(part)]


def _range(scores: "Array") -> dict[str, Any]:
    return {"low": float(scores.min()), "high": float(scores.max()), "rows": len(scores)}


def _thinned(length: int, most: int) -> "Array":
    """Positions of at most `most` of `length` points, with the first and the last."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))

"""Model quality: scores against what became of the clients, held to the evaluation of the version.

The metrics are Model Monitor's for a binary classifier. A metric breaks its constraint when it is
worse than that of the evaluation by more than the tolerance and by more than chance explains: both
are samples, so the interval is that of their difference, joint over all metrics.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs import auc, intervals
from regulated_ml.jobs.intervals import Share
from regulated_ml.jobs.model import declined
from regulated_ml.monitoring.violations import LESS, Violation

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
LEAST = 30  # rows that a metric is taken of, and of either label for the AUC: fewer are noise
# The metrics by their names in Model Monitor's statistics.json, and what breaks their constraint.
METRICS = {
    "auc": LESS,
    "accuracy": LESS,
    "precision": LESS,
    "recall": LESS,
    "true_negative_rate": LESS,
}


class Sample(NamedTuple):
    """Rows with labels and scores."""

    labels: "Array"  # 0 or 1
    scores: "Array"
    threshold: float

    @property
    def flagged(self) -> "Array":
        """Whether each row is declined."""
        return declined(self.scores, self.threshold)

    @property
    def confusion(self) -> dict[str, dict[str, int]]:
        """Rows by actual and predicted label."""
        actual, predicted = self.labels == 1, self.flagged
        return {
            str(int(a)): {
                str(int(p)): int(((actual == a) & (predicted == p)).sum()) for p in (False, True)
            }
            for a in (False, True)
        }

    @property
    def shares(self) -> dict[str, Share]:
        """The metrics that are shares of rows, as the rows that each counts."""
        found = self.confusion
        right_good, wrong_good = found["0"]["0"], found["0"]["1"]
        wrong_bad, right_bad = found["1"]["0"], found["1"]["1"]
        return {
            "accuracy": Share(right_good + right_bad, len(self.labels)),
            "precision": Share(right_bad, right_bad + wrong_good),
            "recall": Share(right_bad, right_bad + wrong_bad),
            "true_negative_rate": Share(right_good, right_good + wrong_good),
        }

    @property
    def placements(self) -> auc.Placements | None:
        """What the AUC is made of; None where either label is too rare."""
        positives = int((self.labels == 1).sum())
        if min(positives, len(self.labels) - positives) < LEAST:
            return None
        return auc.placements(self.labels, self.scores)


class Compared(NamedTuple):
    """A metric of the window beside that of the evaluation."""

    metric: str
    before: float
    now: float
    low: float  # of the change from before to now, jointly with the other metrics
    high: float
    rows: int  # that it is taken of
    broken: bool

    @property
    def change(self) -> float:
        """How much higher it is now."""
        return self.now - self.before


def compare(
    evaluation: Sample, window: Sample, false_alarm_rate: float, tolerance: float
) -> list[Compared]:
    """Each metric that both samples have rows enough for.

    Args:
        evaluation: the rows that the version was judged on.
        window: rows whose labels have arrived.
        false_alarm_rate: how often any metric is found worse where nothing has changed.
        tolerance: by how much a metric may be worse.
    """
    level = intervals.joint(1 - 2 * false_alarm_rate, len(METRICS))  # one side of each counts
    found = []
    one, other = evaluation.shares, window.shares
    for name in METRICS:
        if name == "auc":
            before, now = evaluation.placements, window.placements
            if before is None or now is None:
                continue
            gap = auc.separate_difference(now, before, level)
            values, rows = (before.auc, now.auc), len(window.labels)
        else:
            if min(one[name].rows, other[name].rows) < LEAST:
                continue
            gap = intervals.difference(other[name], one[name], level)
            values, rows = (one[name].value, other[name].value), other[name].rows
        broken = gap["high"] < -tolerance
        found.append(Compared(name, *values, gap["low"], gap["high"], rows, broken))
    return found


def constraints(found: Sequence[Compared], tolerance: float) -> Json:
    """`constraints.json` of a model quality monitor: the evaluation less the tolerance."""
    return {
        "version": 0.0,
        "binary_classification_constraints": {
            each.metric: {
                "threshold": each.before - tolerance,
                "comparison_operator": METRICS[each.metric],
            }
            for each in found
        },
    }


def statistics(window: Sample, times: Mapping[str, str], confidence: float) -> Json:
    """`statistics.json` of a model quality monitor, with the interval of each metric beside it."""
    measured: Json = {
        name: {**share.as_json(confidence), "standard_deviation": _deviation(share)}
        for name, share in window.shares.items()
        if share.rows >= LEAST
    }
    if places := window.placements:
        spread = float(np.sqrt(max(auc.covariance(places, places), 0.0)))
        measured["auc"] = {**auc.interval(places, confidence), "standard_deviation": spread}
    return {
        "version": 0.0,
        "dataset": {"item_count": len(window.labels), **times},
        "binary_classification_metrics": {"confusion_matrix": window.confusion, **measured},
    }


def check(found: Sequence[Compared], tolerance: float) -> list[Violation]:
    """The violations among the metrics."""
    return [
        Violation(
            "model_quality",
            METRICS[each.metric],
            f"Metric {each.metric} with {each.now:.4f} was {METRICS[each.metric]} "
            f"'{each.before - tolerance:.4f}'; the change from the evaluation lies between "
            f"{each.low:+.4f} and {each.high:+.4f}, on {each.rows} rows",
            metric=each.metric,
        )
        for each in found
        if each.broken
    ]


def _deviation(share: Share) -> float:
    return float(np.sqrt(share.value * (1 - share.value) / share.rows))

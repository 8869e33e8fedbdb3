"""Feature attribution drift: whether features still weigh in the scores as in the evaluation.

The score is SageMaker Clarify's: the normalised discounted cumulative gain (NDCG) of the features
ranked by their importance now, each worth its importance then (Developer Guide, "Feature
attribution drift for models in production"). Clarify's limit is 0.90. Importance is the mean size
of a feature's contribution: exact TreeSHAP here, where Clarify samples KernelSHAP.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from regulated_ml.jobs.contributions import Statistics, explained
from regulated_ml.jobs.lean import xgboost
from regulated_ml.jobs.model import Model
from regulated_ml.monitoring.violations import ATTRIBUTION, Violation

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

LEAST = 200  # rows; the importance of features in fewer is too uncertain for a ranking


class Compared(NamedTuple):
    """The ranking of a window beside that of the evaluation."""

    ndcg: float
    before: Mapping[str, float]  # importance, in log-odds
    now: Mapping[str, float]
    rows: int  # that were explained
    at_least: float

    @property
    def broken(self) -> bool:
        """Whether the ranking has changed beyond the limit."""
        return self.ndcg < self.at_least

    @property
    def moved(self) -> str:
        """The feature whose share of all importance has changed most."""
        before, now = (sum(each.values()) or 1.0 for each in (self.before, self.now))
        return max(self.before, key=lambda n: abs(self.now[n] / now - self.before[n] / before))


def ndcg(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """1 for the same ranking; lower, the more weight has come behind features of less.

    Args:
        before: the importance of each feature in the evaluation.
        now: that of the same features in a window.
    """
    gain = _gain([before[name] for name in sorted(before, key=lambda name: -now[name])])
    best = _gain(sorted(before.values(), reverse=True))
    return gain / best if best else 1.0


def importance(model: Model, values: "Array") -> dict[str, float]:
    """The mean size of each feature's contribution, over rows of numbers."""
    statistics = Statistics(values.shape[1])
    names = model.layout.names
    matrix = xgboost.DMatrix(values, feature_names=names)
    statistics.add(explained(model, values, matrix))
    return dict(zip(names, statistics.mean_absolute.tolist(), strict=True))


def check(found: Compared) -> list[Violation]:
    """The violation, in Clarify's words."""
    if not found.broken:
        return []
    said = f"Feature attribution drift {found.ndcg:.4f} exceeds threshold {found.at_least:g}"
    return [Violation("attribution", ATTRIBUTION, said, metric="shap")]


def _gain(importances: list[float]) -> float:
    return sum(value / math.log2(place + 1) for place, value in enumerate(importances, start=1))

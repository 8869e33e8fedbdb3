"""The area under the ROC curve, with DeLong's interval and test.

DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver
operating characteristic curves", Biometrics 44; computed from midranks in n log n as in Sun and Xu
(2014), "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.intervals import quantile

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


class Placements(NamedTuple):
    """What each row adds to the AUC: the share of the other class that it is ranked right against.

    The mean of either array is the AUC; their variances give its variance.
    """

    positive: "Floats"  # of each positive row: negatives with a lower score, ties for one half
    negative: "Floats"  # of each negative row: positives with a higher score

    @property
    def auc(self) -> float:
        """The probability that a positive row has a higher score than a negative one."""
        return float(self.positive.mean())


def placements(labels: "npt.NDArray[Any]", scores: "npt.NDArray[Any]") -> Placements:
    """The placements of rows with labels 0 and 1, both of which occur, in the order of the rows."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    return Placements(_share_below(positive, negative), 1 - _share_below(negative, positive))


def _share_below(values: "npt.NDArray[Any]", others: "npt.NDArray[Any]") -> "Floats":
    """For each value the share of `others` below it; equal ones count one half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, "left")
    return (below + np.searchsorted(ordered, values, "right")) / (2 * len(others))


def covariance(one: Placements, other: Placements) -> float:
    """The covariance of two AUCs of the same rows; of one with itself, its variance."""
    return sum(
        _covariance(mine, others) / len(mine) for mine, others in zip(one, other, strict=True)
    )


def _covariance(one: "Floats", other: "Floats") -> float:
    """The sample covariance, the same to the last digit everywhere.

    NumPy's goes through BLAS, whose sums differ with processor, version and number of threads.
    """
    products = (one - one.mean()) * (other - other.mean())
    return math.fsum(products) / max(len(products) - 1, 1)


def interval(found: Placements, confidence: float) -> dict[str, Any]:
    """The AUC with the interval that covers the true one with the probability `confidence`."""
    reach = quantile(confidence) * math.sqrt(max(covariance(found, found), 0.0))
    return {
        "value": found.auc,
        "low": max(found.auc - reach, 0.0),
        "high": min(found.auc + reach, 1.0),
        "confidence": confidence,
        "method": "DeLong",
    }


def difference(one: Placements, other: Placements, confidence: float) -> dict[str, Any]:
    """How much larger the first AUC is, with its interval and the p-value of "they are equal"."""
    value = one.auc - other.auc
    variance = covariance(one, one) + covariance(other, other) - 2 * covariance(one, other)
    error = math.sqrt(max(variance, 0.0))
    reach = quantile(confidence) * error
    # Without any error the rows leave no doubt, be the areas equal or not.
    certain = 0.0 if value else 1.0
    p_value = math.erfc(abs(value) / error / math.sqrt(2)) if error else certain
    return {"value": value, "low": value - reach, "high": value + reach, "p_value": p_value}


def separate_difference(one: Placements, other: Placements, confidence: float) -> dict[str, float]:
    """How much larger the AUC on some rows is than that on others, with its interval."""
    value = one.auc - other.auc
    error = math.sqrt(max(covariance(one, one) + covariance(other, other), 0.0))
    reach = quantile(confidence) * error
    return {"value": value, "low": value - reach, "high": value + reach}

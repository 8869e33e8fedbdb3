"""How far apart two samples of one number are: PSI and the Kolmogorov-Smirnov distance.

Two samples of the same population differ, too; so each distance has beside it the one that chance
alone stays below in 95 of 100 cases.
"""

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

BINS = 10
LEAST = 1e-4  # a share that is smaller counts as this, since its logarithm would be endless
RARE = 0.05  # how often chance alone goes beyond what is said of it


def cuts(values: "Array", number: int = BINS) -> "Array":
    """The upper ends of bins of about equally many values, but for the last; NaN are left out."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(0)
    found = np.unique(np.quantile(known, np.arange(1, number) / number, method="inverted_cdf"))
    return np.asarray(found[found < known.max()])


def codes(one: "Array", other: "Array") -> "Array":
    """The upper ends of bins that hold one code each, of two samples' codes, but for the last.

    A code that only one of them has is a bin, too: else a new one would count as its neighbour.
    """
    both = np.concatenate([one, other])
    return np.asarray(np.unique(both[~np.isnan(both)])[:-1])


def places(values: "Array", ends: "Array") -> "Array":
    """The bin of each value, the last one for NaN."""
    found = np.searchsorted(ends, values, "left")
    return np.where(np.isnan(values), len(ends) + 1, found)


def binned(values: "Array", ends: "Array") -> "Array":
    """How many values lie in each bin, the last one for NaN."""
    return np.bincount(places(values, ends), minlength=len(ends) + 2)


def psi(expected: "Array", actual: "Array") -> dict[str, Any]:
    """The population stability index of two rows of counts, bin by bin.

    The sum of (actual - expected) x ln(actual / expected) over shares; bins that are empty in both
    are left out. What chance gives follows n m / (n + m) times a chi-squared distribution: Yurdakul
    and Naranjo (2020), "Statistical properties of the population stability index", Journal of Risk
    Model Validation 14.
    """
    used = (expected + actual) > 0
    first, second = expected[used], actual[used]
    pairs = zip(_shares(first), _shares(second), strict=True)
    value = math.fsum((b - a) * math.log(b / a) for a, b in pairs)
    sizes = 1 / int(first.sum()) + 1 / int(second.sum())
    return {
        "value": value,
        "by_chance": _chi_squared(len(first) - 1) * sizes,
        "bins": len(first),
    }


def _shares(counts: "Array") -> list[float]:
    return [max(share, LEAST) for share in (counts / counts.sum()).tolist()]


def _chi_squared(degrees: int) -> float:
    """The quantile that chance stays below, after Wilson and Hilferty (1931)."""
    if degrees < 1:
        return 0.0
    z, part = NormalDist().inv_cdf(1 - RARE), 2 / (9 * degrees)
    root = 1 - part + z * math.sqrt(part)
    return degrees * root * root * root


def ks(one: "Array", other: "Array") -> dict[str, float]:
    """The largest distance of two samples' distribution functions; NaN are left out."""
    first, second = (np.sort(values[~np.isnan(values)]) for values in (one, other))
    if not (len(first) and len(second)):
        return {"value": 0.0, "by_chance": 0.0}
    both = np.concatenate([first, second])
    below = [np.searchsorted(values, both, "right") / len(values) for values in (first, second)]
    sizes = 1 / len(first) + 1 / len(second)
    return {
        "value": float(np.abs(below[0] - below[1]).max()),
        "by_chance": math.sqrt(-math.log(RARE / 2) / 2 * sizes),
    }

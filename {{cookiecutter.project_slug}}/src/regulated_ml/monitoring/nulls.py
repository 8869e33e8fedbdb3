"""What a distance of two samples comes to by chance alone: p-values and critical values.

Two ways, and each takes the baseline for the sample that it is:

- numbers of many different values: 2 exp(-2 d^2 n m / (n + m)), the first term of the limit of the
  two-sample Kolmogorov-Smirnov statistic, which is the same for every continuous distribution
  (Smirnov, 1939; a bound for finite samples, too: Wei and Dudley, 2012, "Two-sample
  Dvoretzky-Kiefer-Wolfowitz inequalities"). Below 0.05 it is the limit itself to 5 digits, above it
  is too large. Ties only make the statistic smaller (Noether, 1963, "Note on the Kolmogorov
  statistic in the discrete case").
- categories and numbers of few values, where ties would cost much power: a permutation test. Which
  of all rows are those of the window is drawn anew many times; so the counts of the window are
  multivariate hypergeometric. Its p-value, (1 + as large ones) / (1 + draws), is valid for any
  number of draws (Phipson and Smyth, 2010, "Permutation p-values should never be zero").
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

CELLS = 20  # up to so many different values, a distance is simulated; rarer categories are pooled
SEED = 20_051_001
LARGEST = 10**9 - 1  # of all rows; numpy draws from no larger urn
PRECISION = 5  # draws that are expected beyond the critical value
LEAST_DRAWS, MOST_DRAWS = 10_000, 50_000
EQUAL = 1e-12  # distances that differ by less do so by rounding

Distance = Callable[["Array"], "Array"]


def ks(gaps: "Array") -> "Array":
    """Kolmogorov-Smirnov, of differences of shares at rising values along the last axis."""
    return np.asarray(np.abs(np.cumsum(gaps, axis=-1)).max(axis=-1))


def tv(gaps: "Array") -> "Array":
    """Total variation: half of the sum of absolute differences of shares."""
    return np.asarray(np.abs(gaps).sum(axis=-1) / 2)


class Null(Protocol):
    """The distribution of a distance where nothing has changed."""

    def p_value(self, distance: float) -> float:
        """How probable this distance or a larger one is, at most."""

    def critical(self, level: float) -> float:
        """The distance from which on p-values are `level` or less."""


@dataclass(frozen=True)
class Continuous:
    """Of the Kolmogorov-Smirnov distance of two samples of any continuous distribution."""

    rows: tuple[int, int]

    @property
    def _size(self) -> float:
        one, other = self.rows
        return one * other / (one + other)

    def p_value(self, distance: float) -> float:
        """How probable this distance or a larger one is, at most."""
        return min(1.0, 2 * math.exp(-2 * self._size * distance * distance))

    def critical(self, level: float) -> float:
        """The distance whose p-value is `level`."""
        return math.sqrt(-math.log(level / 2) / (2 * self._size))


@dataclass(frozen=True)
class Simulated:
    """Of a distance of two samples of few different values, by drawing."""

    drawn: "Array"  # distances in rising order
    bound: float  # P(distance >= d) <= exp(bound - 2 size d^2), however far out
    size: float

    def p_value(self, distance: float) -> float:
        """How probable this distance or a larger one is, at most."""
        larger = len(self.drawn) - int(np.searchsorted(self.drawn, distance - EQUAL, "left"))
        far = math.exp(min(0.0, self.bound - 2 * self.size * distance * distance))
        return min((1 + larger) / (1 + len(self.drawn)), far)

    def critical(self, level: float) -> float:
        """The least distance whose p-value is `level` or less."""
        far = math.sqrt((self.bound - math.log(level)) / (2 * self.size))
        beyond = math.floor(level * (1 + len(self.drawn)) + EQUAL) - 1  # as large ones, at most
        if beyond < 0:
            return far
        # The next distance above the largest one that too many draws reach.
        return min(float(self.drawn[-1 - beyond]) + 2 * EQUAL, far)


def simulated(pooled: "Array", rows: tuple[int, int], distance: Distance, level: float) -> Null:
    """The null distribution for samples that share these counts.

    Args:
        pooled: how often each value or category is there in both samples, in order, whole numbers.
        rows: of the baseline and of the window; their sum is that of `pooled`.
        distance: `ks` or `tv`.
        level: the smallest p-value that has to be told.
    """
    baseline, window = rows
    total, sets = baseline + window, len(pooled)
    # A distance is the largest gap over sets of cells: of all for tv, of the first ones for ks.
    # Each gap: Serfling (1974), "Probability inequalities for the sum in sampling without
    # replacement", theorem 1.1, corollary; and all of them together by their sum.
    number = sets * math.log(2) if distance is tv else math.log(2 * sets)
    size = window * baseline * baseline / (total * (baseline + 1))
    if total > LARGEST:
        return Simulated(np.zeros(0), number, size)
    draws = min(MOST_DRAWS, max(LEAST_DRAWS, math.ceil(PRECISION / level)))
    rng = np.random.default_rng(SEED)
    counts = rng.multivariate_hypergeometric(pooled, window, size=draws, method="marginals")
    gaps = counts * (1 / window + 1 / baseline) - pooled / baseline
    return Simulated(np.sort(distance(gaps)), number, size)

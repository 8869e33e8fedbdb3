"""Intervals of shares, of their differences and of their ratios."""

import math
from statistics import NormalDist
from typing import Any, NamedTuple, TypeVar, cast

Content = TypeVar("Content")  # of JSON


class Share(NamedTuple):
    """So many out of so many."""

    hits: int
    rows: int

    @property
    def value(self) -> float:
        """The share, from 0 to 1."""
        return self.hits / self.rows

    def limits(self, confidence: float) -> tuple[float, float]:
        """Wilson's interval."""
        return wilson(self.hits, self.rows, confidence)

    def as_json(self, confidence: float) -> dict[str, Any]:
        """The share with its interval."""
        low, high = self.limits(confidence)
        return {"value": self.value, "low": low, "high": high, "rows": self.rows}


def wilson(hits: int, rows: int, confidence: float) -> tuple[float, float]:
    """The interval of a share after Wilson (1927), which stays within 0 and 1."""
    z = quantile(confidence)
    share, weight = hits / rows, z * z / rows
    centre = (share + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(share * (1 - share) / rows + weight / (4 * rows))
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def difference(one: Share, other: Share, confidence: float) -> dict[str, float]:
    """The first share less the second, with Newcombe's interval of two Wilson intervals.

    Method 10 of Newcombe (1998), "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17.
    """
    (low, high), (other_low, other_high) = one.limits(confidence), other.limits(confidence)
    value = one.value - other.value
    return {
        "value": value,
        "low": value - math.hypot(one.value - low, other_high - other.value),
        "high": value + math.hypot(high - one.value, other.value - other_low),
    }


def ratio(one: Share, other: Share, confidence: float) -> dict[str, float] | None:
    """The first share over the second with its interval, None where the second is 0.

    The interval is made of two Wilson intervals as in Donner and Zou (2012), "Closed-form
    confidence intervals for functions of the normal mean and standard deviation", Statistical
    Methods in Medical Research 21. It has two ends where a share is 0 or 1, too.
    """
    if not other.hits:
        return None
    (low, high), (other_low, other_high) = one.limits(confidence), other.limits(confidence)
    return {
        "value": one.value / other.value,
        "low": max(_end(one.value, other.value, low, other_high, -1), 0.0),
        "high": _end(one.value, other.value, high, other_low, 1),
    }


def _end(one: float, other: float, limit: float, other_limit: float, sign: int) -> float:
    """One end of a ratio's interval."""
    below = other_limit * (2 * other - other_limit)
    if below <= 0:  # of a lower end only: the second share may be any multiple of what was seen
        return 0.0
    product = one * other
    root = math.sqrt(max(product * product - limit * (2 * one - limit) * below, 0.0))
    return (product + sign * root) / below


def joint(confidence: float, comparisons: int) -> float:
    """The confidence of each of several intervals that all hold at once with `confidence`.

    Bonferroni's: where the most extreme of many is looked at, chance has had many tries.
    """
    return 1 - (1 - confidence) / max(comparisons, 1)


def quantile(confidence: float) -> float:
    """The half-width, in standard errors, of a two-sided interval of the normal distribution."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def rounded(content: Content, digits: int = 6) -> Content:
    """The same content with its numbers rounded, which come from a fit.

    Their further digits would depend on the processor and on the versions of libraries.
    """
    found: Any = content
    if isinstance(content, dict):
        found = {name: rounded(value, digits) for name, value in content.items()}
    elif isinstance(content, list):
        found = [rounded(value, digits) for value in content]
    elif isinstance(content, float):
        found = round(content, digits)
    return cast("Content", found)

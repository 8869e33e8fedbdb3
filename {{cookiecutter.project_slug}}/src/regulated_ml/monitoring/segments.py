"""Which clients of a window are new: of a column that has changed, the values that came in."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.monitoring.cells import category
from regulated_ml.monitoring.distributions import Distribution

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

PARTS = 20  # of either distribution, whose ends a range may begin and end at
LEAST = 0.005  # of the rows; a category, or a part, whose share grew by less is not named
SLIGHT = 0.1  # of its own share, by which a part may have grown by chance
SHOWN = 6  # categories in a sentence


class Segment(NamedTuple):
    """The clients whose share has grown, by one column."""

    column: str
    words: str
    members: "Array"  # of the sample's rows, as a mask
    before: float  # their share in the baseline
    now: float


def grown(
    column: str, baseline: Distribution, window: Distribution, values: "Array", *, by_missing: bool
) -> Segment:
    """The segment of a column whose share has grown most.

    Args:
        column: its name.
        baseline: how it was distributed.
        window: how it is distributed now.
        values: of the sample, float32, NaN where missing.
        by_missing: the segment is that of the clients without a value.
    """
    if by_missing:
        before, now = 1 - baseline.completeness, 1 - window.completeness
        return Segment(column, f"{column} missing", np.isnan(values), before, now)
    if baseline.kind == "category":
        return _categories(column, baseline, window, values)
    return _range(column, baseline, window, values)


def overlap(one: Segment, other: Segment) -> float:
    """How far two segments are the same clients: the correlation of their membership, phi."""
    both = np.vstack([one.members, other.members]).astype(np.float64)
    if not both.shape[1] or np.any(both.std(axis=1) == 0):
        return 0.0
    return float(np.atleast_2d(np.corrcoef(both))[0, 1])


def _categories(
    column: str, baseline: Distribution, window: Distribution, values: "Array"
) -> Segment:
    shares = {
        name: (
            baseline.counts.get(name, 0) / max(baseline.present, 1),
            count / max(window.present, 1),
        )
        for name, count in window.counts.items()
    }
    more = sorted(shares, key=lambda name: shares[name][0] - shares[name][1])
    names = [name for name in more if shares[name][1] - shares[name][0] >= LEAST] or more[:1]
    members = np.array([category(float(value)) in names for value in values], bool)
    shown = ", ".join(names[:SHOWN]) + (" and others" if len(names) > SHOWN else "")
    before, now = (sum(shares[name][side] for name in names) for side in (0, 1))
    return Segment(column, f"{column} {shown}", members, before, now)


def _range(column: str, baseline: Distribution, window: Distribution, values: "Array") -> Segment:
    """The range of numbers whose share has grown most: the largest sum over adjacent parts."""
    edges = np.unique(np.concatenate([_ends(baseline), _ends(window)]))
    below = [_below(each, edges) for each in (baseline, window)]
    shares = [np.diff(each, prepend=0.0, append=1.0) for each in below]
    # A part that grew by no more than noise does not make the range wider.
    noise = np.maximum(LEAST, SLIGHT * shares[0])
    first, last = _largest(shares[1] - shares[0] - noise)
    ends = [-np.inf, *edges.tolist(), np.inf]
    low, high = ends[first], ends[last + 1]
    members = (values >= low) & (values < high)
    whole = [[0.0, *each.tolist(), 1.0] for each in below]
    before, now = (each[last + 1] - each[first] for each in whole)
    return Segment(column, _words(column, low, high), members, before, now)


def _ends(found: Distribution) -> "Array":
    values, weights = found.weighted()
    if not len(values):
        return values
    ranks = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(ranks, np.arange(1, PARTS) / PARTS)
    return np.unique(values[places.clip(max=len(values) - 1)])


def _below(found: Distribution, edges: "Array") -> "Array":
    """The share of values below each edge."""
    values, weights = found.weighted()
    if not len(values):
        return np.zeros(len(edges))
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return np.asarray(sums[np.searchsorted(values, edges, "left")] / sums[-1])


def _largest(gains: "Array") -> tuple[int, int]:
    """The first and the last place of the adjacent gains with the largest sum (Kadane)."""
    best, span, total, start = -np.inf, (0, 0), 0.0, 0
    for place, gain in enumerate(gains.tolist()):
        if total <= 0:
            total, start = 0.0, place
        total += gain
        if total > best:
            best, span = total, (start, place)
    return span


def _words(column: str, low: float, high: float) -> str:
    if low == -np.inf and high == np.inf:
        return f"{column} of any value"
    if low == -np.inf:
        return f"{column} under {high:,.6g}"
    if high == np.inf:
        return f"{column} {low:,.6g} and over"
    return f"{column} from {low:,.6g} to under {high:,.6g}"

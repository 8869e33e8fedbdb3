"""How the score goes with the values of one feature: groups of clients, and a sentence about them.

A group tells the median contribution and the ends of its values. Both are told of `SHARED` clients
or more, so that none of them is a single client's; the outermost groups have no outer end.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from regulated_ml.reports.words import Vocabulary, capital, quantity, short, signed

Numbers = npt.NDArray[np.float64]
Members = npt.NDArray[np.bool_]

SHARED = 20  # clients that a group needs to be shown and compared with others
SOME = 12  # distinct values up to which each one is looked at by itself
GROUPS = 10  # otherwise: so many groups of about equal size
ANY = "any value"


class Level(NamedTuple):
    """The contribution around one value of a feature."""

    text: str  # in a table
    phrase: str  # in a sentence
    median: float
    rows: int


class Cloud(NamedTuple):
    """The sampled clients of one feature: its values and its contributions, both without NaN."""

    name: str
    values: Numbers
    pushes: Numbers
    codes: Sequence[str] = ()  # of a category of texts: what the values 0, 1, 2, ... stand for

    def named(self, value: float) -> Any:
        """The value as the table has it."""
        return self.codes[int(value)] if self.codes else value

    def of_shared_values(self) -> "Cloud":
        """The clients whose value `SHARED` clients or more have."""
        _, places, counts = np.unique(self.values, return_inverse=True, return_counts=True)
        shared = (counts >= SHARED)[places]
        return self._replace(values=self.values[shared], pushes=self.pushes[shared])


def levels(cloud: Cloud, words: Vocabulary) -> list[Level]:
    """The median contribution by value, or by groups of values where there are many numbers.

    `cloud` has `SHARED` clients or more, and so has each level.
    """
    few = cloud.codes or len(np.unique(cloud.values)) <= SOME
    return [
        Level(text, phrase, float(np.median(cloud.pushes[inside])), int(inside.sum()))
        for text, phrase, inside in (_codes if few else _ranges)(cloud, words)
    ]


def _codes(cloud: Cloud, words: Vocabulary) -> Iterator[tuple[str, str, Members]]:
    """One group for each value that enough clients share, and one for all others."""
    distinct, counts = np.unique(cloud.values, return_counts=True)
    rare = counts < SHARED
    if rare.any() and counts[rare].sum() < SHARED:
        # The rarest of the others joins them, for they are too few by themselves.
        rare |= np.arange(len(counts)) == np.argmin(np.where(rare, len(cloud.values) + 1, counts))
    for value in distinct[~rare].tolist():
        name = cloud.named(value)
        phrase = f"at {words.quoted(cloud.name, name)}"
        yield words.value(cloud.name, name), phrase, cloud.values == value
    if rare.all():
        yield ANY, f"at {ANY}", np.ones(len(cloud.values), bool)
    elif rare.any():
        text = f"other values ({rare.sum()})"
        yield text, f"at {text}", np.isin(cloud.values, distinct[rare])


def _ranges(cloud: Cloud, words: Vocabulary) -> Iterator[tuple[str, str, Members]]:
    """Groups of about equal size between rounded bounds; an upper bound belongs to its group."""
    bounds = _bounds(cloud.values)
    cells = np.searchsorted(bounds, cloud.values)
    ends = [None, *(quantity(float(bound)) for bound in bounds), None]
    runs = _runs(np.bincount(cells, minlength=len(bounds) + 1))
    for first, last in runs:
        inside = (cells >= first) & (cells <= last)
        values = np.unique(cloud.values[inside])
        if len(values) == 1:
            text = words.value(cloud.name, float(values[0]))
            yield text, f"at {text}", inside
            continue
        low = ends[first] if first > runs[0][0] else None
        high = ends[last + 1] if last < runs[-1][1] else None
        yield *_range(low, high), inside


def _range(low: str | None, high: str | None) -> tuple[str, str]:
    """The text and the phrase of a range; None is an open end."""
    if low and high:
        return f"{low} to {high}", f"from {low} to {high}"
    text = f"up to {high}" if high else f"above {low}" if low else ANY
    return text, text if low or high else f"at {text}"


def _bounds(values: Numbers) -> Numbers:
    """Where groups of about equal size meet, rising: the inner quantiles, rounded.

    They are rounded to hundredths of the size of their span, so that none is a client's own value.
    """
    inner = np.quantile(values, np.linspace(0, 1, GROUPS + 1)[1:-1], method="nearest")
    span = float(np.ptp(inner))
    places = 2 - int(np.floor(np.log10(span))) if span > 0 else 0
    bounds: Numbers = np.unique(np.round(inner, places) if span > 0 else inner)
    return bounds


def _runs(counts: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """First and last of neighbouring cells that together have `SHARED` clients or more."""
    runs: list[tuple[int, int]] = []
    first, rows = 0, 0
    for last, count in enumerate(counts.tolist()):
        rows += count
        if rows >= SHARED:
            runs.append((first, last))
            first, rows = last + 1, 0
    if first < len(counts):  # too few are left for a run of their own
        begin = runs.pop()[0] if runs else 0
        runs.append((begin, len(counts) - 1))
    return runs


def dependence(name: str, found: Sequence[Level]) -> str:
    """At which values of a feature the score is raised and lowered most; of one level or more."""
    name = capital(short(name, 70))
    if len(found) == 1 and found[0].text != ANY:
        return f"{name} has one value in the sample, {found[0].text}"
    high, low = max(found, key=lambda one: one.median), min(found, key=lambda one: one.median)
    top, bottom = (f"{one.phrase} ({signed(one.median)})" for one in (high, low))
    if signed(high.median) == signed(low.median):
        return f"{name} moves the score by {signed(high.median)} at any value"
    if low.median >= 0:
        return f"{name} raises the score most {top}, least {bottom}"
    if high.median <= 0:
        return f"{name} lowers the score most {bottom}, least {top}"
    return f"{name} raises the score most {top}, lowers it most {bottom}"

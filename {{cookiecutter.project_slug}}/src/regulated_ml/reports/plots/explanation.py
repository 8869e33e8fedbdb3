"""Pictures of what moves the score: for all clients, for each feature, for one client."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from regulated_ml.reports.plots.canvas import (
    INK,
    LOWERS,
    MODEL,
    MUTED,
    OTHER,
    PIXEL,
    RAISES,
    axes,
    compact_axis,
    fitting,
    picture,
    rows,
)
from regulated_ml.reports.words import percent, quantity, signed

Numbers = npt.NDArray[np.float64]

# Low to high values: told apart by any colour vision, and never as pale as the page.
LOW_TO_HIGH = LinearSegmentedColormap.from_list("values", ["#1f5c99", "#a79fae", "#e0730b"])
UNKNOWN = "#c3c8ce"  # a value that is missing, or no number
SWARM = 34  # CSS pixels from the lowest to the highest point of one feature
FEW = 20  # distinct values up to which a feature's points are spread to show how many there are
TICKS = 12  # of those values, at most
ROOM = 56  # characters below a picture
TAIL = 0.5  # per cent of a feature's values on each side that a picture may leave out
CONTRIBUTION = "contribution to the score (log-odds)"


@picture
def importance(labels: Sequence[str], sizes: Sequence[float], shares: Sequence[float]) -> Axes:
    """How far each feature moves the score on average, up or down."""
    plot, marks = rows(labels, [percent(share) for share in shares])
    plot.barh(marks, sizes, height=10, color=MODEL)
    plot.set(xlim=(0, max([*sizes, 1e-9]) * 1.01), xlabel="mean absolute " + CONTRIBUTION)
    return plot


@picture
def beeswarm(
    labels: Sequence[str], values: Sequence[Numbers], contributions: Sequence[Numbers]
) -> Axes:
    """Every sampled client as a point a feature: where it is pushed, and by which value.

    One array of values and one of contributions a label, of equal length; a missing value is NaN.
    """
    plot, marks = rows(labels, bar=SWARM, top=34)
    limit = max(float(np.ptp(np.concatenate(contributions))), 1e-9)
    plot.axvline(0, color=OTHER, linewidth=1)
    for mark, own, pushes in zip(marks, values, contributions, strict=True):
        plot.scatter(
            pushes,
            mark + _swarm(pushes, limit) * SWARM / 2,
            c=[UNKNOWN if np.isnan(rank) else LOW_TO_HIGH(rank) for rank in _ranks(own)],
            s=5,
            linewidths=0,
            rasterized=True,
        )
    plot.set_xlabel(CONTRIBUTION)
    _colours(plot)
    return plot


def _colours(plot: Axes) -> None:
    """What the colours of the points mean, above all of them."""
    figure = plot.figure
    height = figure.bbox.height / figure.dpi / PIXEL
    y = 1 - 14 / height
    strip = figure.add_axes((0.62, y - 3 / height, 0.22, 6 / height))
    strip.imshow([[n / 60 for n in range(61)]], aspect="auto", cmap=LOW_TO_HIGH)
    strip.set_axis_off()
    figure.text(0.6, y, "low value", ha="right", va="center", color=MUTED)
    figure.text(0.86, y, "high", va="center", color=MUTED)


def _swarm(pushes: Numbers, limit: float) -> Numbers:
    """Places between -1 and 1 that keep points of about equal contribution off each other.

    The points of one bin are laid alternately above and below the middle, as far apart as the
    fullest bin allows.
    """
    bins = np.floor((pushes - pushes.min()) / limit * 120).astype(int)
    counts = np.bincount(bins)
    order = np.argsort(bins, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.empty(len(pushes), dtype=int)
    within[order] = np.arange(len(pushes)) - starts[bins[order]]
    sides = np.where(within % 2 == 0, 1, -1)
    places: Numbers = sides * ((within + 1) // 2) / max((counts.max() + 1) // 2, 12)
    return places


def _ranks(values: Numbers) -> Numbers:
    """Values on a scale from 0 to 1 between their 5th and 95th percentile; NaN stays NaN."""
    if np.isnan(values).all():
        return values
    low, high = np.nanpercentile(values, [5, 95])
    if low == high:
        low, high = np.nanmin(values), np.nanmax(values)
    if low == high:
        return np.where(np.isnan(values), np.nan, 0.5)
    ranks: Numbers = np.clip((values - low) / (high - low), 0, 1)
    return ranks


@picture
def dependence(
    label: str, values: Numbers, contributions: Numbers, codes: Sequence[str] = ()
) -> Axes:
    """How a feature's contribution depends on its value, one point a client; no NaN.

    `codes` are the texts that the values 0, 1, 2, ... of a category stand for.
    """
    plot = axes(300, left=46, upward=CONTRIBUTION)
    distinct = np.unique(values)
    across = values
    if told_apart(values, codes):
        gap = np.diff(distinct).min() if len(distinct) > 1 else 1
        across = values + np.random.default_rng(0).uniform(-0.28, 0.28, len(values)) * gap
        ticks = distinct[:: -(-len(distinct) // TICKS)]
        names = [codes[int(tick)] if codes else quantity(float(tick)) for tick in ticks]
        plot.set_xticks(ticks, fitting(names, ROOM // len(ticks)))
    else:
        low, high = np.percentile(values, [TAIL, 100 - TAIL])
        plot.set_xlim(low - (high - low) * 0.02, high + (high - low) * 0.02)
        compact_axis(plot.xaxis)
    plot.axhline(0, color=INK, linewidth=0.9)
    plot.scatter(across, contributions, s=6, color=MODEL, alpha=0.35, linewidths=0, rasterized=True)
    plot.set_xlabel(label)
    return plot


def told_apart(values: Numbers, codes: Sequence[str]) -> bool:
    """Whether a picture shows each value of a feature by itself."""
    return bool(codes) or len(np.unique(values)) <= FEW


@picture
def waterfall(base: float, steps: Sequence[tuple[str, float]]) -> Axes:
    """From the average to one client's score: each step's label and contribution, in order."""
    plot, marks = rows([label for label, _ in steps], [signed(size) for _, size in steps], bar=12)
    edge = base
    for place, (mark, (_, size)) in enumerate(zip(marks, steps, strict=True)):
        plot.barh(mark, size, left=edge, height=12, color=RAISES if size > 0 else LOWERS)
        edge += size
        if place + 1 < len(marks):
            plot.plot([edge, edge], [mark, marks[place + 1]], color=OTHER, linewidth=0.8, zorder=0)
    plot.axvline(base, color=OTHER, linewidth=1.2, linestyle=(0, (4, 3)))
    plot.axvline(edge, color=INK, linewidth=1.2)
    plot.set_xlabel("log-odds; dashed: average client, solid: this client")
    plot.margins(x=0.03)
    return plot


@picture
def reasons(texts: Sequence[str], shares: Sequence[float]) -> Axes:
    """To which share of the declined clients each reason is given."""
    plot, marks = rows(texts, [percent(share, 0) for share in shares])
    plot.barh(marks, shares, height=10, color=RAISES)
    plot.set(xlim=(0, 1), xlabel="share of the declined clients")
    plot.xaxis.set_major_formatter(lambda value, _: percent(value, 0))
    return plot


def as_numbers(values: Sequence[Any]) -> Numbers:
    """Values of JSON as floats: what is missing or is no number becomes NaN."""
    return np.array([v if isinstance(v, int | float) else np.nan for v in values], dtype=float)

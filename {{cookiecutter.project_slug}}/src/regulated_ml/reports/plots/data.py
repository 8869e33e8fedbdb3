"""Pictures of the table: how each column spreads, and how the label's rate goes with it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from regulated_ml.reports.plots.canvas import (
    DASHED,
    INK,
    MARK,
    MODEL,
    MUTED,
    NARROW,
    OTHER,
    PIXEL,
    WIDTH,
    compact_axis,
    fitting,
    panels,
    percent_axis,
    picture,
    rows,
)
from regulated_ml.reports.words import compact, decimal, percent, short

Rows = Sequence[Mapping[str, Any]]

# From opposite (-1) through nothing (0) to the same (1); told apart by any colour vision.
CORRELATION = LinearSegmentedColormap.from_list("correlation", ["#b35806", "#f7f7f7", "#1f5c99"])
MAPPED = 16  # columns from which on the map of correlations is too dense for a phone
TICKS = 10  # of a column of codes, at most
ROOM = 52  # characters below a column of codes
BINS = 32  # of a column of numbers
CELL = 19  # CSS pixels of one pair in the map of correlations
NAMES = 150  # CSS pixels for the names of its columns, on its left
KEY = 52  # CSS pixels for the key of its colours, above it


@picture
def label_rates(labels: Sequence[str], rates: Sequence[Sequence[float]], overall: float) -> Axes:
    """The label rate in each group of rows, one line of points a column; none is empty."""
    spans = [f"{percent(min(own), 0)} to {percent(max(own), 0)}" for own in rates]
    plot, marks = rows(labels, spans)
    plot.axvline(overall, color=MARK, linewidth=1.2, linestyle=DASHED)
    for mark, own in zip(marks, rates, strict=True):
        plot.plot([min(own), max(own)], [mark, mark], color=OTHER, linewidth=1.2)
        plot.plot(own, [mark] * len(own), "o", color=MODEL, markersize=6, alpha=0.75, mew=0)
    plot.set(xlabel="label rate; dashed: of all rows", xlim=(0, None))
    plot.margins(x=0.02)
    percent_axis(plot.xaxis)
    return plot


@picture
def numbers(groups: Rows, span: tuple[float, float], overall: float | None) -> Axes:
    """A column of numbers: rows by value over `span`, and below the label rate of each group.

    Groups have rows, low, high and label_rate (or None), and follow each other. They are of about
    equal size, so the upper panel spreads each one evenly over its values and counts anew.
    """
    upper, *lower = _panels(overall, groups)
    bins = np.linspace(*span, BINS + 1)
    counts = np.diff(np.interp(bins, *_cumulated(groups)))
    upper.bar(bins[:-1], counts, np.diff(bins), align="edge", color=MODEL, ec="white", lw=0.5)
    upper.set_xlim(*span)
    compact_axis(upper.xaxis, 4)
    for plot in lower:
        places, rates = _rates(plot, groups, overall or 0)
        plot.plot(places, rates, color=MODEL, linewidth=1.2)
        ends = [g["low"] for g in groups] + [groups[-1]["high"]]
        step = -(-len(groups) // 4)
        shown = [*range(0, len(groups) - step // 2, step), len(groups)]
        plot.set_xticks(
            [place - 0.5 for place in shown], [compact(ends[place], 2) for place in shown]
        )
    return upper


def _cumulated(groups: Rows) -> tuple[list[float], list[float]]:
    """Values, rising, and how many rows lie below each; groups meet halfway between them."""
    middles = [(before["high"] + after["low"]) / 2 for before, after in pairwise(groups)]
    ends = [groups[0]["low"], *middles, groups[-1]["high"]]
    return ends, [0.0, *np.cumsum([g["rows"] for g in groups]).tolist()]


@picture
def codes(groups: Rows, overall: float | None) -> Axes:
    """A column of codes: the rows of each, and below its label rate (or None)."""
    upper, *lower = _panels(overall, groups)
    places = range(len(groups))
    upper.bar(places, [g["rows"] for g in groups], color=MODEL, width=0.8)
    for plot in lower:
        shown, rates = _rates(plot, groups, overall or 0)
        plot.vlines(shown, overall or 0, rates, color=MODEL, linewidth=1.2)
    step = -(-len(groups) // TICKS)
    for plot in (upper, *lower):
        plot.set_xticks(list(places)[::step], _ticks(groups)[::step])
        plot.set_xlim(-0.6, len(groups) - 0.4)
    return upper


def _ticks(groups: Rows) -> list[str]:
    """The texts as far as there is room; of `2: two months late` the code where there is little."""
    room = ROOM // min(len(groups), TICKS)
    texts = [str(g["text"]) for g in groups]
    if max(map(len, texts)) > room:
        texts = [text.split(": ")[0] for text in texts]
    return fitting(texts, room)


def _panels(overall: float | None, groups: Rows) -> list[Axes]:
    """Axes for the rows, and for the label rates where there are any."""
    upwards = ["rows", "label rate"] if overall is not None and _rated(groups) else ["rows"]
    made = panels([84, 70][: len(upwards)], upwards=upwards, gap=24, bottom=26, width=NARROW)
    made[0].grid(visible=False, axis="x")
    compact_axis(made[0].yaxis, 3)
    return made


def _rated(groups: Rows) -> list[tuple[int, float]]:
    """The places and label rates of the groups that have one."""
    return [(n, g["label_rate"]) for n, g in enumerate(groups) if g["label_rate"] is not None]


def _rates(plot: Axes, groups: Rows, overall: float) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Draws the label rates as points and gives their places and heights."""
    places, rates = zip(*_rated(groups), strict=True)
    plot.axhline(overall, color=MARK, linestyle=DASHED, linewidth=1)
    plot.plot(places, rates, "o", color=MODEL, markersize=4.5)
    plot.set(ylim=(0, max(*rates, overall, 1e-9) * 1.2), xlim=(-0.5, len(groups) - 0.5))
    plot.grid(visible=False, axis="x")
    plot.locator_params(axis="y", nbins=4)
    percent_axis(plot.yaxis)
    return places, rates


@picture
def missing(labels: Sequence[str], shares: Sequence[float]) -> Axes:
    """Which share of the rows has no value, one bar a column."""
    plot, marks = rows(labels, [percent(share) for share in shares])
    plot.barh(marks, shares, height=10, color=MODEL)
    plot.set(xlim=(0, max(shares) * 1.01), xlabel="share of the rows without a value")
    plot.xaxis.set_major_formatter(lambda value, _: percent(value, 1))
    return plot


@picture
def correlations(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> Axes:
    """The correlation of each pair of columns as a coloured cell, numbered like its table."""
    values = np.array([[np.nan if v is None else v for v in row] for row in matrix], dtype=float)
    values[np.triu_indices(len(names), 1)] = np.nan  # each pair once
    side = CELL * len(names)
    width, height = max(WIDTH, NAMES + side + 12), KEY + side + 34
    figure = Figure(figsize=(width * PIXEL, height * PIXEL))
    plot = figure.add_axes((NAMES / width, 34 / height, side / width, side / height))
    plot.pcolormesh(values, cmap=CORRELATION, vmin=-1, vmax=1, edgecolors="white", linewidth=0.8)
    places = np.arange(len(names)) + 0.5
    plot.set_yticks(places, [f"{short(name, 20)}  {n}" for n, name in enumerate(names, 1)])
    plot.set_xticks(places, [str(n) for n in range(1, len(names) + 1)])
    plot.tick_params(length=0, labelcolor=INK)
    plot.set_ylim(len(names), 0)
    plot.set_xlim(0, len(names))
    plot.grid(visible=False)
    for side_name in ("left", "bottom"):
        plot.spines[side_name].set_visible(False)
    _key(figure, width, height)
    return plot


def _key(figure: Figure, width: float, height: float) -> None:
    """What the colours mean, in a strip of its own above the map; sizes in CSS pixels."""
    key = figure.add_axes((NAMES / width, 1 - 20 / height, 160 / width, 8 / height))
    key.pcolormesh(np.linspace(-1, 1, 21)[None, :], cmap=CORRELATION, vmin=-1, vmax=1)
    key.set_xticks([0.5, 10.5, 20.5], [decimal(-1, 0), "0", "1"])
    key.set_yticks([])
    x, y = (NAMES - 8) / width, 1 - 16 / height
    figure.text(x, y, "correlation", ha="right", va="center", color=MUTED)
    key.grid(visible=False)
    for spine in key.spines.values():
        spine.set_visible(False)

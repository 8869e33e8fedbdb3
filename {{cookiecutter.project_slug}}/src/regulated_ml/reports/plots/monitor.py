"""Pictures of monitoring: what has drifted in a window, and how windows follow each other."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from regulated_ml.reports.plots.canvas import (
    DASHED,
    INK,
    MARK,
    MODEL,
    OTHER,
    key,
    panels,
    percent_axis,
    picture,
    rows,
)
from regulated_ml.reports.words import decimal

Json = Mapping[str, Any]


EDGE = 0.06  # of the widest bar, beside it: room for the text of a tick


class Point(NamedTuple):
    """A window in the trend."""

    name: str
    mean_score: float
    declined: float  # share
    alerts: int


@picture
def drift(found: Sequence[Json]) -> Axes:
    """The distance of each column from its baseline, and the one from which on it is drift."""
    labels = [each["column"] for each in found]
    plot, marks = rows(labels, [decimal(each["distance"]) for each in found])
    for mark, each in zip(marks, found, strict=True):
        color = MARK if each["drifted"] else MODEL
        plot.barh(mark, each["distance"], height=10, color=color)
        line = [mark - 9, mark + 9]
        plot.plot([each["critical"]] * 2, line, color=INK, linewidth=2)
    widest = max(max(each["distance"], each["critical"]) for each in found)
    plot.set(xlim=(-widest * EDGE, widest * (1 + EDGE)), xlabel="distance from the baseline")
    ticks = MaxNLocator(5).tick_values(0, widest)
    plot.set_xticks([tick for tick in ticks if 0 <= tick <= widest])
    return plot


@picture
def trend(points: Sequence[Point], before: tuple[float, float] | None) -> Axes:
    """The mean score and the share declined, window by window; `before` is the evaluation's."""
    upper, lower = panels([120, 120], upwards=["mean score", "share declined"], gap=34, left=52)
    places = list(range(len(points)))
    for plot, values, usual in (
        (upper, [each.mean_score for each in points], before and before[0]),
        (lower, [each.declined for each in points], before and before[1]),
    ):
        plot.plot(places, values, color=MODEL, marker="o", markersize=5, label="window")
        alarmed = [n for n in places if points[n].alerts]
        heights = [values[n] for n in alarmed]
        plot.plot(alarmed, heights, "o", color=MARK, markersize=9, label="with an alert")
        if usual is not None:
            plot.axhline(usual, color=OTHER, linestyle=DASHED, linewidth=1.2, label="evaluation")
        highest = max([*values, usual or 0.0, 0.01])
        plot.set_ylim(0, highest * 1.15)
        plot.set_xlim(-0.5, max(len(points) - 0.5, 0.5))
        shown = _thinned(places)
        plot.set_xticks(shown, [points[n].name for n in shown])
        plot.yaxis.set_major_locator(MaxNLocator(4))
    percent_axis(lower.yaxis)
    lower.set_xlabel("window")
    key(upper)
    return lower


def _thinned(places: Sequence[int]) -> list[int]:
    step = -(-len(places) // 8) or 1
    return list(places[::step])

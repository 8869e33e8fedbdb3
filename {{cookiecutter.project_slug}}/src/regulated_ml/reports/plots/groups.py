"""Pictures of figures that stand side by side with their intervals: groups, segments, samples."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from regulated_ml.reports.plots.canvas import (
    DASHED,
    INK,
    LOWERS,
    MARK,
    MODEL,
    OTHER,
    RAISES,
    axes,
    key,
    percent_axis,
    picture,
    rows,
)
from regulated_ml.reports.words import clean, decimal, percent

Json = Mapping[str, Any]


class Dot(NamedTuple):
    """A figure with its interval, on a line of its own."""

    label: str
    estimate: Json  # value, low, high
    predicted: float | None = None  # what the model expected of it
    quiet: bool = False  # the one that others are compared with


class Scale(NamedTuple):
    """What the lines are measured on."""

    name: str
    shares: bool = True  # shown as percentages
    line: float | None = None  # drawn dashed
    ends: tuple[float, float] | None = None  # the least that the picture shows


@picture
def dots(entries: Sequence[Dot], scale: Scale) -> Axes:
    """Each figure as a dot with its interval."""
    write = percent if scale.shares else decimal
    plot, marks = rows([dot.label for dot in entries], [_value(dot, write) for dot in entries])
    for mark, dot in zip(marks, entries, strict=True):
        color = OTHER if dot.quiet else MODEL
        value, low, high = dot.estimate["value"], dot.estimate["low"], dot.estimate["high"]
        plot.plot([low, high], [mark, mark], color=color, linewidth=3, alpha=0.55)
        plot.plot(value, mark, "o", color=color, markersize=7)
        if dot.predicted is not None:
            plot.plot(dot.predicted, mark, "|", color=MARK, markersize=16, markeredgewidth=2.2)
    if scale.line is not None:
        plot.axvline(scale.line, color=MARK, linestyle=DASHED, linewidth=1.2, zorder=0)
    _limits(plot, scale)
    plot.set_xlabel(scale.name)
    if scale.shares:
        percent_axis(plot.xaxis)
    return plot


def _value(dot: Dot, write: Any) -> str:
    """The figure in words, with what was expected of it."""
    text = str(write(dot.estimate["value"]))
    return text if dot.predicted is None else f"{text}, predicted {write(dot.predicted)}"


def _limits(plot: Axes, scale: Scale) -> None:
    low, high = plot.get_xlim()
    if scale.ends:
        low, high = min(low, scale.ends[0]), max(high, scale.ends[1])
    room = (high - low) * 0.02
    plot.set_xlim(low - room, high + room)
    _ticks(plot)


def _ticks(plot: Axes) -> None:
    """Ticks that are not so near to an edge that their text would be cut."""
    low, high = plot.get_xlim()
    inset = (high - low) * 0.03
    ticks = MaxNLocator(6).tick_values(low, high)
    plot.set_xticks([tick for tick in ticks if low + inset <= tick <= high - inset])
    plot.set_xlim(low, high)


@picture
def shares_of_bins(bins: Sequence[Json]) -> Axes:
    """The share of both samples' scores in the bins of the training's tenths."""
    plot = axes(270, upward="share of the rows")
    places = range(len(bins))
    for name, shift, color, text in (
        ("train", -0.2, OTHER, "training"),
        ("test", 0.2, MODEL, "test"),
    ):
        heights = [each[name] for each in bins]
        plot.bar([n + shift for n in places], heights, width=0.38, color=color, label=text)
    plot.set_xticks(list(places), [decimal(each["high"], 2) for each in bins])
    plot.set_xlabel("scores up to")
    plot.grid(visible=False, axis="x")
    percent_axis(plot.yaxis)
    key(plot)
    return plot


@picture
def flips(labels: Sequence[str], moves: Sequence[tuple[float, float]]) -> Axes:
    """Which share of the clients is declined, and which accepted, when a feature is moved."""
    values = [percent(up + down) for up, down in moves]
    plot, marks = rows([clean(label) for label in labels], values)
    up, down = ([move[side] for move in moves] for side in (0, 1))
    plot.barh(marks, up, height=10, color=RAISES, label="now declined")
    plot.barh(marks, [-share for share in down], height=10, color=LOWERS, label="now accepted")
    plot.axvline(0, color=INK, linewidth=0.9)
    limit = max([*up, *down, 0.01]) * 1.05
    plot.set(xlim=(-limit, limit), xlabel="left: now accepted, right: now declined")
    _ticks(plot)
    plot.xaxis.set_major_formatter(lambda value, _: percent(abs(value), 0))
    return plot

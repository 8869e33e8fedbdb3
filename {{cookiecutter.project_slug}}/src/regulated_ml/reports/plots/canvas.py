"""The look of all pictures, drawn by matplotlib as SVG.

A figure is drawn for a column of 400 CSS pixels, so that its text is still ten pixels high where a
phone shrinks it to 328, and not larger than the page's own on a wide screen. Text stays text
(it can be searched, and takes the font of the page). Dense clouds of points are rasterised inside
the SVG. The same numbers give the same bytes: no dates, no random ids.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from io import StringIO
from textwrap import shorten, wrap
from typing import Any, ParamSpec, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from regulated_ml.reports.words import clean, compact, short

DASHED = (0, (4, 3))
P = ParamSpec("P")

WIDTH = 400  # CSS pixels
NARROW = 330  # CSS pixels, of a figure that stands in a row of three
PIXEL = 1 / 96  # inches
HEADING = 30  # CSS pixels for the name of a y-axis above its axes
LINE = 14  # CSS pixels from one line of a label to the next
DOTS = 192  # per inch, of what is rasterised: two for each CSS pixel

INK, MUTED, RULE, PAPER = "#1c2733", "#55616e", "#d9dee4", "#ffffff"
# Told apart by people with any colour vision, and in grey by their lightness.
MODEL, OTHER = "#1f5c99", "#8a94a0"  # the model; what it is compared with
RAISES, LOWERS = "#c4501b", "#2f78b7"  # contributions; also the label's two classes
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}  # keeps lines out of a text
MARK = "#9a3d0c"  # one value pointed out
FILL = "#c9d7e6"  # areas and bars that carry no emphasis

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "regulated_ml",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib; wider than most, so nothing overflows
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": OTHER,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.dpi": 96,
}


def picture(draw: Callable[P, Axes]) -> Callable[P, str]:
    """Makes a function that draws into axes return the SVG of their figure, in the one style."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> str:
        with mpl.rc_context(STYLE), warnings.catch_warnings():
            # The reader's browser brings the letters that the measuring font lacks.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            buffer = StringIO()
            figure = cast(Figure, draw(*args, **kwargs).figure)
            figure.savefig(buffer, format="svg", dpi=DOTS)
        return buffer.getvalue()

    return drawn


def axes(
    height: float,
    *,
    left: float = 46,
    right: float = 20,
    top: float = 12,
    bottom: float = 40,
    upward: str = "",
) -> Axes:
    """Axes on a figure of their own; sizes in CSS pixels, `upward` names the y-axis."""
    upwards = [upward] if upward else ()
    inner = height - (HEADING if upward else top) - bottom
    return panels([inner], left=left, right=right, top=top, bottom=bottom, upwards=upwards)[0]


def panels(
    heights: Sequence[float],
    *,
    upwards: Sequence[str] = (),
    gap: float = 0,
    left: float = 46,
    right: float = 20,
    top: float = 12,
    bottom: float = 40,
    width: float = WIDTH,
) -> list[Axes]:
    """Axes one below the other, with the given heights in CSS pixels.

    They share their x-axis, unless a `gap` between them makes room for one each. `upwards` names
    their y-axes: in a line above each, because text that runs upwards is hard to read and takes
    width, which a phone does not have.
    """
    above = HEADING if upwards else top
    height = (above + gap) * len(heights) - gap + sum(heights) + bottom
    figure = Figure(figsize=(width * PIXEL, height * PIXEL))
    made: list[Axes] = []
    edge = height + gap
    for place, own in enumerate(heights):
        edge -= gap + above + own
        box = (left / width, edge / height, (width - left - right) / width, own / height)
        made.append(figure.add_axes(box, sharex=made[0] if made and not gap else None))
        if upwards:
            y = (edge + own + 14) / height
            figure.text(4 / width, y, short(upwards[place], 60), va="center", color=MUTED)
    for upper in made[:-1] if not gap else ():
        upper.tick_params(axis="x", labelbottom=False)
    return made


def rows(
    labels: Sequence[str], values: Sequence[str] = (), *, bar: float = 10, top: float = 12
) -> tuple[Axes, list[float]]:
    """Axes for horizontal marks, one a label, and the heights of the marks on the y-axis.

    The label stands above its mark, in up to two lines, so that the marks have the whole width;
    the value stands at the right end. The y-axis counts CSS pixels downwards.
    """
    values = values or [""] * len(labels)
    pairs = list(zip(labels, values, strict=True))
    wrapped = [wrap(short(label, 110), 56 - len(value))[:2] for label, value in pairs]
    marks: list[float] = []
    edge = 0.0
    for lines in wrapped:
        edge += LINE * len(lines) + 4
        marks.append(edge + bar / 2)
        edge += bar + 12
    made = axes(edge + top + 40, left=8, right=20, top=top)
    made.set_ylim(edge, 0)
    made.set_yticks([])
    made.spines["left"].set_visible(False)
    across = made.get_yaxis_transform()  # x as a share of the width, y in pixels
    for mark, lines, value in zip(marks, wrapped, values, strict=True):
        y = mark - bar / 2 - 4
        text: dict[str, Any] = {
            "transform": across,
            "va": "bottom",
            "linespacing": 1.1,
            "bbox": BEHIND,
        }
        made.text(0, y, "\n".join(lines), **text)
        if value:
            made.text(1, y, value, ha="right", color=MUTED, **text)
    return made, marks


def key(axes: Axes) -> None:
    """Says what the labelled lines and points are, in the line of the y-axis's name.

    There it covers nothing, whatever the numbers are.
    """
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.02, 1.0),
        ncols=3,
        frameon=False,
        borderaxespad=0.1,
        handlelength=1.6,
        handletextpad=0.5,
        columnspacing=1.2,
        labelcolor=MUTED,
    )


def fitting(texts: Sequence[str], room: int) -> list[str]:
    """The texts as far as `room` characters go, in whole words where possible."""
    room = max(room, 4)
    return [shorten(text, room, placeholder="") or short(text, room) for text in map(clean, texts)]


def percent_axis(axis: object, places: int = 0) -> None:
    """Ticks of a share from 0 to 1 as percentages."""
    axis.set_major_formatter(PercentFormatter(1, decimals=places))  # type: ignore[attr-defined]


def compact_axis(axis: object, ticks: int = 5) -> None:
    """Ticks of amounts, few and short: 250k."""
    axis.set_major_locator(MaxNLocator(ticks))  # type: ignore[attr-defined]
    axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))  # type: ignore[attr-defined]

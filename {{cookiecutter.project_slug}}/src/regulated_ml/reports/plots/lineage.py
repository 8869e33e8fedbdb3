"""The picture of a lineage: a box for each step, an arrow from each to what was made from it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from regulated_ml.reports.plots.canvas import FILL, INK, MODEL, MUTED, OTHER, axes, picture
from regulated_ml.reports.words import short
from regulated_ml.tracking.lineage import PREDICTION, SOURCE, Row
from regulated_ml.tracking.registry import ACTS

ROW, BOX = 82, 58  # CSS pixels from one depth to the next, and the height of a box
WIDTH, ALL = 0.46, 0.94  # of a box, and of all beside each other, in shares of the picture's
LINE = 15  # CSS pixels from one line of a box to the next
LONGEST = {1: 60, 2: 40, 3: 26}  # letters in a line, by the number of boxes beside each other


@picture
def graph(rows: Sequence[Row], target: str) -> Axes:
    """Draws the rows from the table at the top to the latest step at the bottom."""
    depths = _depths(rows)
    height = ROW * (max(depths.values()) + 1)
    area = axes(height + 8, left=4, right=4, top=4, bottom=4)
    area.set(xlim=(0, 1), ylim=(height, 0))
    area.axis("off")
    middles = _middles(depths)
    wide = _widths(depths)
    for row in rows:
        for parent in _drawn(row, rows):
            _arrow(area, (*middles[parent], wide[parent]), (*middles[row.id], wide[row.id]))
    for row in rows:
        beside = sum(depth == depths[row.id] for depth in depths.values())
        letters = LONGEST.get(beside, LONGEST[max(LONGEST)])
        _box(area, row, (*middles[row.id], wide[row.id]), letters, row.id == target)
    return area


def _drawn(row: Row, rows: Sequence[Row]) -> list[str]:
    """The parents that an arrow comes from.

    An act rests on all that was found about a model, and that on the model: of its parents, those
    are left out that another one goes back to.
    """
    by_id = {each.id: each for each in rows}
    there = [parent for parent in row.parents if parent in by_id]
    if row.step not in ACTS:
        return there
    behind: set[str] = set()
    waiting = [name for parent in there for name in by_id[parent].parents]
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in behind:
            behind.add(name)
            waiting += by_id[name].parents
    return [parent for parent in there if parent not in behind]


def _depths(rows: Sequence[Row]) -> dict[str, int]:
    """How many steps lie between each and the table; rows come after their parents."""
    depths: dict[str, int] = {}
    for row in rows:
        depths[row.id] = 1 + max((depths[p] for p in row.parents if p in depths), default=-1)
    return depths


def _middles(depths: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """The middle of each box: across in shares of the width, down in CSS pixels."""
    places = {}
    for depth in sorted(set(depths.values())):
        here = [name for name, found in depths.items() if found == depth]
        for number, name in enumerate(here):
            places[name] = ((number + 0.5) / len(here), depth * ROW + ROW / 2)
    return places


def _widths(depths: Mapping[str, int]) -> dict[str, float]:
    """The width of each box, in shares of the picture's: as many as there are have to fit."""
    beside = Counter(depths.values())
    return {name: min(WIDTH, ALL / beside[depth]) for name, depth in depths.items()}


Place = tuple[float, float, float]  # of a box: its middle, across and down, and its width


def _arrow(area: Axes, start: Place, end: Place) -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": OTHER, "linewidth": 1.2}
    if end[1] - start[1] > ROW and start[0] != end[0]:
        # Past the boxes in between: from the side of the one to the outer part of the other.
        side = 1 if end[0] > start[0] else -1
        bend = f"angle3,angleA=0,angleB={-90 * side}"
        begin = (start[0] + side * start[2] / 2, start[1])
        finish = (end[0] + side * end[2] / 4, end[1] - BOX / 2)
    else:
        bend, begin = "arc3", (start[0], start[1] + BOX / 2)
        finish = (end[0], end[1] - BOX / 2)
    style |= {"connectionstyle": bend, "shrinkA": 0, "shrinkB": 0}
    area.annotate("", xy=finish, xytext=begin, arrowprops=style)


def _box(area: Axes, row: Row, place: Place, letters: int, is_target: bool) -> None:
    across, down, width = place
    edge, weight = (MODEL, 2.0) if is_target else (OTHER, 1.0)
    fill = FILL if row.step == SOURCE else "white"
    area.add_patch(
        FancyBboxPatch(
            (across - width / 2, down - BOX / 2),
            width,
            BOX,
            boxstyle="round,pad=0,rounding_size=0.015",
            mutation_aspect=400,
            facecolor=fill,
            edgecolor=edge,
            linewidth=weight,
        )
    )
    lines = _lines(row)
    top = down - LINE * (len(lines) - 1) / 2
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    for number, text in enumerate(lines):
        style: dict[str, Any] = {"color": MUTED, "size": 8}
        if number == 0:
            style = {"color": INK, "weight": "bold"}
        # A person's name may hold a dollar, which would begin a formula.
        area.text(
            across, top + LINE * number, short(text, letters), parse_math=False, **style, **centred
        )


def _lines(row: Row) -> list[str]:
    """What a box says: the step, which one, and of an act who did it."""
    if row.step == SOURCE:
        return [row.step, row.id[:12]]
    moment = row.started[:16].replace("T", " ")
    if row.step == PREDICTION:
        return [row.title, moment, row.id]
    if row.step in ACTS:
        return [row.title, moment, row.user.rpartition("/")[2]]
    return [row.title, row.id.partition("-")[2] or row.id]

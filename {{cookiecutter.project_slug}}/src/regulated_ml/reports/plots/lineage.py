"""The picture of a lineage: a box for each step, an arrow from each to what was made from it."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from regulated_ml.reports.plots.canvas import FILL, INK, MODEL, MUTED, OTHER, axes, picture
from regulated_ml.tracking.lineage import SOURCE, Row

ROW, BOX = 62, 40  # CSS pixels from one depth to the next, and the height of a box
WIDTH = 0.46  # of a box, in shares of the picture's


@picture
def graph(rows: Sequence[Row], target: str) -> Axes:
    """Draws the rows from the table at the top to the latest step at the bottom."""
    depths = _depths(rows)
    height = ROW * (max(depths.values()) + 1)
    area = axes(height + 8, left=4, right=4, top=4, bottom=4)
    area.set(xlim=(0, 1), ylim=(height, 0))
    area.axis("off")
    middles = _middles(depths)
    for row in rows:
        for parent in row.parents:
            if parent in middles:
                _arrow(area, middles[parent], middles[row.id])
    for row in rows:
        _box(area, row, middles[row.id], row.id == target)
    return area


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


def _arrow(area: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": OTHER, "linewidth": 1.2}
    if end[1] - start[1] > ROW:
        # Past the boxes in between: from the side of the one to the outer part of the other.
        side = 1 if end[0] > start[0] else -1
        bend = f"angle3,angleA=0,angleB={-90 * side}"
        begin = (start[0] + side * WIDTH / 2, start[1])
        finish = (end[0] + side * WIDTH / 4, end[1] - BOX / 2)
    else:
        bend, begin = "arc3", (start[0], start[1] + BOX / 2)
        finish = (end[0], end[1] - BOX / 2)
    style |= {"connectionstyle": bend, "shrinkA": 0, "shrinkB": 0}
    area.annotate("", xy=finish, xytext=begin, arrowprops=style)


def _box(area: Axes, row: Row, middle: tuple[float, float], is_target: bool) -> None:
    left, top = middle[0] - WIDTH / 2, middle[1] - BOX / 2
    edge, weight = (MODEL, 2.0) if is_target else (OTHER, 1.0)
    fill = FILL if row.step == SOURCE else "white"
    area.add_patch(
        FancyBboxPatch(
            (left, top),
            WIDTH,
            BOX,
            boxstyle="round,pad=0,rounding_size=0.015",
            mutation_aspect=400,
            facecolor=fill,
            edgecolor=edge,
            linewidth=weight,
        )
    )
    below = row.id[:12] if row.step == SOURCE else row.id.partition("-")[2]
    across: dict[str, Any] = {"ha": "center", "va": "center"}
    area.text(middle[0], middle[1] - 8, row.step, color=INK, weight="bold", **across)
    area.text(middle[0], middle[1] + 9, below, color=MUTED, size=8, **across)

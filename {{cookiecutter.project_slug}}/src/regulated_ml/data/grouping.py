"""Neighbouring cells of a distribution put together until each group has enough rows."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class Group(NamedTuple):
    """The cells from `first` to `last`, and the rows counted there."""

    first: int
    last: int
    rows: int


def grouped(counts: "npt.NDArray[np.intp]", groups: int, least: int) -> list[Group]:
    """About `groups` groups of the cells with rows in them, each of at least `least` rows in all.

    A cell with many rows is a group of its own, and the few beside it are counted in it: a group
    that reached over both would no longer say where most of its rows are.
    """
    large = max(least, counts.sum() / groups)
    found: list[Group] = []
    run: list[int] = []
    spare = 0  # rows before the first group, too few for one
    for cell in np.flatnonzero(counts).tolist():
        if counts[cell] >= large:
            spare += _close(run, counts, least, found)
            found.append(Group(cell, cell, int(counts[cell])))
            run = []
            continue
        run.append(cell)
        if counts[run].sum() >= large:
            _close(run, counts, least, found)
            run = []
    spare += _close(run, counts, least, found)
    if spare and found:
        found[0] = found[0]._replace(rows=found[0].rows + spare)
    return found


def _close(run: list[int], counts: "npt.NDArray[np.intp]", least: int, found: list[Group]) -> int:
    """Makes a group of a run, or joins it to the one before; gives the rows that found no place."""
    rows = int(counts[run].sum())
    if rows >= least:
        found.append(Group(run[0], run[-1], rows))
        return 0
    if not found:
        return rows
    before = found[-1]
    reaches = before.first < before.last and run
    last = run[-1] if reaches else before.last
    found[-1] = Group(before.first, last, before.rows + rows)
    return 0

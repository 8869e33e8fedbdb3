"""From the values of a column to cells of at least so many clients, for a profile."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulated_ml.data.profile import MINIMUM_CLIENTS, Margin, Value

if TYPE_CHECKING:
    import numpy.typing as npt

INTERVALS = 200  # about so many in the middle of a distribution
HEAP = 400  # a value held by one client in so many is a cell of its own
EXACT = 2.0**53  # beyond it, a float no longer holds every whole number
DIGITS = 6  # significant ones kept of a measured number


class Encoded(NamedTuple):
    """A column in cells."""

    margin: Margin
    cells: "npt.NDArray[np.intp]"  # the cell of each row
    ranks: "npt.NDArray[np.float64]"  # the mid-rank of each row's value, in 0..1


class _Group(NamedTuple):
    """Some neighbouring distinct values, by their positions."""

    values: list[int]
    single: bool  # stands for one value, not for an interval


def encode(
    values: "npt.NDArray[np.float64]", missing: "npt.NDArray[np.bool_]", *, codes: bool
) -> Encoded:
    """The cells of a numeric column.

    Args:
        values: numbers; those where `missing` are not looked at.
        missing: which rows have no value. Fewer than `MINIMUM_CLIENTS` of them are not told.
        codes: every cell is a single value, as for codes, which have nothing in between.
    """
    present = ~missing if len(values) - missing.sum() >= MINIMUM_CLIENTS else np.zeros_like(missing)
    distinct, which, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    groups = _groups(counts, codes)
    of_value = np.empty(len(distinct), np.intp)
    for number, group in enumerate(groups):
        of_value[group.values] = number
    step, scale = _grid(distinct)
    ends = [_ends(group, distinct, counts, step, scale) for group in groups]
    low: list[Value] = [low for low, _ in ends]
    high: list[Value] = [high for _, high in ends]
    clients = [int(counts[group.values].sum()) for group in groups]

    told = len(values) - len(which) >= MINIMUM_CLIENTS  # are the missing ones a cell of their own?
    if told:
        low, high = [*low, None], [*high, None]
        clients.append(len(values) - len(which))
    cells = np.full(len(values), len(clients) - 1 if told else int(np.argmax(clients)), np.intp)
    ranks = np.full(len(values), 1 - clients[-1] / len(values) / 2 if told else 0.5)
    cells[present] = of_value[which]
    ranks[present] = ((np.cumsum(counts) - counts / 2) / len(values))[which]
    margin = Margin(
        low=tuple(low), high=tuple(high), clients=tuple(clients), step=step, scale=scale
    )
    return Encoded(margin, cells, ranks)


def _groups(counts: "npt.NDArray[np.intp]", codes: bool) -> list[_Group]:
    """Neighbouring values put together until each group has enough clients.

    Values that many clients share stay alone; what lies between two of them and is too rare joins
    the one before. Groups are small at both ends of a distribution, where its tails are.
    """
    total = int(counts.sum())
    heap = MINIMUM_CLIENTS if codes else max(MINIMUM_CLIENTS, total // HEAP)
    before = np.cumsum(counts) - counts
    groups: list[_Group] = []
    run: list[int] = []

    def close() -> None:
        if sum(counts[run]) >= MINIMUM_CLIENTS:
            groups.append(_Group([*run], single=codes))
            run.clear()
        elif groups:
            groups[-1].values.extend(run)
            run.clear()
        # else: the first values are too few, and go to the group that comes next

    for value, count in enumerate(counts):
        if count >= heap:
            close()
            groups.append(_Group([*run, value], single=True))
            run.clear()
            continue
        run.append(value)
        nearer_end = min(before[value], total - before[value])
        if not codes and sum(counts[run]) >= max(
            MINIMUM_CLIENTS, min(nearer_end / 4, total / INTERVALS)
        ):
            close()
    close()
    return groups


def _grid(distinct: "npt.NDArray[np.float64]") -> tuple[int, int]:
    """The step and scale of which all values are multiples: 10000 and 1, or 1 and 100 for cents."""
    largest = float(np.abs(distinct).max(initial=1))
    scale = 1
    while scale < 10**DIGITS and np.any(np.round(distinct * scale) != distinct * scale):
        scale *= 10
    if np.any(np.round(distinct * scale) != distinct * scale):
        scale = int(10 ** max(0, DIGITS - 1 - math.floor(math.log10(largest))))
    multiples = np.abs(np.round(distinct * scale))
    if multiples.max(initial=0) >= EXACT:
        return 1, 1
    return int(np.gcd.reduce(multiples.astype(np.int64), initial=0)) or 1, scale


def _ends(
    group: _Group,
    distinct: "npt.NDArray[np.float64]",
    counts: "npt.NDArray[np.intp]",
    step: int,
    scale: int,
) -> tuple[float, float]:
    """The most frequent value of a group; or means over its lowest and highest clients."""
    if group.single:
        commonest = group.values[int(np.argmax(counts[group.values]))]
        ends = (float(distinct[commonest]),) * 2
    else:
        clients = np.repeat(distinct[group.values], counts[group.values])
        ends = (clients[:MINIMUM_CLIENTS].mean(), clients[-MINIMUM_CLIENTS:].mean())
    low, high = (round(end * scale / step) * step for end in ends)
    return (low, high) if scale == 1 else (low / scale, high / scale)

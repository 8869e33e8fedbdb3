"""From the values of a column to cells of at least so many clients, for a profile."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regulated_ml.data.profile import MINIMUM_CLIENTS, Margin, Value

if TYPE_CHECKING:
    import numpy.typing as npt

EXTREME = MINIMUM_CLIENTS // 2  # clients at each end of a column who count as extreme
INTERVALS = 200  # about so many in the middle of a distribution
HEAP = 400  # a value held by one client in so many is a cell of its own
EXACT = 2.0**53  # beyond it, a float no longer holds every whole number
MOST_DECIMALS = 300  # that a float can be scaled by
DIGITS = 6  # significant ones kept of a measured number


class Encoded(NamedTuple):
    """A column in cells."""

    margin: Margin
    cells: "npt.NDArray[np.intp]"  # the cell of each row
    ranks: "npt.NDArray[np.float64]"  # the mid-rank of each row's value, in 0..1


class TooRareError(ValueError):
    """No value of the column is shared by so many clients that it may stand for the others."""


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

    Raises:
        TooRareError: of codes, where no single one is held by `MINIMUM_CLIENTS` clients.
    """
    present = ~missing if len(values) - missing.sum() >= MINIMUM_CLIENTS else np.zeros_like(missing)
    distinct, which, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    groups = _codes(counts) if codes else _intervals(counts)
    of_value = np.empty(len(distinct), np.intp)
    for number, group in enumerate(groups):
        of_value[group.values] = number
    step, scale = _grid(distinct)
    outermost = len(groups) - 1
    ends = [
        _ends(group, distinct, counts, step / scale, (number == 0, number == outermost))
        for number, group in enumerate(groups)
    ]
    low: list[Value] = [_plain(low, step, scale) for low, _ in ends]
    high: list[Value] = [_plain(high, step, scale) for _, high in ends]
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


def _codes(counts: "npt.NDArray[np.intp]") -> list[_Group]:
    """A group for each code that enough clients share; rarer ones join the one before, or the next.

    However many clients the rare codes have together, none of them may stand for the others: its
    name would be that of a few.
    """
    shared = np.flatnonzero(counts >= MINIMUM_CLIENTS)
    if not len(counts):
        return []
    if not len(shared):
        raise TooRareError(f"no value is shared by {MINIMUM_CLIENTS} clients")
    starts = [0, *shared[1:].tolist(), len(counts)]
    return [_Group([*range(first, after)], single=True) for first, after in pairwise(starts)]


def _intervals(counts: "npt.NDArray[np.intp]") -> list[_Group]:
    """Neighbouring values put together until each group has enough clients.

    Values that many clients share stay alone; what lies between two of them and is too rare joins
    the one before. Groups are small at both ends of a distribution, where its tails are.
    """
    total = int(counts.sum())
    heap = max(MINIMUM_CLIENTS, total // HEAP)
    before = np.cumsum(counts) - counts
    groups: list[_Group] = []
    run: list[int] = []

    def close() -> None:
        if sum(counts[run]) >= MINIMUM_CLIENTS:
            groups.append(_Group([*run], single=False))
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
        if sum(counts[run]) >= max(MINIMUM_CLIENTS, min(nearer_end / 4, total / INTERVALS)):
            close()
    close()
    return _with_broad_ends(groups, counts)


def _with_broad_ends(groups: list[_Group], counts: "npt.NDArray[np.intp]") -> list[_Group]:
    """The groups, the first and the last of them with enough clients to leave out the extremes."""
    for end, next_to_it in ((0, 1), (-1, -2)):
        if len(groups) < 2 or groups[end].single:
            continue
        if counts[groups[end].values].sum() < 2 * MINIMUM_CLIENTS:
            values = sorted(groups[end].values + groups[next_to_it].values)
            groups[next_to_it] = groups[next_to_it]._replace(values=values)
            del groups[end]
    return groups


def _grid(distinct: "npt.NDArray[np.float64]") -> tuple[int, int]:
    """The step and scale of which all values are multiples: 10000 and 1, or 1 and 100 for cents."""
    decimals = next(
        (d for d in range(DIGITS + 1) if np.all(np.round(distinct, d) == distinct)), None
    )
    if decimals is None:  # measured, not counted: so many digits of the largest
        largest = float(np.abs(distinct).max())
        decimals = min(max(0, DIGITS - 1 - math.floor(math.log10(largest))), MOST_DECIMALS)
    scale = 10**decimals
    multiples = np.abs(np.round(distinct * scale))
    if multiples.max(initial=0) >= EXACT:
        return 1, scale
    return int(np.gcd.reduce(multiples.astype(np.int64), initial=0)) or 1, scale


def _ends(
    group: _Group,
    distinct: "npt.NDArray[np.float64]",
    counts: "npt.NDArray[np.intp]",
    unit: float,
    outermost: tuple[bool, bool],
) -> tuple[int, int]:
    """The two ends of a group, in units: its most frequent value, or means over clients.

    At the ends of the column, the clients beyond the mean are as many as would make half of it: one
    client with an enormous value can neither be told from it nor move it.
    """
    if group.single:
        commonest = group.values[int(np.argmax(counts[group.values]))]
        return (round(distinct[commonest] / unit),) * 2
    clients = np.repeat(distinct[group.values], counts[group.values])
    first, last = (
        EXTREME if outer and len(clients) >= 2 * MINIMUM_CLIENTS else 0 for outer in outermost
    )
    low = clients[first:][:MINIMUM_CLIENTS].mean()
    high = clients[: len(clients) - last][-MINIMUM_CLIENTS:].mean()
    return round(low / unit), round(high / unit)


def _plain(multiple: int, step: int, scale: int) -> Value:
    """A multiple of the unit as the number that it stands for."""
    return multiple * step if scale == 1 else multiple * step / scale

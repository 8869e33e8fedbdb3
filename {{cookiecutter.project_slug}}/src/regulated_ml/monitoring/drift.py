"""Which columns of a window of requests are no longer distributed as in the baseline.

Each column is tested against what chance gives for two samples of these very sizes; then the tests
of all columns are corrected together (Holm, 1979, "A simple sequentially rejective multiple test
procedure"), so that a run without drift reports any column at all with a probability of at most
`false_alarm_rate`, however the columns depend on each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from regulated_ml.monitoring import nulls
from regulated_ml.monitoring.distributions import Distribution

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

LEAST = 30  # values in either sample; fewer do not tell


class Drift(NamedTuple):
    """What was found of one column."""

    column: str
    statistic: Literal["ks", "tv"]  # Kolmogorov-Smirnov for numbers, total variation for categories
    distance: float | None  # 0 to 1; None: there is nothing to compare
    critical: float | None  # the distance from which on the column has drifted; None: not tested
    p_value: float | None  # before correction; None: not tested
    drifted: bool
    rows: tuple[int, int]  # values in the baseline and in the window
    note: str = ""  # why the column was not tested


class _Test(NamedTuple):
    """A column that is tested."""

    place: int
    distance: float
    null: nulls.Null
    error: float  # how far the sketches may be off

    @property
    def p_value(self) -> float:
        return self.null.p_value(max(0.0, self.distance - self.error))


def compare(
    baseline: Mapping[str, Distribution],
    window: Mapping[str, Distribution],
    false_alarm_rate: float,
) -> list[Drift]:
    """Holds a window's distributions against those of a baseline.

    The distance of two sketches may be off by the sum of their errors, so that much is taken from
    it before the test; it is nothing as long as a sketch still holds all its values.

    Args:
        baseline: the distributions that the model was trained on, by column.
        window: those of the requests.
        false_alarm_rate: of a run, over all its columns; between 0 and 1.

    Returns:
        One finding for each column that either of the two has, in the order of the baseline.
    """
    if not 0 < false_alarm_rate < 1:
        raise ValueError(f"a false-alarm rate lies between 0 and 1, not at {false_alarm_rate}")
    found = [_untested(name, baseline, window) for name in dict.fromkeys([*baseline, *window])]
    open_ = [place for place, each in enumerate(found) if not each.note]
    tests = []
    for place in open_:
        name = found[place].column
        level = false_alarm_rate / len(open_)
        if test := _test(place, baseline[name], window[name], level):
            tests.append(test)
        else:
            found[place] = found[place]._replace(
                distance=0.0, note="all values of both are the same"
            )
    for test, level, drifted in _holm(tests, false_alarm_rate):
        found[test.place] = found[test.place]._replace(
            distance=test.distance,
            critical=min(1.0, test.null.critical(level) + test.error),
            p_value=test.p_value,
            drifted=drifted,
        )
    return found


def _untested(
    name: str, baseline: Mapping[str, Distribution], window: Mapping[str, Distribution]
) -> Drift:
    """A finding before any test; its note says why there will be none."""
    one, other = baseline.get(name), window.get(name)
    kind = (one or window[name]).kind
    rows = (one.present if one else 0, other.present if other else 0)
    note = ""
    if one is None:
        note = "the baseline has no such column"
    elif other is None:
        note = "the window has no such column"
    elif one.kind != other.kind:
        note = f"a {one.kind} in the baseline, a {other.kind} in the window"
    elif min(rows) < LEAST:
        place = "the window" if rows[1] < LEAST else "the baseline"
        note = f"too few values to tell: {min(rows)} in {place}, {LEAST} are needed"
    statistic: Literal["ks", "tv"] = "ks" if kind == "number" else "tv"
    return Drift(name, statistic, None, None, None, False, rows, note)


def _test(place: int, one: Distribution, other: Distribution, level: float) -> _Test | None:
    """The distance of two samples and what it is held against; None where nothing can differ."""
    rows = (one.present, other.present)
    if one.kind == "category":
        counts, distance = _categories(one, other), nulls.tv
    else:
        counts, distance = _numbers(one, other), nulls.ks
    pooled = counts.sum(axis=0)
    if len(pooled) < 2:
        return None
    found = float(distance(counts[1] / rows[1] - counts[0] / rows[0]))
    error = one.rank_error + other.rank_error
    if one.kind == "number" and len(pooled) > nulls.CELLS:
        return _Test(place, found, nulls.Continuous(rows), error)
    return _Test(place, found, nulls.simulated(pooled, rows, distance, level), error)


def _numbers(one: Distribution, other: Distribution) -> "Array":
    """How many values of each sample lie at each value of either; shape (2, values)."""
    (left, first), (right, second) = one.weighted(), other.weighted()
    values = np.union1d(left, right)
    counts = np.zeros((2, len(values)), np.int64)
    counts[0, np.searchsorted(values, left)] = first
    counts[1, np.searchsorted(values, right)] = second
    return counts


def _categories(one: Distribution, other: Distribution) -> "Array":
    """How often each category is in each sample, the most common first; shape (2, categories).

    Which are pooled as the rest goes by both samples together, so that chance decides it the same
    way whichever rows are those of the window.
    """
    total = {
        name: one.counts.get(name, 0) + other.counts.get(name, 0)
        for name in one.counts.keys() | other.counts.keys()
    }
    names = sorted(total, key=lambda name: (-total[name], name))
    counts = np.array(
        [[side.counts.get(name, 0) for name in names] for side in (one, other)], np.int64
    )
    if len(names) <= nulls.CELLS:
        return counts
    kept = nulls.CELLS - 1
    return np.hstack([counts[:, :kept], counts[:, kept:].sum(axis=1, keepdims=True)])


def _holm(tests: Sequence[_Test], rate: float) -> Iterator[tuple[_Test, float, bool]]:
    """Each test with the level that it is held to, and whether it is below that."""
    rejected, is_open = 0, True
    for test in sorted(tests, key=lambda test: test.p_value):
        level = rate / (len(tests) - rejected)
        is_open = is_open and test.p_value <= level
        yield test, level, is_open
        rejected += is_open

"""What the monitors need to know of a window, gathered in one pass over its lines."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulated_ml.monitoring import cells
from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.distributions import Distribution, Kind, describe
from regulated_ml.monitoring.parts import Mark
from regulated_ml.monitoring.windows import Batch, Window

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

SAMPLE = 10_000  # rows that are looked at one by one: explained, and searched for who has changed
SEED = 0


class Sampled(NamedTuple):
    """Rows drawn from a window, all equally likely."""

    values: "Array"  # rows by features, float32, NaN where missing
    scores: "Array"  # float32, NaN where none was captured


class Observation(NamedTuple):
    """A window, observed."""

    counts: Counts
    marks: Mapping[str, Mark]
    columns: Mapping[str, Distribution]
    keys: "Array"  # of each row's id, uint64
    scores: "Array"  # of each row, float32, NaN where none was captured
    sample: Sampled


def observe(window: Window, kinds: Mapping[str, Kind]) -> Observation:
    """Reads a window once.

    Args:
        window: the lines.
        kinds: what each feature holds.
    """
    counts, marks = Counts(), dict[str, Mark]()
    keys, scores, drawn = [np.zeros(0, np.uint64)], [np.zeros(0, np.float32)], _Reservoir()

    def passing() -> Iterator[pa.RecordBatch]:
        for batch in window.batches(counts, marks):
            keys.append(batch.keys)
            scores.append(batch.scores)
            drawn.add(batch)
            yield batch.cells

    columns = describe(passing(), kinds)
    return Observation(
        counts, marks, columns, np.concatenate(keys), np.concatenate(scores), drawn.sampled()
    )


def fractions(window: Window, names: list[str]) -> dict[str, int]:
    """How many values of some columns are numbers that are not whole."""
    found = dict.fromkeys(names, 0)
    for batch in window.batches(Counts()) if names else ():
        for name in names:
            values = cells.numbers(batch.cells.column(name)).values
            found[name] += int((values != np.rint(values)).sum())
    return found


def matrix(rows: pa.RecordBatch) -> "Array":
    """Rows of text as the model reads them: float32, NaN where a cell is blank or no number."""
    found = np.empty((rows.num_rows, rows.num_columns), np.float32)
    with np.errstate(over="ignore"):
        for place, column in enumerate(rows.columns):
            texts = pc.utf8_trim_whitespace(column)
            readable = pc.match_substring_regex(texts, cells.NUMBER)
            plain = pc.if_else(readable, texts, pa.scalar(None, texts.type))
            plain = pc.replace_substring_regex(plain, r"^\+", "")
            found[:, place] = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return found


class _Reservoir:
    """Keeps the rows with the smallest of as many random numbers."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(SEED)
        self._lots = np.zeros(0)
        self._parts: list[Sampled] = []

    def add(self, batch: Batch) -> None:
        """Takes the rows of a batch in, as far as their lots are among the smallest."""
        lots = self._rng.random(batch.cells.num_rows)
        if len(self._lots) >= SAMPLE:
            chosen = np.flatnonzero(lots < self._lots.max())
        else:
            chosen = np.arange(len(lots))
        if not len(chosen):
            return
        rows = batch.cells.take(pa.array(chosen))
        self._parts.append(Sampled(matrix(rows), batch.scores[chosen]))
        self._lots = np.concatenate([self._lots, lots[chosen]])
        if len(self._lots) > SAMPLE:
            kept = np.sort(np.argpartition(self._lots, SAMPLE)[:SAMPLE])
            whole = self.sampled()
            self._parts = [Sampled(whole.values[kept], whole.scores[kept])]
            self._lots = self._lots[kept]

    def sampled(self) -> Sampled:
        """The rows that were kept."""
        if not self._parts:
            return Sampled(np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
        return Sampled(*map(np.concatenate, zip(*self._parts, strict=True)))

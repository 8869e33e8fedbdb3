"""Windows of captured requests: which lines belong to one, and what they hold, in batches.

A line belongs to the first window that is made after it was written, by its place in its file.
Times decide nothing, so a clock that jumps loses no request and counts none twice; jumps are
counted. Only a window of a given span goes by the times that are written, and leaves no mark.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.lines import ForeignError, Request, read_line
from regulated_ml.monitoring.parts import Mark, Part, lines

if TYPE_CHECKING:
    import numpy.typing as npt

    Scores = npt.NDArray[np.float32]
    Keys = npt.NDArray[np.uint64]

ROWS = 16_384  # of a batch
SHAKY = timedelta(seconds=5)  # requests that are answered at once may be written so far apart
AHEAD = timedelta(minutes=5)
MASK = "masked"  # stands in a cell that is not kept
PLAIN = csv.ParseOptions(quote_char=False, ignore_empty_lines=False)


class Batch(NamedTuple):
    """Some rows of requests."""

    cells: pa.RecordBatch  # as text, a column for each feature
    keys: "Keys"  # of the rows' ids
    scores: "Scores"  # NaN where none was captured


@dataclass(frozen=True)
class Window:
    """Lines of one variant's captured requests.

    Args:
        parts: the files, in order.
        columns: the features that a row holds, in the model's order.
        since, until: only requests of this span, the end not among them; None: all.
    """

    parts: tuple[Part, ...]
    columns: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None

    def batches(self, counts: Counts, marks: dict[str, Mark] | None = None) -> Iterator[Batch]:
        """The rows, a few thousand at a time.

        Args:
            counts: what becomes of the lines is counted here.
            marks: how far each file was read is noted here.
        """
        gathered = _Gathered(self.columns, counts)
        now = datetime.now(UTC)
        for part in self.parts:
            previous: datetime | None = None
            end = part.begin
            for number, (line, is_whole) in enumerate(lines(part), start=1):
                counts.lines += 1
                if not is_whole:
                    counts.torn += 1
                    continue
                end += len(line)
                place = f"{part.key}, line {number} of what is new"
                request = _request(line, counts, place)
                if request is None:
                    continue
                if self._is_outside(request.time):
                    counts.outside += 1
                    continue
                counts.requests += 1
                counts.backwards += previous is not None and request.time < previous - SHAKY
                counts.ahead += request.time > now + AHEAD
                previous = request.time
                counts.at(request.time)
                gathered.add(request)
                if len(gathered.rows) >= ROWS:
                    yield gathered.batch()
            if marks is not None:
                marks[part.key] = Mark(end, part.size)
        if gathered.rows:
            yield gathered.batch()

    def _is_outside(self, time: datetime) -> bool:
        return bool((self.since and time < self.since) or (self.until and time >= self.until))


class _Gathered:
    """Rows on their way to a batch."""

    def __init__(self, columns: tuple[str, ...], counts: Counts) -> None:
        self.rows: list[bytes] = []
        self._keys: list[int] = []
        self._scores: list[float] = []
        self._columns, self._counts = columns, counts
        self._text = csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        )

    def add(self, request: Request) -> None:
        """Takes the rows of a request in that have a cell for each feature."""
        wanted, counts = len(self._columns) - 1, self._counts
        for row, key, score in zip(request.rows, request.keys(), request.scores, strict=True):
            commas = row.count(b",")
            if commas != wanted:
                counts.widths[commas + 1] = counts.widths.get(commas + 1, 0) + 1
                continue
            counts.rows += 1
            counts.unscored += math.isnan(score)
            self.rows.append(row)
            self._keys.append(key)
            self._scores.append(score)

    def batch(self) -> Batch:
        """The rows so far; the next ones are gathered anew."""
        text = b"\n".join(self.rows) + b"\n"
        # One block, since a row does not pass from one to the next where it is very long.
        reading = csv.ReadOptions(
            column_names=self._columns, use_threads=False, block_size=len(text) + 1
        )
        table = csv.read_csv(pa.BufferReader(text), reading, PLAIN, self._text)
        (cells,) = table.combine_chunks().to_batches()
        for name, column in zip(self._columns, cells.columns, strict=True):
            if masked := pc.sum(pc.equal(column, MASK)).as_py():
                self._counts.masked[name] = self._counts.masked.get(name, 0) + masked
        keys = np.array(self._keys, np.uint64)
        scores = np.array(self._scores, np.float32)
        self.rows, self._keys, self._scores = [], [], []
        return Batch(cells, keys, scores)


def _request(line: bytes, counts: Counts, place: str) -> Request | None:
    try:
        return read_line(line)
    except ForeignError as error:
        counts.strange(str(error), place)
        return None

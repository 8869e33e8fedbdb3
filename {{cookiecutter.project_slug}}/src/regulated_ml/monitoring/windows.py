"""Windows of captured requests: which lines belong to one, and what they hold, in batches.

A line belongs to the first window that is made after it was written, by its place in its file.
Times decide nothing, so a clock that jumps loses no request and counts none twice; jumps are
counted. Only a window of a given span goes by the times that are written, and leaves no mark.
"""

import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from regulated_ml.monitoring.lines import ForeignError, Request, read_line

if TYPE_CHECKING:
    import numpy.typing as npt

    Scores = npt.NDArray[np.float32]
    Keys = npt.NDArray[np.uint64]

PACKED = ".gz"
ROWS = 16_384  # of a batch
SHAKY = timedelta(seconds=5)  # requests that are answered at once may be written so far apart
AHEAD = timedelta(minutes=5)
MASK = "masked"  # stands in a cell that is not kept
PLAIN = csv.ParseOptions(quote_char=False, ignore_empty_lines=False)


class Mark(NamedTuple):
    """How far a file has been read."""

    read: int  # bytes of whole lines, unpacked
    size: int  # of the file then


class Part(NamedTuple):
    """What of a file belongs to a window."""

    path: Path
    key: str  # the file's path below the variant's folder; that of a packed file is the same
    begin: int  # bytes, unpacked
    size: int  # of the file

    @property
    def hour(self) -> datetime | None:
        """That of the file's folder; None where the folders are no time."""
        try:
            return datetime.strptime(self.key[:13], "%Y/%m/%d/%H").replace(tzinfo=UTC)
        except ValueError:
            return None


class Batch(NamedTuple):
    """Some rows of requests."""

    cells: pa.RecordBatch  # as text, a column for each feature
    keys: "Keys"  # of the rows' ids
    scores: "Scores"  # NaN where none was captured


@dataclass
class Counts:
    """What became of each line of a window: `lines` is the sum of the others."""

    lines: int = 0
    requests: int = 0
    torn: int = 0
    outside: int = 0  # of the span that was asked for
    foreign: dict[str, int] = field(default_factory=dict)  # why a line is no request -> lines
    examples: dict[str, str] = field(default_factory=dict)  # why -> the first place
    rows: int = 0  # of the requests; those below are not among them
    widths: dict[int, int] = field(default_factory=dict)  # another number of cells -> rows
    unscored: int = 0  # rows whose answer was not captured
    masked: dict[str, int] = field(default_factory=dict)  # feature -> cells
    backwards: int = 0  # requests that are earlier than the one before in their file
    ahead: int = 0  # of the clock of this machine
    shrunk: list[str] = field(default_factory=list)  # files that are shorter than what was read
    first: datetime | None = None  # times of requests
    last: datetime | None = None

    def strange(self, reason: str, place: str) -> None:
        """Counts a line that is no request."""
        self.foreign[reason] = self.foreign.get(reason, 0) + 1
        self.examples.setdefault(reason, place)

    def at(self, time: datetime) -> None:
        """Takes the time of a request in."""
        self.first = min(self.first or time, time)
        self.last = max(self.last or time, time)


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
            for number, (line, is_whole) in enumerate(_lines(part), start=1):
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


def variants(endpoint: Path) -> list[str]:
    """The variants of an endpoint that have captured anything."""
    return sorted(path.name for path in endpoint.glob("*") if path.is_dir())


def unread(
    folder: Path, marks: Mapping[str, Mark], counts: Counts | None = None
) -> tuple[Part, ...]:
    """What has been written since the marks were made.

    Args:
        folder: of the variant.
        marks: how far each file has been read.
        counts: names the files there that are shorter than what was read of them.
    """
    parts = []
    for path in _files(folder):
        key = path.relative_to(folder).as_posix().removesuffix(PACKED)
        mark, size = marks.get(key), path.stat().st_size
        if mark and mark.size == size:
            continue
        begin = mark.read if mark else 0
        is_packed = path.suffix == PACKED
        if not is_packed and begin > size:
            if counts is not None:
                counts.shrunk.append(key)
            continue
        if size:
            parts.append(Part(path, key, begin, size))
    return tuple(parts)


def _files(folder: Path) -> list[Path]:
    """The files of a variant in the order of their names, which is that of their times.

    One that is there packed and as it was, as while it is being packed, is read as it was.
    """
    plain = set(folder.rglob("*.jsonl"))
    packed = {
        path for path in folder.rglob(f"*.jsonl{PACKED}") if path.with_suffix("") not in plain
    }
    return sorted(plain | packed)


def divided(parts: Sequence[Part], length: timedelta) -> list[tuple[Part, ...]]:
    """The parts as windows of about this length, by the hours of their folders.

    They stay one window while they span no more than that, and the hour that has begun: so runs
    that keep to their schedule make one each, and those that were missed are made up for.
    """
    length = max(length, timedelta(hours=1))
    groups: list[list[Part]] = []
    begin: datetime | None = None
    hours = [hour for part in parts if (hour := part.hour)]
    if not hours or max(hours) - min(hours) <= length:
        return [tuple(parts)] if parts else []
    for part in parts:
        hour = part.hour
        if not groups or (hour and (begin is None or abs(hour - begin) >= length)):
            groups.append([])
            begin = hour
        groups[-1].append(part)
    return [tuple(group) for group in groups]


def _lines(part: Part) -> Iterator[tuple[bytes, bool]]:
    """The lines of a part, and whether each has its end; no more than was there when it began."""
    is_packed = part.path.suffix == PACKED
    with cast("IO[bytes]", (gzip.open if is_packed else open)(part.path, "rb")) as file:
        file.seek(part.begin)
        left = None if is_packed else part.size - part.begin
        try:
            while line := file.readline(-1 if left is None else left):
                yield line, line.endswith(b"\n")
                left = None if left is None else left - len(line)
        except (EOFError, OSError, gzip.BadGzipFile) as error:
            if not is_packed:
                raise
            yield f"the archive ends early: {error}".encode(), False


def _request(line: bytes, counts: Counts, place: str) -> Request | None:
    try:
        return read_line(line)
    except ForeignError as error:
        counts.strange(str(error), place)
        return None

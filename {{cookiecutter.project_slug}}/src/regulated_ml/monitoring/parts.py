"""Files of captured requests, and what of each belongs to a window: its place decides."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple, cast

from regulated_ml.monitoring.counts import Counts

PACKED = ".gz"


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


def lines(part: Part) -> Iterator[tuple[bytes, bool]]:
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

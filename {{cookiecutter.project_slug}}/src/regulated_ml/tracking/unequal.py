"""Where two files of one kind first differ, in the terms of their kind, for a person to read.

The bytes are known to differ. A kind is told by the file's suffix; where the content of both is the
same all the same, that is said, since then only the way of writing differs.
"""

import csv
import itertools
import json
import math
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.platforms.archive import unpack

LONGEST = 60  # characters of a value that is shown
CHUNK = 1 << 16  # bytes compared at a time
MISSING = "nothing"


class Unequal(NamedTuple):
    """The first place where two files differ."""

    place: str  # a JSON pointer, row and column, line, member of an archive, byte
    before: str
    after: str


def first(before: Path, after: Path) -> Unequal:
    """The first difference of two files; a file that is not of its kind is compared by bytes."""
    compare = KINDS.get(before.suffix, _bytes)
    try:
        found = compare(before, after)
    except (ValueError, OSError, RecursionError, UserError):
        found = _bytes(before, after)
    return found or Unequal("the same values, written as other bytes", *_bytes(before, after)[1:])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _json(before: Path, after: Path) -> Unequal | None:
    one, other = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    return _values(one, other, "")


def _values(one: Any, other: Any, pointer: str) -> Unequal | None:
    """The first difference of two JSON values; the place is a JSON pointer (RFC 6901)."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = list(one) + [name for name in other if name not in one]
        pairs = [(_escaped(n), one.get(n, _NOTHING), other.get(n, _NOTHING)) for n in names]
    elif isinstance(one, list) and isinstance(other, list):
        both = itertools.zip_longest(one, other, fillvalue=_NOTHING)
        pairs = [(str(number), *pair) for number, pair in enumerate(both)]
    else:
        return None if _same(one, other) else Unequal(pointer or "/", _text(one), _text(other))
    found = (_values(a, b, f"{pointer}/{name}") for name, a, b in pairs)
    return next((each for each in found if each), None)


_NOTHING = object()


def _text(value: Any) -> str:
    return MISSING if value is _NOTHING else _shown(value)


def _same(one: Any, other: Any) -> bool:
    # 1 and 1.0, or 1 and true, are equal in Python and are other bytes.
    nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one + other)
    return type(one) is type(other) and (one == other or nan)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _csv(before: Path, after: Path) -> Unequal | None:
    """By row and column; the first row, from 1, may be a header, which then names the columns."""
    with before.open(encoding="utf-8", newline="") as one, after.open(encoding="utf-8") as other:
        rows = itertools.zip_longest(csv.reader(one), csv.reader(other), fillvalue=())
        for number, (left, right) in enumerate(rows, start=1):
            if left != right:
                return _cell(number, left, right)
    return None


def _cell(row: int, left: Sequence[str], right: Sequence[str]) -> Unequal | None:
    cells = itertools.zip_longest(left, right, fillvalue=MISSING)
    for column, (one, other) in enumerate(cells, start=1):
        if one != other:
            return Unequal(f"row {row}, column {column}", _shown(one), _shown(other))
    return None


def _parquet(before: Path, after: Path) -> Unequal | None:
    """By columns and their types, then by row (from 1) and column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        one, other = pq.ParquetFile(before), pq.ParquetFile(after)
        schemas = [file.schema_arrow.remove_metadata() for file in (one, other)]
        if schemas[0] != schemas[1]:
            return _schemas(*schemas)
        return _rows(one, other)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _schemas(one: Any, other: Any) -> Unequal | None:
    left, right = ([f"{each.name} ({each.type})" for each in schema] for schema in (one, other))
    pairs = enumerate(itertools.zip_longest(left, right, fillvalue=MISSING), start=1)
    return next((Unequal(f"column {n}", a, b) for n, (a, b) in pairs if a != b), None)


def _rows(one: Any, other: Any) -> Unequal | None:
    """The first row that differs and, of its columns, the first; a column at a time in memory."""
    found: list[tuple[int, Unequal]] = []
    for name in one.schema_arrow.names:
        left, right = (file.read([name]).column(0) for file in (one, other))
        if not left.equals(right) and (place := _first_row(left, right)) is not None:
            values = [_shown(each[place].as_py()) for each in (left, right)]
            found.append((place, Unequal(f"row {place + 1:,}, column {name}", *values)))
    if found:
        return min(found, key=lambda each: each[0])[1]
    counts = [file.metadata.num_rows for file in (one, other)]
    if counts[0] != counts[1]:
        return Unequal("number of rows", *(f"{count:,}" for count in counts))
    return None


def _first_row(left: Any, right: Any) -> int | None:
    """The first row, from 0, that both columns have and in which they differ."""
    for start in range(0, min(len(left), len(right)), CHUNK):
        one, other = (each.slice(start, CHUNK).to_pylist() for each in (left, right))
        for row, (a, b) in enumerate(zip(one, other, strict=False), start=start):
            if not _same(a, b):
                return row
    return None


def _archive(before: Path, after: Path) -> Unequal | None:
    """By members, then by the content of the first one that differs.

    Both are unpacked as archives of strangers are: no links, no paths that lead out.
    """
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / side for side in ("before", "after")]
        unpack(before, folders[0])
        unpack(after, folders[1])
        both = [
            {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            for folder in folders
        ]
        for member in sorted(both[0] | both[1]):
            if member not in both[0] or member not in both[1]:
                ends = [member if member in side else MISSING for side in both]
                return Unequal("members", *ends)
            one, other = (folder / member for folder in folders)
            if one.read_bytes() != other.read_bytes():
                found = first(one, other)
                return found._replace(place=f"{member}: {found.place}")
    return _headers(before, after)


def _headers(before: Path, after: Path) -> Unequal | None:
    """The first member whose header differs, as in its time or owner."""
    with tarfile.open(before) as one, tarfile.open(after) as other:
        for left, right in zip(one, other, strict=False):
            infos = [each.get_info() for each in (left, right)]
            for key, value in infos[0].items():
                if value != infos[1][key]:
                    values = [_shown(info[key]) for info in infos]
                    return Unequal(f"{left.name}: its {key} in the archive", *values)
    return None


def _lines(before: Path, after: Path) -> Unequal | None:
    """By line, from 1."""
    with before.open(encoding="utf-8") as one, after.open(encoding="utf-8") as other:
        pairs = enumerate(itertools.zip_longest(one, other), start=1)
        for number, (left, right) in pairs:
            if left != right:
                texts = [
                    _text(_NOTHING if each is None else each.strip()) for each in (left, right)
                ]
                return Unequal(f"line {number}", *texts)
    return None


def _bytes(before: Path, after: Path) -> Unequal:
    """By byte, from 0."""
    with before.open("rb") as one, after.open("rb") as other:
        offset = 0
        while True:
            left, right = one.read(CHUNK), other.read(CHUNK)
            if left != right or not left:
                break
            offset += len(left)
    place = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    if place is None:
        place = min(len(left), len(right))
    ends = [f"0x{each[place]:02x}" if place < len(each) else MISSING for each in (left, right)]
    return Unequal(f"byte {offset + place}", *ends)


KINDS: dict[str, Callable[[Path, Path], Unequal | None]] = {
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
    ".gz": _archive,
    ".txt": _lines,
    ".html": _lines,
    ".svg": _lines,
    ".md": _lines,
}

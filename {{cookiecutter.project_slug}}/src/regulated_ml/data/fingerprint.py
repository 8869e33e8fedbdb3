"""The fingerprint of a table: the same for the same rows, in whatever file they came.

It is the SHA-256 of the table's canonical text: CSV in UTF-8, the declared names as header, rows in
the order of the file, whole numbers plain, other numbers in the shortest form that reads back
exactly, dates as ISO 8601, missing values as empty cells, text quoted where it must be (RFC 4180),
each line ended by a line feed.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from regulated_ml.files import replacing

if TYPE_CHECKING:
    from hashlib import _Hash

SPECIAL = '[",\r\n]'  # text that RFC 4180 wants in quotes


class Fingerprint(NamedTuple):
    """What identifies a table."""

    sha256: str
    rows: int


class Fingerprinter:
    """Takes batches as they pass by."""

    def __init__(self) -> None:
        self._digest: _Hash = hashlib.sha256()
        self._rows = 0

    def passing(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, unchanged, while they are counted in."""
        for batch in batches:
            self.add(batch)
            yield batch

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts some rows in."""
        if not self._rows:
            self._digest.update(header(batch.schema))
        self._digest.update(text(batch))
        self._rows += len(batch)

    @property
    def result(self) -> Fingerprint:
        """Of all rows so far."""
        return Fingerprint(self._digest.hexdigest(), self._rows)


def fingerprint(batches: Iterable[pa.RecordBatch]) -> Fingerprint:
    """The fingerprint of a canonical table."""
    whole = Fingerprinter()
    for batch in batches:
        whole.add(batch)
    return whole.result


def write_csv(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Writes a canonical table as its canonical text, atomically."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        for number, batch in enumerate(batches):
            if not number:
                file.write(header(batch.schema))
            file.write(text(batch))


def header(schema: pa.Schema) -> bytes:
    """The first line of the canonical text."""
    return text(
        pa.RecordBatch.from_arrays([pa.array([name]) for name in schema.names], schema.names)
    )


def text(batch: pa.RecordBatch) -> bytes:
    """The lines of some rows, as canonical text."""
    if not len(batch):
        return b""
    cells = [_cells(column) for column in batch.columns]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    lines = pc.binary_join_element_wise(*cells, ",")
    # The bytes of a string array lie in one piece, one text after the other.
    start, end = lines.offset, lines.offset + len(lines)
    offsets = pa.Array.from_buffers(pa.int32(), end + 1, [None, lines.buffers()[1]])
    return bytes(memoryview(lines.buffers()[2])[offsets[start].as_py() : offsets[end].as_py()])


def _cells(column: pa.Array) -> pa.StringArray:
    if pa.types.is_timestamp(column.type):
        cells = _dates(column)
    elif pa.types.is_string(column.type):
        cells = _quoted(column)
    else:
        cells = pc.cast(column, pa.string())
    return pc.fill_null(cells, "")


def _quoted(column: pa.StringArray) -> pa.StringArray:
    """Texts in quotes where they need them; an empty text too, to tell it from a missing one."""
    doubled = pc.replace_substring(column, '"', '""')
    quotes = pc.or_(pc.match_substring_regex(column, SPECIAL), pc.equal(column, ""))
    return pc.if_else(quotes, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _dates(column: pa.TimestampArray) -> pa.StringArray:
    """`2026-01-31`, with a time of day only where there is one."""
    texts = pc.replace_substring(pc.cast(column, pa.string()), " ", "T")
    return pc.replace_substring_regex(texts, r"(T00:00:00)?(\.000)?$", "")

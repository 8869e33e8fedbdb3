"""Rows that are to be scored, as they come: CSV with a header or Parquet, a piece at a time.

The values of a piece have the types that the canonical table gives to a column, so that the team's
`build_features` sees of new clients what it saw of those that the model has learnt from. No label
is asked for; a column that only tells who a client is, or what is measured, may be left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from regulated_ml.jobs.columns import Column, Columns
from regulated_ml.jobs.contract import JobError

if TYPE_CHECKING:
    import pandas as pd

ROWS = 65_536  # of a piece of a Parquet file
BLOCK = 1 << 23  # bytes of text that are parsed at a time
PARQUET = b"PAR1"  # how a Parquet file begins
SHOWN = 40  # characters of a cell in a sentence


class Incoming:
    """A table of clients that are to be scored.

    Args:
        path: CSV in UTF-8 with the columns' names above, or Parquet; by what is in it.
        columns: of the table that the model has learnt from.
        missing: texts that stand for a missing value.

    Raises:
        JobError: it cannot be read, or columns are missing, stand there twice or are unknown.
    """

    def __init__(self, path: Path, columns: Columns, missing: Sequence[str] = ("",)) -> None:
        self._path, self._missing = path, list(missing)
        with self._readable():
            self.is_parquet = _begins(path, PARQUET)
            names = self._names()
        _check(names, columns)
        self.columns = [column for column in columns if column.name in names]
        self._types = {column.name: _type(column) for column in self.columns}

    def pieces(self) -> Iterator["pd.DataFrame"]:
        """The rows in their order; the same file is cut the same way each time.

        Raises:
            JobError: there are none, or values are none of their columns' types; it names of each
                such column the first row.
        """
        first = 1
        try:
            for batch in self._batches(self._types):
                if len(batch):
                    yield self._typed(batch).to_pandas()
                    first += len(batch)
        except pa.ArrowInvalid as error:
            # Found once more, cell by cell, since pyarrow does not say where it was.
            with self._readable():
                problems = list(self._wrong())
            said = "; ".join(problems) or f"the rows cannot be read: {_one_line(error)}"
            raise JobError(said) from None
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(error) from None
        if first == 1:
            raise JobError("there are no rows to score")

    @property
    def rows(self) -> int | None:
        """How many rows there are, where the file tells."""
        if not self.is_parquet:
            return None
        with self._readable():
            return int(pq.read_metadata(self._path).num_rows)

    def _names(self) -> list[str]:
        if self.is_parquet:
            return list(pq.read_schema(self._path).names)
        return list(self._csv({}).schema.names)

    def _batches(self, types: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
        if self.is_parquet:
            yield from pq.ParquetFile(self._path).iter_batches(ROWS, columns=list(types))
        else:
            yield from self._csv(types)

    def _csv(self, types: Mapping[str, pa.DataType]) -> Any:
        return pyarrow.csv.open_csv(
            self._path,
            pyarrow.csv.ReadOptions(block_size=BLOCK),
            pyarrow.csv.ParseOptions(newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                column_types=types or None,
                include_columns=list(types) or None,
                null_values=self._missing,
                strings_can_be_null=True,
            ),
        )

    def _typed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch in the types of the table; of Parquet, whose own may be others."""
        arrays = [batch.column(name).cast(kind) for name, kind in self._types.items()]
        return pa.RecordBatch.from_arrays(arrays, names=list(self._types))

    def _wrong(self) -> Iterator[str]:
        """Of each column the first value that does not have its type."""
        as_they_are = self._types if self.is_parquet else dict.fromkeys(self._types, pa.string())
        left, row = dict(self._types), 1
        for batch in self._batches(as_they_are):
            for name, kind in list(left.items()):
                found = _first_wrong(batch.column(name), kind)
                if found:
                    place, value = found
                    del left[name]
                    yield f"row {row + place}: {name} is {value!r}, which is no {_word(kind)}"
            row += len(batch)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(error) from None


def _unreadable(error: Exception) -> Exception:
    """What is said of a file that pyarrow refuses; the disk's own mistakes stay what they are."""
    if isinstance(error, OSError) and error.errno:
        return error
    return JobError(f"the rows cannot be read as CSV with a header, or Parquet: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _check(names: Sequence[str], columns: Columns) -> None:
    """Raises `JobError` for every column that is missing, twice there or unknown."""
    problems = []
    if missing := [each.name for each in columns.having("feature") if each.name not in names]:
        problems.append(f"the columns {', '.join(missing)} are missing")
    if twice := sorted({name for name in names if list(names).count(name) > 1}):
        problems.append(f"{', '.join(twice)} stand there more than once")
    known = {column.name for column in columns}
    if strangers := [name for name in names if name not in known]:
        shown = ", ".join(repr(name[:SHOWN]) for name in strangers[:10])
        problems.append(f"dataset.yaml has no column {shown}")
    if problems:
        raise JobError(f"{'; '.join(problems)}: the rows have the columns of dataset.yaml")


def _type(column: Column) -> pa.DataType:
    """The type of a column in the canonical table; codes are whole numbers or text."""
    kinds = {"integer": pa.int64(), "number": pa.float64(), "date": pa.timestamp("ms")}
    if column.type in kinds:
        return kinds[column.type]
    codes = column.codes
    return pa.int64() if codes and all(_is_whole(code) for code in codes) else pa.string()


def _is_whole(code: str) -> bool:
    return code.removeprefix("-").isdecimal()


def _word(kind: pa.DataType) -> str:
    if pa.types.is_int64(kind):
        return "whole number"
    return {"double": "number", "string": "text"}.get(str(kind), "time")


def _first_wrong(column: pa.Array, kind: pa.DataType) -> tuple[int, str] | None:
    """Place and text of the first value that does not have a type."""
    try:
        column.cast(kind)
    except pa.ArrowException:
        for place, value in enumerate(column):
            try:
                value.cast(kind)
            except pa.ArrowException:
                return place, str(value.as_py())[:SHOWN]
    return None


def _begins(path: Path, with_: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(with_)) == with_

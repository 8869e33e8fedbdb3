"""The canonical table: the columns of dataset.yaml in their order, in the types it declares.

Whatever form a file has, the same table comes out of it, batch by batch, and a cell that cannot be
read is known by its row. All other modules see canonical tables only.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulated_ml.data.cells import parse
from regulated_ml.data.formats import Malformed, Raw, damaged, metadata, raw_batches
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing
from regulated_ml.identifiers import Problem
from regulated_ml.settings import Column, Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

ROW_GROUP = 65_536  # rows; what a reader of our Parquet files holds in memory
SHOWN = 3  # examples in a message
PREFIX = "regulated_ml."  # of our keys in the metadata of a Parquet file

KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "category": "a code",
    "date": "a date such as 2026-01-31, or a time such as 2026-01-31T23:59:59",
}


class Unreadable(NamedTuple):
    """Cells of one column that do not have its type."""

    column: str
    rows: "npt.NDArray[np.int64]"
    values: tuple[str, ...]  # of the first few of the rows


class Batch(NamedTuple):
    """Some rows of the canonical table; unreadable cells are null."""

    rows: "npt.NDArray[np.int64]"  # their numbers in the file, from 1
    table: pa.RecordBatch
    unreadable: tuple[Unreadable, ...]
    malformed: tuple[Malformed, ...]


def arrow_type(column: Column) -> pa.DataType:
    """The type of a column in the canonical table; codes are whole numbers or text."""
    if column.type == "integer":
        return pa.int64()
    if column.type == "number":
        return pa.float64()
    if column.type == "date":
        return pa.timestamp("ms")
    codes = [*column.values, *column.undocumented]
    return pa.int64() if codes and all(isinstance(code, int) for code in codes) else pa.string()


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are texts."""
    return bool(pa.types.is_string(kind))


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """The schema of the canonical table."""
    return pa.schema([(column.name, arrow_type(column)) for column in dataset.columns])


def lenient_batches(path: Path, dataset: Dataset) -> Iterator[Batch]:
    """The table with all that is wrong in it, for a check; flat in memory.

    Raises:
        UserError: the file cannot be read as a table with these columns at all.
    """
    for raw in raw_batches(path, dataset):
        yield _canonical(raw, dataset)


def batches(path: Path, dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """The table, batch by batch, each row in it having the declared types.

    Raises:
        UserError: as above, or the first rows that cannot be read, one problem for each column.
    """
    for batch in lenient_batches(path, dataset):
        problems = [_problem(path, dataset, unreadable) for unreadable in batch.unreadable]
        problems += [_line_problem(path, dataset, line) for line in batch.malformed[:SHOWN]]
        if problems:
            raise UserError(problems, ExitStatus.DATA)
        yield batch.table


def read(path: Path, dataset: Dataset) -> pa.Table:
    """The whole canonical table in memory. Raises as `batches` does."""
    return pa.Table.from_batches(batches(path, dataset), arrow_schema(dataset))


def write(
    path: Path,
    table: Iterable[pa.RecordBatch],
    dataset: Dataset,
    notes: Mapping[str, Any] | None = None,
) -> int:
    """Writes a canonical table as Parquet, atomically; gives the number of rows.

    `notes` become key-value metadata of the file, as JSON, under the keys `regulated_ml.KEY`.
    """
    with replacing(path) as temporary:
        return write_parquet(temporary, table, dataset, notes)


def write_parquet(
    path: Path,
    table: Iterable[pa.RecordBatch],
    dataset: Dataset,
    notes: Mapping[str, Any] | None = None,
) -> int:
    """As `write`, straight to the path; for a caller who renames the file himself."""
    notes = {**(notes or {}), "canonical": layout(dataset)}
    metadata = {f"{PREFIX}{key}": json.dumps(value) for key, value in notes.items()}
    schema = arrow_schema(dataset).with_metadata(metadata)
    rows = 0
    with pq.ParquetWriter(path, schema, write_page_checksum=True) as writer:
        for group in _row_groups(table):
            writer.write_table(pa.Table.from_batches(group).cast(schema))
            rows += sum(map(len, group))
    return rows


def _row_groups(table: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The batches, gathered until they are enough for a row group."""
    group: list[pa.RecordBatch] = []
    for batch in table:
        group.append(batch)
        if sum(map(len, group)) >= ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def layout(dataset: Dataset) -> str:
    """What in dataset.yaml decides how cells are read, as a hash: names, types, missing values."""
    columns = [(field.name, str(field.type)) for field in arrow_schema(dataset)]
    text = json.dumps([columns, sorted(dataset.missing_values)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_canonical(path: Path, dataset: Dataset) -> bool:
    """Whether a file was written by `write` for this table, so that jobs can read it as it is."""
    return bool(note(path, "canonical") == layout(dataset))


def note(path: Path, key: str) -> Any:
    """What a file written by `write` says under `key`; None where it says nothing.

    Raises:
        UserError: what it says is no JSON, so `write` has not written it.
    """
    text = metadata(path).get(f"{PREFIX}{key}")
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"Parquet file with JSON in {PREFIX}{key}", error) from error


def _canonical(raw: Raw, dataset: Dataset) -> Batch:
    """Gives every cell its type; notes those that have another."""
    missing = pa.array(dataset.missing_values, pa.string())
    columns, unreadable = [], []
    for column, cells in zip(dataset.columns, raw.batch.columns, strict=True):
        values, bad = parse(cells, arrow_type(column), missing)
        columns.append(values)
        if bad is not None:
            texts = pc.cast(cells.filter(bad).slice(0, SHOWN), pa.string()).to_pylist()
            rows = raw.rows[bad.to_numpy(zero_copy_only=False)]
            unreadable.append(Unreadable(column.name, rows, tuple(texts)))
    table = pa.RecordBatch.from_arrays(columns, schema=arrow_schema(dataset))
    return Batch(raw.rows, table, tuple(unreadable), raw.malformed)


def _problem(path: Path, dataset: Dataset, cells: Unreadable) -> Problem:
    kind = KINDS[dataset.column(cells.column).type]
    count = "" if len(cells.rows) == 1 else f"; {len(cells.rows)} cells near it are not"
    return Problem(
        f"{path}: column {cells.column}, row {cells.rows[0]}",
        cells.values[0],
        f"{kind}{count}",
        "`rml data check FILE` lists every cell; correct them, or the type in config/dataset.yaml",
    )


def _line_problem(path: Path, dataset: Dataset, line: Malformed) -> Problem:
    return Problem(
        f"{path}: row {line.row}",
        f"{line.cells} cells",
        "a row has one cell for each column of the file",
        "quote texts that contain the delimiter, or export the file again",
    )

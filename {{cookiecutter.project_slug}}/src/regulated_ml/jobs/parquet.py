"""Parquet files whose bytes depend on their content and on pyarrow's version only."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulated_ml.jobs import contract

ROW_GROUP = 131_072  # rows; what a reader holds of a file at a time
COMPRESSION = "zstd"

Columns = Mapping[str, Any]  # arrays of the same length, by name


def write(path: Path, table: pa.Table) -> None:
    """Writes a whole table."""
    with contract.replacing(path) as temporary:
        pq.write_table(table, temporary, compression=COMPRESSION, row_group_size=ROW_GROUP)


@contextmanager
def writing(path: Path, schema: pa.Schema) -> Iterator[Callable[[Columns], None]]:
    """Gives a function that adds rows; the file is there when the block ends well."""
    with (
        contract.replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression=COMPRESSION) as writer,
    ):
        yield lambda columns: writer.write_table(pa.table(columns, schema), ROW_GROUP)

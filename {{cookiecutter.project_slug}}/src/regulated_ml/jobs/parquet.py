"""Parquet files whose bytes depend on their content alone, but for the footer's "created by".

There pyarrow names its version, and no option makes it leave that out.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from regulated_ml.jobs import contract

ROW_GROUP = 131_072  # rows; what a reader holds of a file at a time
COMPRESSION = "zstd"
# Later versions of pyarrow also end a page after 20,000 rows; the container's knows no such end.
_KNOWN = inspect.signature(pq.ParquetWriter.__init__).parameters
PAGES = {"max_rows_per_page": ROW_GROUP} if "max_rows_per_page" in _KNOWN else {}

Columns = Mapping[str, Any]  # arrays of the same length, by name


def write(path: Path, table: pa.Table) -> None:
    """Writes a whole table."""
    with contract.replacing(path) as temporary:
        pq.write_table(table, temporary, compression=COMPRESSION, row_group_size=ROW_GROUP, **PAGES)


@contextmanager
def writing(path: Path, schema: pa.Schema) -> Iterator[Callable[[Columns], None]]:
    """Gives a function that adds rows; the file is there when the block ends well."""
    with (
        contract.replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression=COMPRESSION, **PAGES) as writer,
    ):
        yield lambda columns: writer.write_table(pa.table(columns, schema), ROW_GROUP)

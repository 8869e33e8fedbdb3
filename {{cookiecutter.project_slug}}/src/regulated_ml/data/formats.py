"""Files as they come: CSV, UCI's spreadsheet, Parquet, or one of these in a zip archive.

What a file is shows in its first bytes, never in its name. Here cells stay what they are in the
file; `tables.py` gives them the types of dataset.yaml. Reading goes by batches, and nothing is
unpacked to the disk, so that neither memory nor a temporary folder ever holds a large table.
"""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from regulated_ml.data.header import HEADER_ROWS, Layout, find_header, text_header
from regulated_ml.errors import UserError
from regulated_ml.identifiers import visible
from regulated_ml.settings import Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

BATCH_ROWS = 65_536
CSV_BLOCK = 1 << 22  # bytes of text that are parsed at a time
HEAD = 1 << 16  # bytes in which the row with the names of the columns must stand
LARGEST_SHEET = 1 << 29  # bytes; a sheet of the old format has at most 65,536 rows
ZIP = b"PK\x03\x04"  # how an archive with a file in it begins
TABLES_IN_ZIP = r"(?i)\.(csv|tsv|txt|xls|parquet)$"


class Malformed(NamedTuple):
    """A line of text with too many or too few cells."""

    row: int
    cells: int


class Raw(NamedTuple):
    """Some rows as the file has them, the declared columns in the declared order.

    Rows count from 1, the first below the names of the columns, malformed ones and blank lines
    included.
    """

    rows: "npt.NDArray[np.int64]"
    batch: pa.RecordBatch
    malformed: tuple[Malformed, ...] = ()


def raw_batches(path: Path, dataset: Dataset) -> Iterator[Raw]:
    """All rows of a file, whatever its form.

    Raises:
        UserError: the file is missing, empty, damaged or of another form, or has other columns.
    """
    try:
        with _opened(path, dataset) as file:
            form, reader = _form(file, path)
            try:
                yield from reader(file, path, dataset)
            except (pa.ArrowException, csv.Error, OSError) as error:  # OSError: a wrong checksum
                raise damaged(path, form, error) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise damaged(path, "zip archive", error) from error


def metadata(path: Path) -> dict[str, str]:
    """The key-value metadata of a Parquet file; empty for every other form."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return {}
    try:
        found = pq.read_metadata(path).metadata or {}
    except pa.ArrowException as error:
        raise damaged(path, "Parquet file", error) from error
    return {
        key.decode(errors="replace"): value.decode(errors="replace") for key, value in found.items()
    }


def unpacked_size(path: Path, dataset: Dataset) -> int:
    """The bytes of the table in a zip archive that can be read; 0 for every other form.

    That is what the archive tells; zipfile reads no more of a member, however much is packed in it.
    """
    with path.open("rb") as file:
        if not _begins(file, ZIP):
            return 0
        with zipfile.ZipFile(file) as archive:
            return archive.getinfo(_member(archive, path, dataset)).file_size


def damaged(path: Path, form: str, error: Exception) -> UserError:
    """The error for a file that begins like `form` and cannot be read as one."""
    rule = f"a whole, undamaged {form} ({visible(str(error), limit=160)})"
    return UserError.one(str(path), path.name, rule, "fetch or export the file again")


@contextmanager
def _opened(path: Path, dataset: Dataset) -> Iterator[BinaryIO]:
    """The bytes of the table: the file itself, or the member of a zip archive."""
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "missing"
        raise UserError.one(
            str(path), path.name, f"a file with a table; it is {kind}", "check the path"
        )
    with path.open("rb") as file:
        if not _begins(file, ZIP):
            yield file
            return
        with ExitStack() as opened:
            try:
                archive = opened.enter_context(zipfile.ZipFile(file))
                member = opened.enter_context(archive.open(_member(archive, path, dataset)))
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
                # zipfile tells a password by RuntimeError, an unknown method as not implemented.
                raise damaged(path, "zip archive without a password", error) from error
            yield member  # type: ignore[misc]  # typeshed calls it IO[bytes]


def _member(archive: zipfile.ZipFile, path: Path, dataset: Dataset) -> str:
    """The one file in the archive that holds the table."""
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    if "xl/workbook.xml" in names:
        raise UserError.one(
            str(path), path.name, "CSV, XLS or Parquet, not XLSX", "save the sheet as CSV"
        )
    pattern = dataset.source.member or TABLES_IN_ZIP
    found = [name for name in names if re.search(pattern, name)]
    if len(found) != 1:
        raise UserError.one(
            str(path),
            ", ".join(names[:10]),
            f"exactly one file in the archive matches {pattern!r}; {len(found)} do",
            "set source.member in config/dataset.yaml, or unpack the archive and name the file",
        )
    return found[0]


def _form(file: BinaryIO, path: Path) -> tuple[str, Any]:
    """What the first bytes say, and the reader for it."""
    if _begins(file, b"PAR1"):
        return "Parquet file", _parquet
    if _begins(file, b"\xd0\xcf\x11\xe0"):
        return "XLS spreadsheet", _xls
    head = _head(file)
    if not head.strip():
        raise UserError.one(str(path), path.name, "a table; the file is empty", "export it again")
    if re.match(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml|head|body)", head, re.IGNORECASE):
        raise UserError.one(
            str(path),
            visible(head[:80].decode("utf-8", "replace")),
            "a table; this is a web page, such as a proxy's or a login's",
            "fetch the file with a browser and hand it to `rml data fetch FILE`",
        )
    try:
        # Incrementally, because the head may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        raise _not_text(path, f"byte {error.start}") from error
    if b"\x00" in head:
        raise _not_text(path, f"byte {head.index(0)}")
    return "CSV file in UTF-8", _csv


def _not_text(path: Path, place: str) -> UserError:
    rule = "a table: CSV in UTF-8, XLS or Parquet"
    return UserError.one(f"{path}: {place}", path.name, rule, "save it as CSV in UTF-8")


def _begins(file: BinaryIO, magic: bytes) -> bool:
    found = file.read(len(magic)) == magic
    file.seek(0)
    return found


def _head(file: BinaryIO) -> bytes:
    head = file.read(HEAD)
    file.seek(0)
    return head


def _parquet(file: BinaryIO, path: Path, dataset: Dataset) -> Iterator[Raw]:
    # Buffering ahead would hold the whole file, where a batch at a time is wanted.
    table = pq.ParquetFile(
        file, pre_buffer=False, buffer_size=CSV_BLOCK, page_checksum_verification=True
    )
    layout = Layout.of(table.schema_arrow.names, path, dataset)
    row = 1
    for batch in table.iter_batches(BATCH_ROWS, columns=list(layout.present)):
        yield Raw(np.arange(row, row + len(batch)), layout.arrange(batch))
        row += len(batch)


def _csv(file: BinaryIO, path: Path, dataset: Dataset) -> Iterator[Raw]:
    header, above, delimiter = text_header(_head(file), dataset)
    layout = Layout.of(header.names, path, dataset)
    bad: list[Malformed] = []

    def skip(line: Any) -> str:
        bad.append(Malformed(line.number - above, line.actual_columns))
        return "skip"

    reader = pyarrow.csv.open_csv(
        file,
        pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=CSV_BLOCK,
            skip_rows=above,
            column_names=header.names,
        ),
        pyarrow.csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            invalid_row_handler=skip,
            ignore_empty_lines=False,  # or the rows after them would have wrong numbers
        ),
        pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in header.names},
            include_columns=list(layout.present),
            strings_can_be_null=False,
        ),
    )
    row = 1
    blank: set[int] | None = None
    for batch in reader:
        # The parser may be ahead of this batch, never behind it: all of its bad lines are known.
        skipped = [line.row for line in bad]
        rows = np.setdiff1d(np.arange(row, row + len(batch) + len(bad)), skipped)[: len(batch)]
        row = int(rows[-1]) + 1 if len(rows) else row
        lines = tuple(line for line in bad if line.row < row)
        if (empty := _empty(batch)).any():
            if blank is None:
                blank = _blank_rows(path, dataset, above, delimiter)
            kept = ~empty | ~np.isin(rows, list(blank))
            rows, batch = rows[kept], batch.filter(pa.array(kept))  # noqa: PLW2901
        if len(rows) or lines:
            yield Raw(rows, layout.arrange(batch), lines)
        bad = [line for line in bad if line.row >= row]
    if bad:
        nothing = pa.RecordBatch.from_pylist([], reader.schema)
        yield Raw(np.empty(0, np.int64), layout.arrange(nothing), tuple(bad))


def _empty(batch: pa.RecordBatch) -> "npt.NDArray[np.bool_]":
    """Which rows have no text in any cell: blank lines, and lines of nothing but delimiters."""
    empty = np.ones(len(batch), bool)
    for column in batch.columns:
        if not empty.any():
            break
        empty &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return empty


def _blank_rows(path: Path, dataset: Dataset, above: int, delimiter: str) -> set[int]:
    """The numbers of the blank lines, which Arrow cannot tell from lines of delimiters.

    Reads the file once more, and slowly, as few files need it.
    """
    with _opened(path, dataset) as file:
        lines = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
        below = csv.reader(islice(lines, above, None), delimiter=delimiter)
        return {row for row, cells in enumerate(below, 1) if not cells}


def _xls(file: BinaryIO, path: Path, dataset: Dataset) -> Iterator[Raw]:
    import xlrd  # late: only UCI's own file needs it

    content = file.read(LARGEST_SHEET + 1)
    if len(content) > LARGEST_SHEET:
        raise damaged(path, "XLS spreadsheet", ValueError("too large for a sheet"))
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
        sheet = book.sheet_by_index(0)
        columns = [_texts(sheet.col(place), book.datemode) for place in range(sheet.ncols)]
    except Exception as error:  # xlrd meets damage with any of a dozen kinds of error
        raise damaged(path, "XLS spreadsheet", error) from error
    header = find_header(list(zip(*(c[:HEADER_ROWS] for c in columns), strict=True)), dataset)
    layout = Layout.of(header.names, path, dataset)
    below = [pa.array(column[header.row + 1 :], pa.string()) for column in columns]
    table = pa.table(below, header.names).select(list(layout.present))
    row = 1
    for batch in table.to_batches(BATCH_ROWS):
        yield Raw(np.arange(row, row + len(batch)), layout.arrange(batch))
        row += len(batch)


def _texts(cells: list[Any], datemode: int) -> list[str]:
    """The texts of a spreadsheet's column; whole numbers without a fraction, as people see them."""
    import xlrd

    texts = []
    for cell in cells:
        value = cell.value
        if cell.ctype == xlrd.XL_CELL_NUMBER:
            texts.append(str(int(value)) if value.is_integer() else str(value))
        elif cell.ctype == xlrd.XL_CELL_DATE:
            texts.append(xlrd.xldate_as_datetime(value, datemode).isoformat())
        else:
            texts.append(str(value))
    return texts

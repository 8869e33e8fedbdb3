"""Any form of a file becomes the same canonical table, and what is wrong is named by its row."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulated_ml.data import tables
from regulated_ml.data.cells import parse
from regulated_ml.data.fingerprint import fingerprint
from regulated_ml.errors import UserError
from regulated_ml.settings import Dataset

from .conftest import HEADER

Write = Callable[..., Path]

LINES = [
    "L1,2025-01-31,1000.5,A,12,x,north,yes",
    "L2,2025-02-01,NA,B,24,,,no",
    'L3,2025-03-01T10:30:00,2e3,C,36,"a, ""b""","Zürich",no',
]


def rows(path: Path, dataset: Dataset) -> list[dict[str, object]]:
    """The canonical table as rows."""
    found: list[dict[str, object]] = tables.read(path, dataset).to_pylist()
    return found


def test_csv_gets_the_declared_types(write: Write, loans: Dataset) -> None:
    first, second, third = rows(write(LINES), loans)
    assert (first["loan"], first["amount"], first["term"]) == ("L1", 1000.5, 12)
    assert (second["amount"], second["note"], second["region"]) == (None, None, None)
    assert third["granted"] == datetime(2025, 3, 1, 10, 30)
    assert (third["amount"], third["note"], third["region"]) == (2000.0, 'a, "b"', "Zürich")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found(write: Write, loans: Dataset, delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in LINES[:2]]
    header = "loan,granted,amount,grade,term,note,region,bad".replace(",", delimiter)
    assert rows(write(lines, header), loans) == rows(write(LINES[:2]), loans)


def test_byte_order_mark_title_rows_and_another_order_of_columns_are_no_matter(
    write: Write, loans: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        '\ufeff"Loans\nof 2025",,,,,,,\r\n\r\nX1,X2,X3,X4,X5,X6,X7,Y\r\n'
        "bad,region,note,term,grade,amount,granted,loan\r\n"
        "yes,north,x, 12 ,A,1000.5,2025-01-31,L1\r\n\r\n",
        encoding="utf-8",
    )
    assert rows(path, loans) == rows(write(LINES[:1]), loans)


def test_rows_are_counted_from_below_the_header_whatever_stands_above(
    loans: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "titled.csv"
    lines = [*LINES[:1], "too,short", LINES[1].replace("24", "x")]
    path.write_text('"Loans\nof 2025"\n\n' + "\n".join([HEADER, *lines]), encoding="utf-8")
    (first, *_), *_ = (b.malformed for b in tables.lenient_batches(path, loans))
    assert first.row == 2
    (unreadable,) = (c for b in tables.lenient_batches(path, loans) for c in b.unreadable)
    assert unreadable.rows.tolist() == [3]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [200, 1 << 22])
def test_blank_lines_are_no_rows_and_are_counted(
    loans: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, block: int
) -> None:
    monkeypatch.setattr("regulated_ml.data.formats.CSV_BLOCK", block)
    wrong = LINES[0].replace(",12,", ",x,")
    lines = ["", LINES[0], "", "", wrong, LINES[2].replace("a,", f"a{end}{end}"), "", "too,short"]
    path = tmp_path / "blank.csv"
    text = end.join(["title", "", HEADER, *lines, wrong, "", ""])
    path.write_bytes(text.encode())
    batches = list(tables.lenient_batches(path, loans))
    assert [int(row) for batch in batches for row in batch.rows] == [2, 5, 6, 9]
    assert [int(n) for b in batches for c in b.unreadable for n in c.rows] == [5, 9]
    assert [line.row for batch in batches for line in batch.malformed] == [8]
    packed = tmp_path / "blank.zip"
    packed.write_bytes(zipped("blank.csv", text.encode()))
    assert [int(n) for b in tables.lenient_batches(packed, loans) for n in b.rows] == [2, 5, 6, 9]


def test_a_line_of_delimiters_is_a_row_without_values(write: Write, loans: Dataset) -> None:
    found = rows(write([LINES[0], ",,,,,,,", "", ",,,,,,,"]), loans)
    assert [row["loan"] for row in found] == ["L1", None, None]


def test_text_in_another_encoding_is_told_as_such(loans: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("\n".join([HEADER, *LINES]).encode("latin-1"))
    with pytest.raises(UserError, match="CSV in UTF-8") as caught:
        tables.read(path, loans)
    assert caught.value.problems[0].field.endswith(f"byte {path.read_bytes().index(0xFC)}")


def test_an_ignored_column_may_be_absent(write: Write, loans: Dataset) -> None:
    header = "loan,granted,amount,grade,term,region,bad"
    path = write(["L1,2025-01-31,1000.5,A,12,north,yes"], header)
    assert rows(path, loans)[0]["note"] is None


def test_parquet_of_other_types_becomes_the_same_table(
    write: Write, loans: Dataset, tmp_path: Path
) -> None:
    expected = tables.read(write(LINES), loans)
    path = tmp_path / "other.parquet"
    frame = expected.to_pandas().astype({"term": "float32", "grade": "category"})
    frame.iloc[:, ::-1].to_parquet(path)
    assert tables.read(path, loans).to_pylist() == expected.to_pylist()


def spreadsheet(table: pa.Table) -> bytes:
    """A table as UCI ships it: XLS, a title row of X1, X2, ... Y above the names."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    for place, name in enumerate(table.column_names):
        sheet.write(0, place, f"X{place}" if place else "")
        sheet.write(1, place, name)
        for row, value in enumerate(table.column(name).to_pylist(), 2):
            sheet.write(row, place, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    """A zip archive with one file, and what macOS adds to it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr(f"__MACOSX/._{name}", b"metadata")
    return stream.getvalue()


def credit_rows(dataset: Dataset, rows: int) -> pa.Table:
    """Some rows in the form of UCI's table."""
    columns = {c.name: [number + 1 for number in range(rows)] for c in dataset.columns}
    return pa.table(columns)


def test_a_spreadsheet_in_a_zip_archive_is_read_as_uci_ships_it(
    credit: Dataset, tmp_path: Path
) -> None:
    table = credit_rows(credit, 30)
    (tmp_path / "table.xls").write_bytes(spreadsheet(table))
    archive = zipped("default of credit card clients.xls", spreadsheet(table))
    (tmp_path / "download").write_bytes(archive)
    assert tables.read(tmp_path / "table.xls", credit).to_pylist() == table.to_pylist()
    assert tables.read(tmp_path / "download", credit).to_pylist() == table.to_pylist()


def test_dates_and_fractions_of_a_spreadsheet_are_kept(loans: Dataset, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    cells = ["L1", datetime(2025, 1, 31), 1000.5, "A", 12.0, "", "north", "yes"]
    for place, (name, cell) in enumerate(zip(loans.columns, cells, strict=True)):
        sheet.write(0, place, name.name)
        sheet.write(1, place, cell, day if isinstance(cell, datetime) else xlwt.XFStyle())
    book.save(str(tmp_path / "t.xls"))
    (row,) = rows(tmp_path / "t.xls", loans)
    assert (row["granted"], row["amount"], row["term"]) == (datetime(2025, 1, 31), 1000.5, 12)


MAGIC = (b"", b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", HEADER.encode())
WHOLE = "\n".join([HEADER, *LINES]).encode()


@given(
    st.builds(bytes.__add__, st.sampled_from(MAGIC), st.binary(max_size=300))
    | st.builds(
        lambda at, insert: WHOLE[:at] + insert + WHOLE[at:],
        st.integers(0, len(WHOLE)),
        st.binary(max_size=5) | st.sampled_from([b"\r", b'"', b"\n", b",", b"\r\n", b"\xff"]),
    )
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_file_holds_it_is_a_table_or_a_mistake_in_words(
    loans: Dataset, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "anything"
    path.write_bytes(content)
    try:
        assert tables.read(path, loans).num_rows <= 4
    except UserError as error:
        assert all(problem.rule and problem.fix for problem in error.problems)


def test_several_tables_in_one_archive_are_a_question_for_the_user(
    loans: Dataset, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    with pytest.raises(UserError, match="exactly one file in the archive") as caught:
        tables.read(tmp_path / "two.zip", loans)
    assert "source.member" in caught.value.problems[0].fix


HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (HTML, "this is a web page"),
        (b"  <html>", "this is a web page"),
        (b"PAR1 and no more", "undamaged Parquet file"),
        (b"PK\x03\x04 and no more", "undamaged zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "undamaged XLS spreadsheet"),
        ("loan;bad".encode("utf-16"), "CSV in UTF-8"),
        (zipped("xl/workbook.xml", b"<workbook/>"), "not XLSX"),
        (zipped("readme.md", b"# nothing"), "exactly one file in the archive"),
        (zipped("page.csv", HTML), "this is a web page"),
    ],
)
def test_a_file_that_is_no_table_is_told_for_what_it_is(
    loans: Dataset, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        tables.read(path, loans)
    (problem,) = caught.value.problems
    assert words in problem.rule
    assert str(path) in problem.field


def test_a_broken_archive_and_a_password_are_no_tracebacks(loans: Dataset, tmp_path: Path) -> None:
    whole = bytearray(zipped("t.csv", b"loan,bad\n" * 2000))
    whole[60] ^= 0xFF  # in the compressed bytes
    (tmp_path / "broken.zip").write_bytes(whole)
    locked = bytearray(zipped("t.csv", b"loan,bad\n"))
    locked[6] |= 1  # the flag of encryption, in both headers
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    for name in ("broken.zip", "locked.zip"):
        with pytest.raises(UserError, match="undamaged"):
            tables.read(tmp_path / name, loans)


def test_all_wrong_columns_are_named_at_once(write: Write, loans: Dataset) -> None:
    path = write(["1,2,3,4,5,6,7"], "loan,granted,Amount,grade,term,region,surprise")
    with pytest.raises(UserError) as caught:
        tables.read(path, loans)
    fixes = {problem.value: problem.fix for problem in caught.value.problems}
    assert set(fixes) == {"amount", "bad", "Amount", "surprise"}
    assert fixes["amount"] == "rename the column 'Amount' of the file"


def test_a_wrong_cell_is_named_by_file_column_and_row(write: Write, loans: Dataset) -> None:
    path = write([*LINES, "L4,2025-13-01,1,A,twelve,x,north,no", "L5,2025-01-01,1,A,12.5,x,s,no"])
    with pytest.raises(UserError) as caught:
        tables.read(path, loans)
    found = {problem.field: problem.value for problem in caught.value.problems}
    assert found == {
        f"{path}: column granted, row 4": "2025-13-01",
        f"{path}: column term, row 4": "twelve",
    }


def test_a_row_with_too_few_cells_is_named_by_its_number(write: Write, loans: Dataset) -> None:
    with pytest.raises(UserError, match="row 2: a row has one cell for each column"):
        tables.read(write([LINES[0], "L2,2025-02-01", LINES[2]]), loans)


def test_bad_rows_do_not_shift_the_numbers_of_the_rows_after_them(
    write: Write, loans: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regulated_ml.data.formats.CSV_BLOCK", 200)  # many small batches
    lines = [LINES[0]] * 40
    for bad in (3, 4, 17, 40):
        lines[bad - 1] = "short,row"
    lines[24] = LINES[0].replace(",12,", ",x,")
    batches = list(tables.lenient_batches(write(lines), loans))
    assert len(batches) > 3
    assert [line.row for batch in batches for line in batch.malformed] == [3, 4, 17, 40]
    numbers = [int(row) for batch in batches for row in batch.rows]
    assert numbers == [n for n in range(1, 41) if n not in (3, 4, 17, 40)]
    assert [int(c.rows[0]) for batch in batches for c in batch.unreadable] == [25]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("+7", 7), ("-007", -7), (" 7 ", 7), ("7.0", 7), ("1e+05", 100_000),
        ("7.5", None), ("1e-3", None), ("0x10", None), ("1_000", None), ("٣", None), ("nan", None),
        ("1e400", None), ("9007199254740993.0", None), ("99999999999999999999", None), ("", None),
    ],
)  # fmt: skip
def test_whole_numbers_as_spreadsheets_and_r_write_them(text: str, value: int | None) -> None:
    values, _ = parse(pa.array([text, "1"]), pa.int64(), pa.array([""]))
    assert values.to_pylist() == [value, 1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5), ("+.5", 0.5), ("1e3", 1000.0), (" 2. ", 2.0), ("1e400", None), ("nan", None),
        ("inf", None), ("-Infinity", None), ("1,5", None), ("1.5.2", None), ("0x1p3", None),
    ],
)  # fmt: skip
def test_numbers_are_finite_decimal_numbers(text: str, value: float | None) -> None:
    values, bad = parse(pa.array([text]), pa.float64(), pa.array([""]))
    assert values.to_pylist() == [value]
    assert (bad is None) == (value is not None)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62))))
@settings(deadline=None)
def test_every_whole_number_survives(numbers: list[int | None]) -> None:
    texts = pa.array([None if n is None else str(n) for n in numbers], pa.string())
    values, bad = parse(texts, pa.int64(), pa.array([""]))
    assert (values.to_pylist(), bad) == (numbers, None)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
@settings(deadline=None)
def test_every_finite_number_survives(numbers: list[float]) -> None:
    values, bad = parse(pa.array(map(repr, numbers), pa.string()), pa.float64(), pa.array([""]))
    assert (values.to_pylist(), bad) == (numbers, None)


@given(st.text(), st.sampled_from([pa.int64(), pa.float64(), pa.timestamp("ms"), pa.string()]))
@settings(deadline=None)
def test_no_text_at_all_makes_a_parser_fail(text: str, kind: pa.DataType) -> None:
    text = text.encode("utf-8", "ignore").decode()
    values, bad = parse(pa.array([text, None]), kind, pa.array(["NA"]))
    assert len(values) == 2
    assert bad is None or bad.to_pylist() == [True, False]


@pytest.mark.parametrize("sentinel", ["-999", "-999.0"])
def test_a_missing_number_is_the_same_in_every_form_of_file(
    write: Write, loans: Dataset, tmp_path: Path, sentinel: str
) -> None:
    dataset = loans.model_copy(update={"missing_values": ("", "-999", "1900-01-01")})
    lines = [f"L1,2025-01-31,{sentinel},A,-999,,north,yes", "L2,1900-01-01,2.5,B,12,,,no"]
    text = write(lines)
    typed = tmp_path / "typed.parquet"
    tables.read(text, loans).to_pandas().to_parquet(typed)  # -999 as numbers, int64 and float64
    assert pq.read_table(typed).column("term").to_pylist() == [-999, 12]
    for path in (text, typed):
        assert [row["amount"] for row in rows(path, dataset)] == [None, 2.5]
        assert [row["term"] for row in rows(path, dataset)] == [None, 12]
        assert rows(path, dataset)[1]["granted"] is None
    found = {fingerprint(tables.batches(path, dataset)).sha256 for path in (text, typed)}
    assert len(found) == 1


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_number_without_end_is_refused_in_a_typed_file_too(
    write: Write, loans: Dataset, tmp_path: Path, value: float
) -> None:
    frame = tables.read(write(LINES), loans).to_pandas()
    frame.loc[1, "amount"] = value
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column amount, row 2: a number"):
        tables.read(tmp_path / "t.parquet", loans)


def test_a_written_table_is_canonical_for_its_dataset_only(
    write: Write, loans: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    table = tables.read(write(LINES), loans)
    assert tables.write(path, table.to_batches(), loans, {"about": {"seed": 1}}) == 3
    assert tables.note(path, "about") == {"seed": 1}
    assert tables.is_canonical(path, loans)
    other = loans.model_copy(update={"missing_values": ("?",)})
    assert not tables.is_canonical(path, other)
    assert pq.read_table(path).to_pylist() == table.to_pylist()

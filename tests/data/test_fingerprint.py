"""The fingerprint is that of the rows, whatever file they came in."""

import csv
import hashlib
import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.data import tables
from regulated_ml.data.fingerprint import Fingerprinter, fingerprint, header, text, write_csv
from regulated_ml.settings import Dataset

from .test_reading import spreadsheet, zipped

UCI = "4edce6da569b2c30788a85fd98a9bafb1a983e8ca1a7aac875dd7ff853cbd0bb"


def test_the_fingerprint_is_the_hash_of_the_canonical_text() -> None:
    batch = pa.RecordBatch.from_pydict(
        {
            "a b": pa.array([1, None, -3]),
            "n": pa.array([0.1, 100.0, None]),
            "t": pa.array(['x"y', "", None]),
            "d": pa.array(
                [datetime(2026, 1, 31), datetime(2026, 1, 31, 9, 5), None], "timestamp[ms]"
            ),
            "l": pa.array(["a,b", "c\nd", "é"]),
        }
    )
    expected = (
        'a b,n,t,d,l\n1,0.1,"x""y",2026-01-31,"a,b"\n,100,"",2026-01-31T09:05:00,"c\nd"\n-3,,,,é\n'
    )
    assert (header(batch.schema) + text(batch)).decode() == expected
    found = fingerprint([batch])
    assert found == (hashlib.sha256(expected.encode()).hexdigest(), 3)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_batches_make_no_difference(size: int) -> None:
    table = pa.table({"a": range(100), "b": [str(n) for n in range(100)]})
    assert fingerprint(table.to_batches(size)) == fingerprint(table.to_batches())


def test_a_slice_of_a_batch_is_hashed_as_its_own_rows() -> None:
    batch = pa.RecordBatch.from_pydict({"a": ["one", "two", "three", "four"]})
    assert text(batch.slice(1, 2)) == b"two\nthree\n"


@given(st.lists(st.one_of(st.none(), st.text().filter(lambda t: "\0" not in t)), min_size=1))
def test_the_canonical_text_reads_back_as_the_same_texts(texts: list[str | None]) -> None:
    texts = [t if t is None else t.encode("utf-8", "ignore").decode() for t in texts]
    batch = pa.RecordBatch.from_pydict({"t": pa.array(texts, pa.string()), "n": [1] * len(texts)})
    lines = list(csv.reader(io.StringIO(text(batch).decode(), newline="")))
    assert lines == [[t or "", "1"] for t in texts]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_in_the_canonical_text_read_back_exactly(numbers: list[float]) -> None:
    lines = text(pa.RecordBatch.from_pydict({"n": numbers})).decode().splitlines()
    assert [float(line) for line in lines] == numbers


def test_counting_while_batches_pass_changes_nothing() -> None:
    table = pa.table({"a": range(10)})
    passing = Fingerprinter()
    assert list(passing.passing(table.to_batches(3))) == table.to_batches(3)
    assert passing.result == fingerprint(table.to_batches())


@pytest.mark.slow  # writing a large spreadsheet takes long, reading it does not
def test_the_real_table_has_the_published_fingerprint_in_every_form(
    real_table: Path, credit: Dataset, tmp_path: Path
) -> None:
    table = tables.read(real_table, credit)
    assert credit.source.sha256 == UCI
    shuffled = table.select(table.column_names[::-1])
    archive = zipped("default of credit card clients.xls", spreadsheet(table))
    (tmp_path / "table.zip").write_bytes(archive)
    write_csv(tmp_path / "table.csv", table.to_batches())
    tables.write(tmp_path / "table.parquet", table.to_batches(), credit)
    shuffled.to_pandas().astype("float64").to_csv(tmp_path / "floats.csv", index=False, sep=";")
    assert (tmp_path / "table.csv").read_bytes() == real_table.read_bytes()
    for name in ("table.zip", "table.csv", "table.parquet", "floats.csv"):
        assert fingerprint(tables.batches(tmp_path / name, credit)) == (UCI, 30_000), name

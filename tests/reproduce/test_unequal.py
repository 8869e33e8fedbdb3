"""The first difference of two files, in the terms of their kind."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.tracking.unequal import Unequal, first

Pair = Callable[[str, bytes, bytes], Unequal]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """The first difference of two files of one name with these contents."""

    def compared(name: str, before: bytes, after: bytes) -> Unequal:
        paths = [tmp_path / side / name for side in ("before", "after")]
        for path, content in zip(paths, (before, after), strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        return first(*paths)

    return compared


TEXTS = {
    "a value deep in JSON": (
        "a.json",
        b'{"auc": {"value": 0.77, "low": 0.75}}',
        b'{"auc": {"value": 0.77, "low": 0.76}}',
        ("/auc/low", "0.75", "0.76"),
    ),
    "a key with a slash": ("a.json", b'{"a/b~": 1}', b'{"a/b~": 2}', ("/a~1b~0", "1", "2")),
    "a key that is gone": ("a.json", b'{"a": 1}', b"{}", ("/a", "1", "nothing")),
    "an element more": ("a.json", b"[1]", b"[1, 2]", ("/1", "nothing", "2")),
    "a whole number as a float": ("a.json", b"[1]", b"[1.0]", ("/0", "1", "1.0")),
    "a bit of a float": (
        "a.json",
        b"[0.1]",
        b"[0.10000000000000002]",
        ("/0", "0.1", "0.10000000000000002"),
    ),
    "no JSON after all": ("a.json", b"{", b"[", ("byte 0", "0x7b", "0x5b")),
    "a cell": ("a.csv", b"a,b\n1,2\n3,4\n", b"a,b\n1,2\n3,5\n", ("row 3, column 2", "4", "5")),
    "a cell less": ("a.csv", b"1,2\n", b"1\n", ("row 1, column 2", "2", "nothing")),
    "a line": ("a.txt", b"one\ntwo\n", b"one\nzwei\n", ("line 2", "two", "zwei")),
    "a byte": ("a.ubj", b"\x00\x01", b"\x00\x02", ("byte 1", "0x01", "0x02")),
    "a byte less": ("a.ubj", b"\x00\x01", b"\x00", ("byte 1", "0x01", "nothing")),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_the_place_and_both_values_are_named(
    pair: Pair, case: tuple[str, bytes, bytes, tuple[str, str, str]]
) -> None:
    name, before, after, expected = case
    assert pair(name, before, after) == expected


def test_the_same_values_in_another_order_are_said_to_be_the_same(pair: Pair) -> None:
    found = pair("a.json", b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}')
    assert found.place == "the same values, written as other bytes"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def at(content: Any, pointer: str) -> Any:
    """The value at a JSON pointer, by RFC 6901; None where there is none."""
    for part in pointer.split("/")[1:] if pointer != "/" else []:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            content = content[int(key)] if isinstance(content, list) else content[key]
        except (IndexError, KeyError):
            return "nothing"
    return content


@given(JSON, JSON)
def test_where_two_documents_differ_their_values_at_the_pointer_do(one: Any, other: Any) -> None:
    from regulated_ml.tracking import unequal

    found = unequal._values(one, other, "")
    assert (found is None) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
    if found and found.place != "/":  # of the whole document, or of its member with an empty name
        assert repr(at(one, found.place)) != repr(at(other, found.place))


def table(path: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_of_a_table_the_first_row_and_its_first_column_are_named(tmp_path: Path) -> None:
    rows = 70_000  # more than are compared at a time
    before = {"id": list(range(rows)), "a": [0.5] * rows, "b": [1.0] * rows}
    after = {**before, "a": [0.5] * (rows - 1) + [0.25], "b": [1.0] * (rows - 2) + [2.0, 2.0]}
    one = table(tmp_path / "one.parquet", before)
    other = table(tmp_path / "other.parquet", after, row_group_size=1000)
    assert first(one, other) == ("row 69,999, column b", "1.0", "2.0")


def test_missing_values_and_no_numbers_equal_themselves(tmp_path: Path) -> None:
    columns = {"a": [None, float("nan"), 1.0]}
    one = table(tmp_path / "one.parquet", columns, compression="none")
    other = table(tmp_path / "other.parquet", columns, compression="zstd")
    assert first(one, other).place == "the same values, written as other bytes"


def test_a_column_of_another_type_and_more_rows_are_named(tmp_path: Path) -> None:
    one = table(tmp_path / "one.parquet", {"a": [1, 2]})
    assert first(one, table(tmp_path / "b.parquet", {"a": [1.0, 2.0]})) == (
        "column 1",
        "a (int64)",
        "a (double)",
    )
    assert first(one, table(tmp_path / "c.parquet", {"a": [1, 2, 3]})) == (
        "number of rows",
        "2",
        "3",
    )


def archive(path: Path, members: dict[str, bytes], time: int = 0) -> Path:
    with (
        gzip.GzipFile(path, "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time
            tar.addfile(member, io.BytesIO(content))
    return path


def test_in_an_archive_the_member_and_the_place_in_it_are_named(tmp_path: Path) -> None:
    one = archive(tmp_path / "one.tar.gz", {"a.json": b"[1, 2]", "b": b"x"})
    other = archive(tmp_path / "other.tar.gz", {"a.json": b"[1, 3]", "b": b"y"})
    assert first(one, other) == ("a.json: /1", "2", "3")


def test_members_that_are_missing_and_times_are_named(tmp_path: Path) -> None:
    one = archive(tmp_path / "one.tar.gz", {"a": b"1"})
    assert first(one, archive(tmp_path / "b.tar.gz", {"a": b"1", "b": b""})) == (
        "members",
        "nothing",
        "b",
    )
    assert first(one, archive(tmp_path / "c.tar.gz", {"a": b"1"}, time=5)) == (
        "a: its mtime in the archive",
        "0",
        "5",
    )


def test_an_archive_that_leads_out_is_not_unpacked(tmp_path: Path) -> None:
    one = archive(tmp_path / "one.tar.gz", {"../escaped": b"1"})
    other = archive(tmp_path / "other.tar.gz", {"../escaped": b"2"})
    assert first(one, other).place.startswith("byte ")
    assert not (tmp_path.parent / "escaped").exists()

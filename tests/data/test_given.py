"""A table that was handed in is converted once; whatever it says about itself, no traceback."""

import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulated_ml.data import schema, source, tables
from regulated_ml.data.state import mark_of, sidecar
from regulated_ml.errors import UserError
from regulated_ml.settings import Dataset, Settings

from .conftest import ROOT, loan_lines

Write = Callable[..., Path]


@pytest.fixture
def shop(settings: Settings, loans: Dataset) -> Settings:
    """A repository of loans."""
    return settings.model_copy(update={"dataset": loans})


@pytest.fixture
def given(write: Write) -> Path:
    """A table of loans."""
    return write(loan_lines(300))


def test_a_given_table_is_converted_once(
    shop: Settings, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = source.locate(shop, given)
    assert first.path.parent == shop.root / "data/given"
    monkeypatch.setattr(source, "convert", None)
    assert source.locate(shop, given) == first
    renamed = given.rename(given.with_name("other.csv"))
    assert source.locate(shop, renamed) == first
    assert list(first.path.parent.iterdir()) == [first.path]


def test_the_table_that_was_located_is_held_against_the_schema(
    shop: Settings, write: Write
) -> None:
    lines = loan_lines(300)
    lines[6] = lines[6].rsplit(",", 1)[0] + ",maybe"
    found = source.locate(shop, write(lines))
    report = schema.check_located(found, shop.dataset)
    assert (report.state, report.rows) == ("unverified", 300)
    assert [(v.column, v.rows) for v in report.violations] == [("bad", (7,))]
    source.convert(write(lines[:100]), found.path, shop.dataset)
    with pytest.raises(UserError, match="a moment ago"):
        schema.check_located(found, shop.dataset)


def test_a_check_of_thirty_thousand_rows_is_quick(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "twin.parquet"
    found = source.draw(settings, path, 30_000, 1, ROOT / "config/dataset-profile.json")
    schema.check_located(found, settings.dataset)  # what is imported and compiled but once
    best = []
    for _ in range(3):
        start = time.process_time()  # of this process: the machine may be busy
        schema.check_located(found, settings.dataset)
        best.append(time.process_time() - start)
    assert min(best) < 0.3


def test_a_copy_made_by_another_schema_is_made_again(shop: Settings, given: Path) -> None:
    first = source.locate(shop, given)
    dataset = shop.dataset.model_copy(update={"missing_values": ("", "NA", "12")})
    second = source.locate(shop.model_copy(update={"dataset": dataset}), given)
    assert second.path == first.path
    assert tables.read(second.path, dataset).column("term").null_count > 0


def test_a_copy_is_made_again_when_the_table_is_marked_as_a_twin(
    shop: Settings, given: Path
) -> None:
    assert source.locate(shop, given).state == "unverified"
    sidecar(given).write_text('{"synthetic": {"seed": 1}}')
    assert source.locate(shop, given).state == "synthetic"


def test_a_copy_of_something_else_is_made_again(shop: Settings, given: Path) -> None:
    first = source.locate(shop, given)
    few = tables.read(first.path, shop.dataset).slice(0, 5).to_batches()
    tables.write(first.path, few, shop.dataset, {"source": {"sha256": "0" * 64, "member": ""}})
    assert source.locate(shop, given) == first


@pytest.mark.parametrize("place", [100, 1000, 3000, -1, -200])
def test_a_damaged_copy_is_made_again(shop: Settings, given: Path, place: int) -> None:
    first = source.locate(shop, given)
    content = bytearray(first.path.read_bytes())
    content[place] ^= 0xFF
    first.path.write_bytes(content)
    assert source.locate(shop, given) == first
    assert first.path.read_bytes() != content


def test_a_damaged_own_table_counts_as_not_fetched(shop: Settings, given: Path) -> None:
    own = source.take(given, shop).path
    own.write_bytes(own.read_bytes()[:-100])
    assert source.fetched(shop) is None


@pytest.mark.parametrize("content", [b"[]", b"", b"{", b"\xff", b"7", b"null", b"[" * 100_000])
def test_a_broken_file_beside_a_table_is_named(shop: Settings, given: Path, content: bytes) -> None:
    sidecar(given).write_bytes(content)
    with pytest.raises(UserError, match=r"loans\.csv\.source\.json"):
        source.locate(shop, given)


@pytest.mark.parametrize("key", ["synthetic", "canonical"])
@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_hostile_metadata_is_named(
    shop: Settings, given: Path, tmp_path: Path, key: str, text: bytes
) -> None:
    table = tables.read(given, shop.dataset)
    notes = {f"regulated_ml.{key}".encode(): text}
    pq.write_table(table.replace_schema_metadata(notes), tmp_path / "t.parquet")
    with pytest.raises(UserError, match=r"t\.parquet: .*regulated_ml"):
        source.locate(shop, tmp_path / "t.parquet")


def test_keys_of_other_programs_in_metadata_are_no_matter(tmp_path: Path) -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({b"\xff\xfe": b"\xff"})
    pq.write_table(table, tmp_path / "t.parquet")
    assert mark_of(tmp_path / "t.parquet") is None

"""The trail decides which run came first: clocks are set back, and others' clocks differ."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import a_record

from regulated_ml.files import write_json
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RECORD, RunStore, artifacts, new_id


def made(store: RunStore, ended: str) -> Record:
    """A run that ended when the clock said so."""
    with store.writing("train") as (run_id, folder, _):
        record = a_record(run_id, folder).model_copy(update={"ended": ended, "started": ended})
        return store.finish(folder, record)


def fetched(store: RunStore, ended: str) -> Record:
    """A run that was made elsewhere; its record's bytes are others than ours would be."""
    with store.writing("train", new_id("train")) as (run_id, folder, _):
        record = a_record(run_id, folder).model_copy(
            update={"ended": ended, "artifacts": artifacts(folder, leave_out=RECORD)}
        )
        content = record.model_dump(mode="json")
        (folder / RECORD).write_text(json.dumps({"of_a_later_version": 1, **content}))
        return store.take(folder, run_id)


def times(clocks: Sequence[int]) -> list[str]:
    return [f"2026-01-01T00:00:{clock:02}+00:00" for clock in clocks]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=5))
def test_runs_are_in_the_order_in_which_they_were_made_whatever_the_clock_said(
    tmp_path_factory: pytest.TempPathFactory, clocks: list[int]
) -> None:
    store = RunStore(tmp_path_factory.mktemp("runs"))
    runs = [made(store, ended) for ended in times(clocks)]
    assert [run.id for run in store.all()] == [run.id for run in runs]
    assert store.latest("train") == runs[-1]


def test_a_fetched_run_keeps_its_bytes_and_has_its_place_in_this_trail(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    early, late = times([10, 50])
    first, second = made(store, late), fetched(store, early)
    assert store.all() == [first, second]
    assert [entry.kind for entry in store.trail.entries()] == ["run", "fetched"]
    assert '"of_a_later_version": 1' in (store.folder_of(second) / RECORD).read_text()


def test_what_no_entry_names_comes_last_by_its_time_and_garbage_in_the_trail_stops_nothing(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path / "runs")
    runs = [made(store, ended) for ended in times([30, 20, 10])]
    lines = store.trail.path.read_bytes().splitlines(keepends=True)
    store.trail.path.write_bytes(lines[0] + b"\xff\xfe no entry\n")
    assert [run.id for run in store.all()] == [runs[0].id, runs[2].id, runs[1].id]


def test_a_trail_that_is_gone_leaves_the_times(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    runs = [made(store, ended) for ended in times([30, 10])]
    store.trail.path.unlink()
    write_json(store.folder / "latest.json", {})
    assert [run.id for run in store.all()] == [runs[1].id, runs[0].id]

"""A run is there as a whole or not at all, whatever happens while it is made."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from regulated_ml.errors import UserError
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Commit, Data, Dependencies, Identity, Record
from regulated_ml.tracking.store import RunStore, artifacts


def a_record(run_id: str, folder: Path, step: str = "train", key: str = "k") -> Record:
    """A record with made-up facts for what lies in `folder`."""
    return Record(
        id=run_id,
        step=step,
        key=key,
        parents=(),
        environment="local",
        standard="0",
        module="m",
        command=("train",),
        started="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:00:01+00:00",
        seconds=1.0,
        identity=Identity(user="u", host="h"),
        commit=Commit(sha=None, branch=None, dirty=True, changed=()),
        data=Data(name="d", state="synthetic", fingerprint="f", rows=1, file="x"),
        code="c",
        parameters={},
        dependencies=Dependencies(python="3", system="s", lock=None, packages={}),
        metrics={},
        artifacts=artifacts(folder, leave_out="job.log"),
    )


def make(store: RunStore, content: str = "made", key: str = "k") -> Record:
    """A finished run with one artefact."""
    with store.writing("train") as (run_id, folder, _):
        (folder / "artefact.txt").write_text(content)
        return store.finish(folder, a_record(run_id, folder, key=key))


def test_a_finished_run_is_listed_and_read_back_equal(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    run = make(store)
    assert store.all() == [run]
    assert (store.folder_of(run) / "artefact.txt").read_text() == "made"
    (artifact,) = run.artifacts
    # The hash is that of `printf made | sha256sum`.
    assert artifact.sha256 == "ea0890697a77af0a2e054cccec587c8a42feb5cf38e778c6c6e2a96bfb945c0b"
    assert (artifact.path, artifact.bytes) == ("artefact.txt", 4)


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    with pytest.raises(RuntimeError), store.writing("train") as (_, folder, _):
        (folder / "half.txt").write_text("half")
        raise RuntimeError
    assert store.all() == []
    assert not folder.exists()


WRITER = """
import sys, time
from pathlib import Path
from regulated_ml.tracking.store import RunStore
with RunStore(Path(sys.argv[1])).writing("train") as (run_id, folder, lock):
    (folder / "half.txt").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def start_writer(folder: Path) -> "subprocess.Popen[str]":
    """A process in the middle of a run."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert writer.stdout is not None
    assert writer.stdout.readline()
    return writer


def test_what_a_killed_process_left_is_never_listed_and_is_swept(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    writer = start_writer(store.folder)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert store.all() == []
    assert list(store.folder.glob(".incomplete/train-*/half.txt"))
    run = make(store)
    assert list((store.folder / ".incomplete").iterdir()) == []
    assert store.all() == [run]


def test_what_a_living_process_writes_is_not_swept(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    writer = start_writer(store.folder)
    try:
        make(store)
        assert list(store.folder.glob(".incomplete/train-*/half.txt"))
    finally:
        writer.kill()
        writer.wait()


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    threads = [threading.Thread(target=make, args=(store, str(n))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = {(store.folder_of(run) / "artefact.txt").read_text() for run in store.all()}
    assert contents == {str(n) for n in range(12)}


def test_a_run_is_current_while_its_artefacts_are_what_they_were(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    run = make(store, key="same")
    assert store.current("train", "same") == run
    assert store.current("train", "other") is None
    (store.folder_of(run) / "artefact.txt").write_text("mode")  # as many bytes as before
    assert store.damage(run) == ["artefact.txt"]
    assert store.current("train", "same") is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    path = store.folder_of(make(store)) / "record.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(UserError) as caught:
        store.all()
    assert caught.value.problems[0].field == str(path)


def test_a_record_of_a_later_version_keeps_what_this_one_does_not_know(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    path = store.folder_of(make(store)) / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "image": "sha256:1"}))
    (run,) = store.all()
    assert run.model_dump()["image"] == "sha256:1"


def test_a_run_is_found_by_step_or_by_a_unique_beginning(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    first, second = make(store), make(store)
    assert store.get("train") in (first, second)
    assert store.get(first.id) == first
    for name in ("train-", "nothing", ""):
        with pytest.raises(UserError):
            store.get(name)


def test_a_lock_is_held_by_one_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def hold() -> None:
        for _ in range(8):  # again and again, so that some come when the file has just gone
            with exclusive(tmp_path / "locks/one"):
                inside.append(1)
                time.sleep(0.001)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)
    assert list((tmp_path / "locks").iterdir()) == []

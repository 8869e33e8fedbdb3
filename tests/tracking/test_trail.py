"""The audit trail finds whatever was taken out, changed or slipped in, and loses nothing itself."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from regulated_ml.errors import UserError
from regulated_ml.files import sha256
from regulated_ml.tracking import trail
from regulated_ml.tracking.store import RECORD, RunStore
from regulated_ml.tracking.trail import TRAIL, Anchor, Finding, verify

RUNS = 7


def make(store: RunStore, content: str) -> str:
    """The id of a new run; what its record says is of no account here."""
    from test_store import make

    return make(store, content).id


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a trail that is right."""
    folder = tmp_path_factory.mktemp("runs")
    for number in range(RUNS):
        make(RunStore(folder), str(number))
    return folder


def found(folder: Path, *anchors: Anchor) -> list[Finding]:
    store = RunStore(folder)
    return verify(store.trail, store.records, anchors)


def chained(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with numbers and hashes made anew, as who wants to deceive would.

    The formula is written out here once more: SHA-256 over the JSON of all members but the hash,
    keys sorted, without blanks.
    """
    previous, made = "0" * 64, []
    for number, entry in enumerate(entries, start=1):
        content = {**entry, "number": number, "previous": previous}
        content.pop("hash", None)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        made.append({**content, "hash": previous})
    return made


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / TRAIL).read_text().splitlines()]


def write(folder: Path, content: list[dict[str, Any]]) -> None:
    (folder / TRAIL).write_text("".join(json.dumps(entry) + "\n" for entry in content))


def test_a_trail_that_nobody_touched_is_right_and_chained_as_documented(whole: Path) -> None:
    assert found(whole) == []
    assert entries(whole) == chained(entries(whole))
    newest = entries(whole)[-1]
    assert found(whole, Anchor("tag v1", newest["number"], newest["hash"])) == []


# --- tampering: a name, and what is done to a copy of the folder; it returns what must be named ---


def removes_a_record(folder: Path, dice: random.Random) -> str:
    victim = dice.choice(entries(folder))["id"]
    shutil.rmtree(folder / victim)
    return str(victim)


def changes_a_record(folder: Path, dice: random.Random) -> str:
    victim = dice.choice(entries(folder))["id"]
    path = folder / victim / RECORD
    raw = bytearray(path.read_bytes())
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(7)
    path.write_bytes(raw)
    return str(victim)


def inserts_a_record(folder: Path, dice: random.Random) -> str:
    source = folder / dice.choice(entries(folder))["id"]
    name = f"train-20260101-000000-{dice.randrange(16**6):06x}"
    shutil.copytree(source, folder / name)
    return name


def removes_an_entry(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    gone = content.pop(dice.randrange(len(content)))
    write(folder, content)
    return str(gone["id"])


def removes_an_entry_and_its_record(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    gone = content.pop(dice.randrange(len(content) - 1))  # the last is the anchor's business
    shutil.rmtree(folder / gone["id"])
    write(folder, content)
    return f"entry {gone['number']}"


def changes_an_entry(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    victim = dice.choice(content)
    member = dice.choice(["time", "kind", "record", "previous", "hash"])
    text = victim[member]
    at = dice.randrange(len(text))
    victim[member] = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    write(folder, content)
    return f"entry {victim['number']}"


def swaps_two_entries(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    one, two = sorted(dice.sample(range(len(content)), 2))
    content[one], content[two] = content[two], content[one]
    write(folder, content)
    return f"entry {content[two]['number']}"


def repeats_an_entry(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    victim = dice.choice(content)
    content.insert(dice.randrange(len(content) + 1), victim)
    write(folder, content)
    return f"entry {victim['number']}, {victim['id']}"


def writes_nonsense(folder: Path, dice: random.Random) -> str:
    lines = (folder / TRAIL).read_text().splitlines()
    at = dice.randrange(len(lines))
    lines[at] = dice.choice(["", "{}", "null", lines[at][:-9], lines[at] * 2])
    (folder / TRAIL).write_text("\n".join(lines) + "\n")
    return f"line {at + 1}"


def renumbers_after_a_removal(folder: Path, dice: random.Random) -> str:
    """The whole chain made anew: only the anchor can tell."""
    content = entries(folder)
    gone = content.pop(dice.randrange(len(content)))
    shutil.rmtree(folder / gone["id"])
    write(folder, chained(content))
    return TRAIL


def changes_a_record_and_the_chain(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    victim = dice.choice(content)
    path = folder / victim["id"] / RECORD
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))
    victim["record"] = hashlib.sha256(path.read_bytes()).hexdigest()
    write(folder, chained(content))
    return f"entry {RUNS}"


def cuts_the_end(folder: Path, dice: random.Random) -> str:
    content = entries(folder)
    left = dice.randrange(len(content))
    for gone in content[left:]:
        shutil.rmtree(folder / gone["id"])
    write(folder, content[:left])
    return TRAIL


def removes_the_trail(folder: Path, dice: random.Random) -> str:
    (folder / TRAIL).unlink()
    return TRAIL


TAMPERING = (
    removes_a_record,
    changes_a_record,
    inserts_a_record,
    removes_an_entry,
    removes_an_entry_and_its_record,
    changes_an_entry,
    swaps_two_entries,
    repeats_an_entry,
    writes_nonsense,
    renumbers_after_a_removal,
    changes_a_record_and_the_chain,
    cuts_the_end,
    removes_the_trail,
)
CASES = 16  # of each: 208 in all


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_tampering_is_found_and_named(whole: Path, tmp_path: Path, tamper: Any) -> None:
    newest = entries(whole)[-1]
    anchor = Anchor("tag v1", newest["number"], newest["hash"])
    for case in range(CASES):
        folder = Path(shutil.copytree(whole, tmp_path / str(case)))
        name = tamper(folder, random.Random(case))
        findings = found(folder, anchor)
        assert any(name in f"{finding.place}: {finding.what}" for finding in findings), (
            case,
            name,
            findings,
        )


WRITER = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from regulated_ml.tracking.store import RunStore
from test_store import make
store = RunStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    make(store, "x")
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    here = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), here],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_writers_at_once_lose_nothing_and_a_kill_at_any_moment_leaves_it_right(
    tmp_path: Path,
) -> None:
    dice = random.Random(0)
    store = RunStore(tmp_path / "runs")
    for _ in range(6):
        writers = [start(store.folder) for _ in range(3)]
        for writer in writers:
            assert writer.stdout and writer.stdout.readline()
        time.sleep(dice.uniform(0.05, 0.3))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        store.settle()
        # A line that was cut off is no entry yet, and the next one takes its place.
        assert [f for f in found(store.folder) if "cut off" not in f.what] == []
    make(store, "after")
    assert found(store.folder) == []
    assert len(store.all()) == len(entries(store.folder)) > 6


def test_what_another_process_adds_meanwhile_is_no_tampering(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(Path(shutil.copytree(whole, tmp_path / "runs")))
    writer = Thread(target=make, args=(RunStore(store.folder), "another"))
    read = store.trail.lines

    def read_before_the_writer() -> list[str]:
        lines = read()
        if writer.ident is None:
            writer.start()
            writer.join(timeout=0.5)  # it gets no further than the lock
        return lines

    monkeypatch.setattr(store.trail, "lines", read_before_the_writer)
    assert store.verify() == []
    writer.join()
    assert len(entries(store.folder)) == RUNS + 1


def test_a_trail_whose_end_is_no_entry_is_a_finding(whole: Path, tmp_path: Path) -> None:
    store = RunStore(Path(shutil.copytree(whole, tmp_path / "runs")))
    with store.trail.path.open("a") as file:
        file.write("nonsense\n")
    assert [finding.place for finding in store.verify()] == [f"{TRAIL} line {RUNS + 1}"]


def test_a_kill_between_the_entry_and_the_rename_is_made_up_for(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    make(store, "first")
    run_id = make(store, "second")
    # As it stood at that moment.
    (store.folder / run_id).rename(store.folder / ".incomplete" / run_id)
    assert "removed" in found(store.folder)[0].what
    (store.folder / ".incomplete" / f"{run_id}.lock").touch()
    make(store, "third")
    assert found(store.folder) == []
    assert len(store.all()) == 3


def test_a_rename_that_is_interrupted_after_the_entry_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path / "runs")
    make(store, "first")
    rename = Path.rename

    def interrupted(*_: Path) -> None:
        monkeypatch.setattr(Path, "rename", rename)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(store, "second")
    assert found(store.folder) == []
    assert len(store.all()) == 2
    assert list((store.folder / ".incomplete").iterdir()) == []


def test_a_rename_that_fails_for_longer_is_made_up_for_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Path) -> None:
        raise OSError("the disk is full")

    store = RunStore(tmp_path / "runs")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="disk is full"):
        patched.setattr(Path, "rename", refused)
        make(store, "first")
    make(store, "second")
    assert found(store.folder) == []
    assert len(store.all()) == 2


@pytest.mark.parametrize("bytes_cut_off", [1, 4095, 4096, 100_000])
def test_however_much_is_cut_off_the_next_entry_follows_the_last_whole_one(
    whole: Path, tmp_path: Path, bytes_cut_off: int
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "runs"))
    with (folder / TRAIL).open("ab") as file:
        file.write(b"x" * bytes_cut_off)
    make(RunStore(folder), "new")
    assert found(folder) == []
    assert entries(folder)[-1]["number"] == RUNS + 1


def of_version_1(folder: Path) -> Path:
    """The runs as they lay there before there was a trail."""
    (folder / TRAIL).unlink()
    for path in folder.glob(f"*/{RECORD}"):
        path.write_text(path.read_text().replace('"schema_version": 2', '"schema_version": 1'))
    return folder


def test_runs_from_before_there_was_a_trail_are_adopted(whole: Path, tmp_path: Path) -> None:
    folder = of_version_1(Path(shutil.copytree(whole, tmp_path / "runs")))
    make(RunStore(folder), "new")
    assert found(folder) == []
    assert [entry["kind"] for entry in entries(folder)] == ["adopted"] * RUNS + ["run"]


def test_an_interrupted_adoption_leaves_no_trail_and_the_next_one_is_whole(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = of_version_1(Path(shutil.copytree(whole, tmp_path / "runs")))
    hashed: list[Path] = []

    def interrupted(path: Path) -> str:
        hashed.append(path)
        if len(hashed) > RUNS // 2:
            raise KeyboardInterrupt
        return sha256(path)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(trail, "sha256", interrupted)
        make(RunStore(folder), "new")
    assert not (folder / TRAIL).exists()
    make(RunStore(folder), "new")
    assert found(folder) == []
    assert len(entries(folder)) == RUNS + 1


@pytest.mark.parametrize("remove", [Path.unlink, lambda path: path.write_text("")])
def test_a_trail_that_was_removed_is_not_made_anew(
    whole: Path, tmp_path: Path, remove: Any
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "runs"))
    remove(folder / TRAIL)
    with pytest.raises(UserError, match="the audit trail is missing"):
        make(RunStore(folder), "new")
    (finding,) = found(folder)
    assert f"no entry vouches for the {RUNS} records" in finding.what
    shutil.copy(whole / TRAIL, folder / TRAIL)
    make(RunStore(folder), "new")
    assert found(folder) == []


def test_a_clock_that_was_set_back_loses_nothing(whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "runs"))
    content = entries(folder)
    content[-1]["time"] = "2999-01-01T00:00:00.000+00:00"
    write(folder, chained(content))
    make(RunStore(folder), "later, by a clock that is earlier")
    assert found(folder) == []


def test_nothing_is_added_to_a_trail_whose_end_is_no_entry(whole: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / "runs"))
    (folder / TRAIL).write_text((folder / TRAIL).read_text() + "nonsense\n")
    before = (folder / TRAIL).read_bytes()
    with pytest.raises(UserError, match="no entry"):
        make(RunStore(folder), "new")
    assert (folder / TRAIL).read_bytes() == before

"""`rml runs reproduce`: the same bytes again, or the file, the place and why not.

The jobs run with the Python of the tests (`--as-installed`); test_interpreters.py is about others.
"""

import hashlib
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from commands import git, rml

ARGUMENTS = ("runs", "reproduce", "--as-installed")


def reproduce(folder: Path, *more: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return rml(folder, *ARGUMENTS, *more, **variables)


def found(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and what was found as JSON."""
    done = reproduce(folder, *more, "--json")
    return done.returncode, json.loads(done.stdout)


def refused(folder: Path, *more: str, **variables: str) -> str:
    """What is said of a run that cannot be made again; nothing is left of the attempt."""
    done = reproduce(folder, *more, **variables)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert git(folder, "worktree", "list").count("\n") == 0
    return done.stderr


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of the repository but git's own, with its size and time."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
        if "__pycache__" not in path.parts and "logs" not in path.parts
    }


def test_the_latest_model_comes_out_the_same_and_nothing_is_changed(
    small: Path, tmp_path: Path
) -> None:
    before = tree(small)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = reproduce(small, "--json", TMPDIR=str(temporary), TZ="Asia/Taipei", PYTHONHASHSEED="77")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    records = [json.loads(p.read_text()) for p in small.glob("runs/*/record.json")]
    assert [run["step"] for run in content["runs"]] == ["prepare", "train", "evaluate", "explain"]
    assert content["identical"] == sum(len(record["artifacts"]) for record in records)
    assert content["identical"] == content["artifacts"]
    assert all(not run["differences"] for run in content["runs"])
    assert tree(small) == before
    assert [*temporary.iterdir()] == []
    assert git(small, "worktree", "list").count("\n") == 0


def test_of_a_dirty_tree_the_file_the_place_and_the_reason_are_named(small: Path) -> None:
    features = only(small, "src/[!r]*/features.py")
    text = features.read_text()
    head, _, last = text.rstrip().rpartition("\n")
    indent = last[: len(last) - len(last.lstrip())]
    changed = f"{indent}built = {last.strip().removeprefix('return ')}\n"
    changed += f"{indent}return built.assign(LIMIT_BAL=built['LIMIT_BAL'] * 2)\n"
    features.write_text(f"{head}\n{changed}")
    assert rml(small, "prepare").returncode == 0
    status, content = found(small, "prepare")
    (run,) = content["runs"]
    assert status == 1
    assert run["identical"]
    named = {each["path"]: each for each in run["differences"]}
    differing = named["train/features.parquet"]
    assert differing["place"] == "row 1, column LIMIT_BAL"
    assert float(differing["before"]) == 2 * float(differing["after"])
    assert named["csv/train.csv"]["place"].startswith("row 1, column ")
    assert any("dirty tree" in note and "features.py" in note for note in run["notes"])


def test_a_tampered_artefact_is_named_and_made_again(small: Path) -> None:
    summary = only(small, "runs/prepare-*/summary/summary.json")
    summary.write_text(summary.read_text().replace("3000", "4000"))
    done = reproduce(small, "prepare")
    said = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "summary/summary.json: this file of the run was changed after it was recorded" in said
    assert "other bytes each time" not in said
    assert "The same bytes again: 13 of 13 files are identical." in said


def test_a_changed_record_is_not_met_by_what_comes_out(small: Path) -> None:
    record = only(small, "runs/prepare-*/record.json")
    content = json.loads(record.read_text())
    item = next(each for each in content["artifacts"] if each["path"] == "csv/test.csv")
    path = record.parent / item["path"]
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    item["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps(content))
    done = reproduce(small, "prepare")
    assert done.returncode == 1
    assert "csv/test.csv differs at row" in done.stdout
    assert "the record of the run is not as the audit trail has it" in " ".join(done.stdout.split())
    assert "Not the same again: 12 of 13 files are identical." in done.stdout


def test_a_lost_twin_is_drawn_again_by_the_code_of_the_commit(small: Path) -> None:
    shutil.rmtree(small / "data")
    status, content = found(small, "prepare")
    assert (status, content["identical"], content["artifacts"]) == (0, 13, 13)


@pytest.fixture
def unverified(small: Path) -> Path:
    """A repository that has prepared a table of somebody's, which lies elsewhere by now."""
    assert rml(small, "data", "twin", "--rows", "2000", "--output", "own.csv").returncode == 0
    (small / "own.csv.source.json").unlink()  # what says that it is a twin
    assert rml(small, "prepare", "--data", "own.csv").returncode == 0
    shutil.rmtree(small / "data")
    (small / "own.csv").rename(small.parent / "own.csv")
    return small


def test_a_lost_table_of_somebody_s_is_asked_for_and_taken_when_it_is_the_one(
    unverified: Path,
) -> None:
    said = refused(unverified, "prepare")
    assert "fingerprint" in said
    assert "--data FILE" in said
    other = unverified.parent / "other.csv"
    lines = (unverified.parent / "own.csv").read_text().splitlines()
    other.write_text("\n".join(lines[:-1]) + "\n")
    assert "hand over the table that the run has read" in refused(
        unverified, "prepare", "--data", str(other)
    )
    status, content = found(unverified, "prepare", "--data", str(unverified.parent / "own.csv"))
    assert (status, content["identical"]) == (0, 13)


def test_a_clone_without_history_is_told_how_to_get_it(small: Path, tmp_path: Path) -> None:
    (small / "note.md").write_text("later")
    git(small, "add", "note.md")
    git(small, "commit", "--quiet", "--message", "Later")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth", "1", small.as_uri(), str(clone))
    shutil.copytree(small / "runs", clone / "runs")
    assert "git fetch --unshallow" in refused(clone, "train")
    git(clone, "fetch", "--quiet", "--unshallow")
    shutil.copytree(small / "data", clone / "data")
    assert found(clone, "prepare")[0] == 0


def test_a_run_of_no_commit_is_refused(small: Path) -> None:
    record = only(small, "runs/prepare-*/record.json")
    content = json.loads(record.read_text())
    content["commit"] = {
        "sha": None,
        "branch": None,
        "dirty": True,
        "changed": [],
        "note": "the repository has no commit yet",
    }
    record.write_text(json.dumps(content))
    assert "its code is in no commit (the repository has no commit yet)" in refused(
        small, "prepare"
    )


def test_unknown_runs_half_records_and_lost_parents_are_said(small: Path) -> None:
    assert "no run in local has this id" in refused(small, "train-20200101")
    assert "no version is registered" in refused(small, "v7")
    prepared = only(small, "runs/prepare-*")
    prepared.rename(small / "taken-away")
    assert "goes back to it, and there is no record of it" in refused(small, "train")
    (small / "taken-away").rename(prepared)
    record = prepared / "record.json"
    record.write_bytes(record.read_bytes()[:700])
    assert "not a record of a run" in refused(small, "train")


def test_a_model_s_archive_with_a_pickle_is_refused_before_anything_is_read(small: Path) -> None:
    with tarfile.open(only(small, "runs/train-*/model.tar.gz"), "w:gz") as tar:
        content = pickle.dumps({"model": 1})
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    said = refused(small, "evaluate")
    assert "nothing of it is read: it holds a pickle" in said


def test_two_wishes_that_contradict_and_a_python_that_is_none_are_refused(small: Path) -> None:
    assert reproduce(small, "train", "--python", "3.12").returncode == 2
    for version in ("three", "3", "3.x"):
        assert rml(small, "runs", "reproduce", "train", "--python", version).returncode == 2


def test_a_job_that_fails_is_told_with_its_log(small: Path) -> None:
    record = only(small, "runs/prepare-*/record.json")
    content = json.loads(record.read_text())
    content["parameters"]["dataset"]["columns"][-1]["name"] = "NONE"
    record.write_text(json.dumps(content))
    done = reproduce(small, "prepare", "--data", str(only(small, "data/*.parquet")))
    assert done.returncode in (4, 5)
    assert "Traceback" not in done.stderr
    assert git(small, "worktree", "list").count("\n") == 0


@pytest.mark.slow
def test_what_a_killed_one_left_behind_is_removed_by_the_next(small: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(small / "src"), "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "regulated_ml", *ARGUMENTS, "prepare"]
    killed = subprocess.Popen(
        command, cwd=small, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    waited = time.monotonic()
    while not [*temporary.glob("rml-reproduce-*/runs/*")] and time.monotonic() < waited + 30:
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)  # its job, too
    killed.wait()
    assert [*temporary.iterdir()]
    assert reproduce(small, "prepare", TMPDIR=str(temporary)).returncode == 0
    assert [*temporary.iterdir()] == []
    assert git(small, "worktree", "list").count("\n") == 0

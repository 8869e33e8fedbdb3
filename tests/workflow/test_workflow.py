"""From answers to an explained model: every step leaves a record, and none is done twice."""

import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from commands import git, rml

from regulated_ml.files import read_json, sha256
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore

STEPS = ["prepare", "train", "evaluate", "explain"]


def runs(repository: Path) -> dict[str, Record]:
    """The latest run of each step."""
    return {run.step: run for run in RunStore(repository / "runs").all()}


def model_hash(repository: Path) -> str:
    """The hash of the latest model archive."""
    artifact = runs(repository)["train"].artifact("model.tar.gz")
    assert artifact is not None
    return artifact.sha256


def test_all_steps_run_in_order_and_name_their_parents(finished: Path) -> None:
    latest = runs(finished)
    assert list(latest) == STEPS
    assert latest["train"].parents == (latest["prepare"].id,)
    assert set(latest["explain"].parents) == {latest["prepare"].id, latest["train"].id}


def test_every_record_has_the_facts_of_decision_nine(finished: Path) -> None:
    commit = git(finished, "rev-parse", "HEAD")
    for run in runs(finished).values():
        assert (run.commit.sha, run.commit.dirty) == (commit, False)
        assert run.data.state == "synthetic"
        assert run.dependencies.lock == sha256(finished / "requirements.lock")
        assert run.dependencies.packages["numpy"]
        assert run.parameters
        assert run.metrics
        assert run.seconds > 0
        for artifact in run.artifacts:
            path = finished / "runs" / run.id / artifact.path
            assert (path.stat().st_size, sha256(path)) == (artifact.bytes, artifact.sha256)


def test_the_twin_is_said_to_be_a_twin_in_every_record(finished: Path) -> None:
    for run in runs(finished).values():
        assert any("synthetic" in warning for warning in run.warnings)


def test_the_model_archive_holds_one_model_on_top(finished: Path) -> None:
    with tarfile.open(finished / "runs" / runs(finished)["train"].id / "model.tar.gz") as archive:
        names = archive.getnames()
    # SageMaker loads every plain file at the top, and averages several.
    assert [name for name in names if "/" not in name] == ["xgboost-model.ubj"]


def test_the_protected_columns_are_measured_and_not_trained_on(finished: Path) -> None:
    prepared = finished / "runs" / runs(finished)["prepare"].id
    features = [item["name"] for item in read_json(prepared / "train/features.json")["features"]]
    assert len(features) == 20
    assert not {"SEX", "MARRIAGE", "AGE", "ID"} & set(features)
    assert (prepared / "test/measurements.parquet").is_file()


def test_what_is_up_to_date_is_not_run_again(small: Path) -> None:
    before = runs(small)
    result = rml(small, "run", "--json")
    assert result.returncode == 0, result.stderr
    again = json.loads(result.stdout)["runs"]
    assert [(run["step"], run["fresh"]) for run in again] == [(step, False) for step in STEPS]
    assert json.loads(result.stdout)["pages_fresh"] is False
    assert runs(small) == before


@pytest.mark.long
def test_pages_are_drawn_again_when_one_is_missing_or_their_configuration_changed(
    small: Path,
) -> None:
    page = small / "reports/model.html"
    before = page.read_bytes()
    page.unlink()
    assert json.loads(rml(small, "run", "--json").stdout)["pages_fresh"] is True
    assert page.read_bytes() == before
    dataset = small / "config/project.yaml"
    dataset.write_text(dataset.read_text().replace("Credit Risk Models", "Someone <else>"))
    assert json.loads(rml(small, "run", "--json").stdout)["pages_fresh"] is True
    assert "Someone &lt;else&gt;" in page.read_text()


def change(folder: Path, old: str, new: str) -> None:
    """Replaces text in model.yaml; the text must be there."""
    path = folder / "config/model.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_change_runs_again_what_depends_on_it_and_nothing_else(small: Path) -> None:
    change(small, "rounds: 100\n", "rounds: 20\n")
    outcome = json.loads(rml(small, "run", "--json").stdout)["runs"]
    fresh = {run["step"]: run["fresh"] for run in outcome}
    assert fresh == {"prepare": False, "train": True, "evaluate": True, "explain": True}
    assert runs(small)["train"].commit.changed == ("config/model.yaml",)


def test_a_change_taken_back_goes_back_to_the_earlier_runs(small: Path) -> None:
    first = model_id(small)
    change(small, "max_depth: 5", "max_depth: 1")
    assert rml(small, "run").returncode == 0
    assert model_id(small) != first
    change(small, "max_depth: 1", "max_depth: 5")
    assert rml(small, "run").returncode == 0
    assert first in (small / "reports/index.html").read_text()
    (explained,) = json.loads(rml(small, "explain", "--json").stdout)["runs"]
    assert first in explained["parents"]


def model_id(folder: Path) -> str:
    """The id of the latest training."""
    run = RunStore(folder / "runs").latest("train")
    assert run is not None
    return run.id


def test_a_module_anywhere_below_src_counts_as_the_code_of_a_step(small: Path) -> None:
    extra = small / "src/extra"
    extra.mkdir()
    (extra / "prep.py").write_text("from credit_default.prepare import main\nmain()\n")
    change(small, "prepare: {module: prepare}", "prepare: {module: extra.prep}")
    assert rml(small, "prepare").returncode == 0
    (extra / "prep.py").write_text("raise SystemExit(3)\n")
    assert rml(small, "prepare").returncode == 5


def test_a_tampered_artefact_is_not_read(small: Path) -> None:
    archive = small / "runs" / model_id(small) / "model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    result = rml(small, "evaluate", "--force")
    assert result.returncode == 4
    assert "model.tar.gz" in result.stderr
    found = small / "runs" / runs(small)["explain"].id / "explanation/explanation.json"
    found.write_text(found.read_text().replace("0", "1"))
    assert rml(small, "report").returncode == 4


def test_a_tampered_artefact_is_made_again(small: Path) -> None:
    before = runs(small)["train"]
    archive = small / "runs" / before.id / "model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    outcome = json.loads(rml(small, "run", "--json").stdout)["runs"]
    # What was found about the tampered model names that run as its parent, so it is found again.
    assert [run["fresh"] for run in outcome] == [False, True, True, True]
    assert model_hash(small) == before.artifacts[0].sha256


def test_a_forced_training_gives_the_same_bytes(small: Path) -> None:
    before = model_hash(small)
    assert rml(small, "train", "--force").returncode == 0
    assert len(RunStore(small / "runs").all()) == 5
    assert model_hash(small) == before


@pytest.mark.slow
def test_a_training_killed_at_any_moment_ends_with_the_same_bytes(small: Path) -> None:
    change(small, "rounds: 100\n", "rounds: 1500\n")  # some seconds of training
    assert rml(small, "train").returncode == 0
    before, listed = model_hash(small), len(RunStore(small / "runs").all())
    chance = random.Random(7)
    for _ in range(5):
        process = start_training(small, start_new_session=True, stderr=subprocess.DEVNULL)
        while not list(small.glob("runs/.checkpoints/*/xgboost-checkpoint.*")):
            assert process.poll() is None, "the training ended before it was killed"
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # What the killed trainings left: checkpoints to go on from, and no run.
    assert list(small.glob("runs/.checkpoints/*/xgboost-checkpoint.*"))
    assert len(RunStore(small / "runs").all()) == listed
    assert rml(small, "train", "--force").returncode == 0
    assert model_hash(small) == before
    assert not list(small.glob("runs/.incomplete/*"))
    assert not list(small.glob("runs/.checkpoints/*"))


def start_training(folder: Path, *options: str, **more: Any) -> "subprocess.Popen[str]":
    """`rml train --force` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "regulated_ml", "train", "--force", "--json", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def test_trainings_at_once_take_turns_and_agree(small: Path) -> None:
    before = model_hash(small)
    together = [start_training(small) for _ in range(3)]
    results = [json.loads(process.communicate()[0])["runs"][0] for process in together]
    assert len({run["id"] for run in results}) == 3
    assert {run["artifacts"][0]["sha256"] for run in results} == {before}


def test_a_training_that_another_has_just_done_is_up_to_date(small: Path) -> None:
    change(small, "rounds: 100\n", "rounds: 30\n")
    command = [sys.executable, "-m", "regulated_ml", "train", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(small / "src")}
    both = [
        subprocess.Popen(command, cwd=small, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [json.loads(process.communicate()[0])["runs"][0] for process in both]
    assert sorted(run["fresh"] for run in results) == [False, True]
    assert results[0]["id"] == results[1]["id"]


def test_a_step_without_what_it_reads_says_what_to_start(repository: Path) -> None:
    result = rml(repository, "train")
    assert result.returncode == 4
    assert "rml prepare" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_repository_without_a_commit_is_said_so_in_the_record(
    sample: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fresh"
    subprocess.run(["cp", "-r", sample, folder], check=True)
    assert rml(folder, "prepare").returncode == 0
    run = runs(folder)["prepare"]
    assert run.commit.sha is None
    assert any("no commit" in warning for warning in run.warnings)


def test_a_mistake_in_a_job_is_a_sentence_with_status_five(small: Path) -> None:
    features = next(small.glob("src/*/features.py"))
    features.write_text("raise RuntimeError('the features are broken')\n")
    result = rml(small, "prepare")
    assert result.returncode == 5
    assert "the features are broken" in result.stderr
    assert ".failed/prepare-" in result.stderr
    assert len(RunStore(small / "runs").all()) == 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a full disk needs the right to mount one")
    yield folder  # type: ignore[misc]
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_a_sentence_and_leaves_no_half_run(small: Path, small_disk: Path) -> None:
    subprocess.run(["rm", "-r", small / "runs"], check=True)
    (small / "runs").symlink_to(small_disk)
    result = rml(small, "prepare")
    # It is the job that finds the disk full, or what keeps its outputs: two places, one sentence.
    assert result.returncode in (5, 6)
    assert "No space left" in result.stderr or "the disk is full" in result.stderr
    assert RunStore(small_disk).all() == []


def test_a_read_only_folder_is_a_sentence(small: Path, small_disk: Path) -> None:
    subprocess.run(["rm", "-r", small / "runs"], check=True)
    (small / "runs").symlink_to(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    result = rml(small, "prepare")
    assert result.returncode == 6
    assert "read-only" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_validators_sample_is_evaluated_and_named(small: Path) -> None:
    sample = small / "sample.csv"
    twin = ("data", "twin", "--rows", "2000", "--seed", "9", "--output", str(sample))
    assert rml(small, *twin).returncode == 0
    # Without the file that marks it as a twin it is any table; the model still is a twin's.
    sample.with_name("sample.csv.source.json").unlink()
    prepared, evaluated = json.loads(rml(small, "evaluate", "--data", sample, "--json").stdout)[
        "runs"
    ]
    assert evaluated["parameters"]["sample"] == "sample.csv"
    assert prepared["id"] in evaluated["parents"]
    folder = small / "runs" / evaluated["id"]
    assert read_json(folder / "evaluation/evaluation.json")["rows"] == 2000
    assert evaluated["data"]["state"] == "unverified"
    assert any("synthetic" in warning for warning in evaluated["warnings"])
    # The pages stay those of the test rows, and the next training those of its own preparation.
    assert rml(small, "report").returncode == 0
    assert "sample.csv" not in (small / "reports/model.html").read_text()
    before = model_hash(small)
    assert rml(small, "train", "--force").returncode == 0
    assert model_hash(small) == before
    # Of that training there is no evaluation but the validator's, and still no page of it.
    assert rml(small, "evaluate", "--data", sample).returncode == 0
    assert rml(small, "report").returncode == 0
    pages = [page.read_text() for page in (small / "reports").glob("*.html")]
    assert not any("sample.csv" in page for page in pages)

"""`rml model score`: every row once, in order, whatever stops it."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost
from commands import rml

from regulated_ml.errors import ExitStatus
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.incoming import Incoming
from regulated_ml.platforms.archive import unpack
from regulated_ml.settings import load

ROWS = 3_000
PIECE = 512  # rows, where a test makes pieces small


@pytest.fixture(scope="module")
def registered(_small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the version v1, and clients.csv: its table without the label."""
    folder = tmp_path_factory.mktemp("scored") / _small.name
    shutil.copytree(_small, folder, symlinks=True)
    done = rml(folder, "model", "register")
    assert done.returncode == 0, done.stderr
    (table,) = (folder / "data").glob("*.parquet")
    frame = pq.read_table(table).to_pandas().drop(columns="default payment next month")
    frame.to_csv(folder / "clients.csv", index=False)
    frame.to_parquet(folder / "clients.parquet")
    return folder


def score(
    repository: Path, *arguments: str, source: str = "clients.csv", status: int = 0, **more: str
) -> "subprocess.CompletedProcess[str]":
    """`rml model score v1`, which has to end with this status."""
    done = rml(repository, "model", "score", "v1", "--input", source, *arguments, **more)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def expected(registered: Path, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The scores by XGBoost's own reading of the columns that the model names."""
    (archive,) = (registered / "runs").glob("train-*/model.tar.gz")
    folder = tmp_path_factory.mktemp("model") / "unpacked"
    unpack(archive, folder)
    (model,) = folder.glob("*.ubj")
    booster = xgboost.Booster(model_file=str(model))
    clients = pq.read_table(registered / "clients.parquet").to_pandas()
    found = booster.predict(xgboost.DMatrix(clients[booster.feature_names].astype(np.float32)))
    return [float(value) for value in found]


def test_every_client_has_a_score_in_the_order_of_the_rows(
    registered: Path, expected: list[float]
) -> None:
    done = score(registered, "--output", "scores.csv", "--reasons", "--capture", "--json")
    rows = read(registered / "scores.csv")
    assert [int(row["id"]) for row in rows] == list(range(1, ROWS + 1))
    assert [float(row["score"]) for row in rows] == expected
    assert [row["decision"] == "declined" for row in rows] == [each >= 0.5 for each in expected]
    for row in rows:
        assert bool(row["reason_1"]) == (row["decision"] == "declined")
    said = json.loads(done.stdout)
    assert said["metrics"]["rows"] == ROWS
    assert said["metrics"]["declined"] == sum(each >= 0.5 for each in expected)
    # Captured as by an endpoint: one line a client, found again by its identifier.
    (path,) = (registered / "data/capture/credit-default-batch/v1").rglob("*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert said["captured"] == len(lines) == ROWS
    assert [line["eventMetadata"]["inferenceId"] for line in lines] == [row["id"] for row in rows]
    answers = [line["captureData"]["endpointOutput"]["data"] for line in lines]
    assert [float(each) for each in answers] == expected

    again = score(registered, "--output", "scores.csv", "--reasons", "--capture", "--overwrite")
    assert "had been scored already by v1" in again.stdout
    assert len(list(path.parent.glob("*"))) == 1
    score(registered, "--output", "scores.parquet", source="clients.parquet")
    assert pq.read_table(registered / "scores.parquet").column("score").to_pylist() == expected
    assert rml(registered, "runs", "verify").returncode == 0


def test_a_killed_command_goes_on_behind_the_last_piece_to_the_same_bytes(
    registered: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(registered, tmp_path / registered.name, symlinks=True))
    job = folder / "src/regulated_ml/jobs/incoming.py"
    job.write_text(job.read_text().replace("ROWS = 65_536", f"ROWS = {PIECE}"))
    wanted = ["model", "score", "v1", "--input", "clients.parquet", "--output"]
    assert rml(folder, *wanted, "whole.csv").returncode == 0
    slow = folder / "src/credit_default/features.py"
    lines = [
        "    with open('calls', 'a') as calls:",
        "        calls.write('piece ')",
        "    __import__('time').sleep(0.4)",
        "    return features",
    ]
    slow.write_text(slow.read_text().replace("    return features", "\n".join(lines)))
    process = subprocess.Popen(
        [sys.executable, "-m", "regulated_ml", *wanted, "killed.csv"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    parts = folder / "runs/.checkpoints"
    given_up = time.monotonic() + 60
    while len(list(parts.rglob("part-*.json"))) < 2 and time.monotonic() < given_up:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "killed.csv").exists()
    assert 2 <= len(list(parts.rglob("part-*.json"))) < ROWS // PIECE
    again = rml(folder, *wanted, "killed.csv")
    assert again.returncode == 0, again.stderr
    assert (folder / "killed.csv").read_bytes() == (folder / "whole.csv").read_bytes()
    # Every piece once, and once more the two that the kill has met: one is written meanwhile.
    assert (folder / "calls").read_text().count("piece") <= -(-ROWS // PIECE) + 2
    log = max((folder / "runs").glob("score-*/job.log"), key=lambda path: path.stat().st_mtime)
    assert f"{ROWS} rows scored" in log.read_text()
    assert not list(parts.rglob("part-*"))  # what the run holds is kept once


def test_every_mistake_of_the_rows_is_named(registered: Path, tmp_path: Path) -> None:
    columns = Columns.from_json(
        column.model_dump(mode="json") for column in load(registered).dataset.columns
    )
    head, *rows = (registered / "clients.csv").read_text().splitlines()
    first = rows[0].split(",")
    cases = {
        "missing": ([head.replace("PAY_0", "PAY_ZERO"), rows[0]], ["PAY_0", "PAY_ZERO"]),
        "text": (
            [head, rows[1], ",".join([first[0], "many", *first[2:-1], "1e5x"])],
            ["row 2: LIMIT_BAL is 'many'", "row 2: PAY_AMT6 is '1e5x'"],
        ),
        "twice": ([f"{head},LIMIT_BAL", f"{rows[0]},1"], ["LIMIT_BAL stand there more"]),
        "short": ([head, "1,2,3"], ["cannot be read"]),
        "empty": ([], ["cannot be read"]),
        "headed": ([head], ["no rows to score"]),
        "nul": (["\0\0"], ["the columns LIMIT_BAL,"]),
    }
    for name, (content, sentences) in cases.items():
        path = tmp_path / name
        path.write_text("\n".join(content) + "\n" if content else "")
        with pytest.raises(JobError) as refused:
            list(Incoming(path, columns).pieces())
        assert all(sentence in str(refused.value) for sentence in sentences), refused.value
    table = pq.read_table(registered / "clients.parquet")
    half = pa.array([None, *[1.5] * (len(table) - 1)])
    place = table.column_names.index("PAY_0")
    pq.write_table(table.set_column(place, "PAY_0", half), tmp_path / "half.parquet")
    with pytest.raises(JobError, match=r"row 2: PAY_0 is '1.5', which is no whole number"):
        list(Incoming(tmp_path / "half.parquet", columns).pieces())


def test_nothing_is_written_over_and_a_refused_job_leaves_nothing(registered: Path) -> None:
    (registered / "there.csv").write_text("somebody's own\n")
    missing = registered / "missing.csv"
    missing.write_text("ID\n1\n")
    done = score(registered, "--output", "there.csv", source="nothing.csv", status=ExitStatus.USAGE)
    assert "a file with the clients to score; it is missing" in done.stderr
    assert "add --overwrite" in done.stderr
    done = score(registered, "--output", "out.csv", source="missing.csv", status=ExitStatus.JOB)
    assert "the columns LIMIT_BAL, EDUCATION," in done.stderr
    assert (registered / "there.csv").read_text() == "somebody's own\n"
    assert not (registered / "out.csv").exists()


def test_what_does_not_fit_on_the_disk_is_said_and_goes_on_later(registered: Path) -> None:
    # A limit on a file's size fails as a full disk does, but for the number of the error.
    command = f"ulimit -f 20; exec {sys.executable} -m regulated_ml model score v1 "
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; {command} --input clients.csv --output full.csv --force"],
        cwd=registered,
        env={**os.environ, "PYTHONPATH": str(registered / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitStatus.JOB
    assert "File too large" in done.stderr
    assert not (registered / "full.csv").exists()
    score(registered, "--output", "full.csv", "--force")
    assert len(read(registered / "full.csv")) == ROWS

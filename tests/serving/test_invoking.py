"""`rml endpoint invoke`: raw rows asked of a real endpoint."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import rml

from regulated_ml.errors import ExitStatus
from regulated_ml.platforms.interface import Refused
from regulated_ml.serving.asking import Local

from .conftest import Served, free_port


@pytest.fixture(scope="module")
def asked(_small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository whose version v1 serves, and 200 clients in clients.csv."""
    folder = tmp_path_factory.mktemp("asked") / _small.name
    shutil.copytree(_small, folder, symlinks=True)
    assert rml(folder, "model", "register").returncode == 0
    done = rml(folder, "endpoint", "deploy", "v1", "--port", str(free_port()))
    assert done.returncode == 0, done.stderr
    (table,) = (folder / "data").glob("*.parquet")
    pq.read_table(table).slice(0, 200).to_pandas().to_csv(folder / "clients.csv", index=False)
    yield folder
    rml(folder, "endpoint", "delete", "credit-default")


def captured(repository: Path) -> list[tuple[str, list[float]]]:
    """Inference id and features of each request, the oldest first."""
    files = sorted((repository / "data/capture/credit-default/v1").rglob("*.jsonl"))
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    return [
        (
            line["eventMetadata"]["inferenceId"],
            [float(c) for c in line["captureData"]["endpointInput"]["data"].split(",")],
        )
        for line in lines
    ]


def test_an_endpoint_answers_as_the_portfolio_is_scored(asked: Path) -> None:
    done = rml(
        asked,
        "endpoint",
        "invoke",
        "--input",
        "clients.csv",
        "--output",
        "asked.csv",
        "--connections",
        "3",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["endpoint"], said["version"]) == ("credit-default", "v1")
    assert (said["requests"], said["refused"]) == (200, 0)
    assert 0 < said["p50_ms"] <= said["p90_ms"] <= said["p99_ms"] < 1000
    scored = rml(asked, "model", "score", "v1", "--input", "clients.csv", "--output", "scored.csv")
    assert scored.returncode == 0, scored.stderr
    found, expected = (
        [tuple(row) for row in csv.reader((asked / name).open(newline=""))]
        for name in ("asked.csv", "scored.csv")
    )
    assert found == expected
    assert sorted(name for name, _ in captured(asked)) == sorted(map(str, range(1, 201)))


def test_drifted_traffic_is_altered_as_the_lab_does_and_nothing_else(asked: Path) -> None:
    lines = (asked / "clients.csv").read_text()
    clients = list(csv.DictReader(io.StringIO(lines)))
    unused = {"ID", "SEX", "MARRIAGE", "AGE", "default payment next month"}
    plain = [[float(v) for name, v in row.items() if name not in unused] for row in clients]
    done = rml_with_input(asked, lines, "endpoint", "invoke", "--drift")
    assert len(list(csv.reader(io.StringIO(done)))) == 201
    sent = captured(asked)[-200:]
    assert [name for name, _ in sent] == [row["ID"] for row in clients]
    pairs = [(row, before) for (_, row), before in zip(sent, plain, strict=True)]
    limits = [row[0] == before[0] / 1000 for row, before in pairs]
    education = [row[1] == -before[1] for row, before in pairs if before[1]]
    # Half of 200 and three quarters, four deviations either way; others are as they were.
    assert 70 <= sum(limits) <= 130
    assert 0.6 < sum(education) / len(education) < 0.9
    assert all(row[0] in (before[0], before[0] / 1000) for row, before in pairs)
    assert all(abs(row[1]) == abs(before[1]) for row, before in pairs)
    assert all(row[2:] == before[2:] for row, before in pairs)


def rml_with_input(repository: Path, text: str, *arguments: str) -> str:
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "regulated_ml", *arguments],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_rows_that_are_refused_are_counted_and_named(asked: Path) -> None:
    head, *rows = (asked / "clients.csv").read_text().splitlines()
    (asked / "odd.csv").write_text("\n".join([head, rows[0], "x" * 3 + rows[1]]) + "\n")
    done = rml(asked, "endpoint", "invoke", "--input", "odd.csv")
    assert done.returncode == ExitStatus.DATA
    assert "row 2: ID is 'xxx2', which is no whole number" in done.stderr
    for arguments, sentence in {
        ("nobody",): "no local endpoint of this name serves; those that do: credit-default",
        ("--input", "nothing.csv"): "it is missing",
        ("--output", "clients.csv"): "add --overwrite",
    }.items():
        done = rml(asked, "endpoint", "invoke", *arguments)
        assert done.returncode != 0
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_a_refusal_of_the_endpoint_is_one_of_the_row(served: Served, rows: list[str]) -> None:
    caller = Local(served.running.port)
    refused = caller.ask("1,2,3", "short")
    assert isinstance(refused, Refused)
    assert (refused.status, "row 1 has 3 columns" in refused.sentence) == (400, True)
    assert isinstance(caller.ask(rows[0], "whole"), float)

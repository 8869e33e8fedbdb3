"""`rml monitor`, in a repository with a registered version."""

import json
import os
import shutil
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import rml

from regulated_ml.files import read_json, write_json

from . import traffic
from .conftest import NOON

ENDPOINT = "credit-default"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def monitored(repository: Path, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """What `rml monitor run` says, as JSON."""
    done = rml(repository, "monitor", "run", "--json", *arguments)
    assert done.returncode == status, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def capture(
    repository: Path, rows: list[dict[str, Any]], time: datetime = NOON, endpoint: str = ENDPOINT
) -> Path:
    """Writes clients as captured requests, a score of 0.7 for those who will default."""
    folder = repository / f"data/capture/{endpoint}/v1/{time:%Y/%m/%d/%H}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time:%M-%S}-000-{len(list(folder.iterdir()))}.jsonl"
    lines = [
        traffic.line(traffic.text(row), f"{0.7 if row['_label'] else 0.2}\n", row["_id"], time)
        for row in rows
    ]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def label(repository: Path, name: str, labels: dict[str, int]) -> None:
    """Collects labels of clients."""
    folder = repository / f"data/ground-truth/{ENDPOINT}/2026/12/01/00"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{traffic.truth(each, value)}\n" for each, value in labels.items())
    (folder / name).write_text(text)
    ahead = datetime.now(UTC) + timedelta(seconds=5)  # later than the record that was just made
    os.utime(folder / name, (ahead.timestamp(),) * 2)


def test_the_demo_of_the_lab_finds_the_two_altered_columns_and_no_other(repository: Path) -> None:
    port = free_port()
    config = repository / "config/model.yaml"
    told = repository / "told.jsonl"
    program = f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))"
    command = json.dumps([sys.executable, "-c", program])
    config.write_text(config.read_text().replace("alert_command: []", f"alert_command: {command}"))
    assert rml(repository, "endpoint", "deploy", "v1", "--port", str(port)).returncode == 0
    try:
        rows = traffic.clients(repository)
        traffic.send(port, rows)
        (usual,) = monitored(repository)["windows"]
        assert usual["metrics"]["lines"] == usual["metrics"]["requests"] == len(rows)
        assert (usual["violations"], usual["alerts"]) == ([], [])
        assert not told.exists()
        traffic.send(port, traffic.drifted(rows))
        done = rml(repository, "monitor", "run")
        assert done.returncode == 1, done.stderr
        assert "LIMIT_BAL under " in done.stdout
    finally:
        rml(repository, "endpoint", "delete", ENDPOINT)
    (record,) = sorted((repository / "runs").glob("monitor-*"))[1:]
    written = read_json(record / "data_quality/constraint_violations.json")["violations"]
    assert {each["feature_name"] for each in written} == {"LIMIT_BAL", "EDUCATION"}
    assert {"baseline_drift_check", "categorical_values_check"} == {
        each["constraint_check_type"] for each in written
    }
    alerts = [json.loads(line) for line in told.read_text().splitlines()]
    logged = (repository / "logs/monitor.jsonl").read_text().splitlines()
    assert len(alerts) == len(logged) <= 2
    assert {name for each in alerts for name in each["columns"]} == {"LIMIT_BAL", "EDUCATION"}
    for alert in alerts:
        assert alert["version"] == "v1"
        assert alert["record"] == record.name
        assert alert["how_much"]
        assert alert["next"]
        assert set(alert["scores"]) >= {"before", "now", "these", "others"}
    status = rml(repository, "monitor", "status", "--json")
    assert status.returncode == 1
    (state,) = json.loads(status.stdout)
    assert (state["window"], state["alerts"], state["waiting"]) == (2, len(alerts), 0)
    lineage = rml(repository, "runs", "lineage", ENDPOINT, "--format", "json")
    assert [row["step"] for row in json.loads(lineage.stdout)][-2:] == ["monitor", "monitor"]
    assert rml(repository, "runs", "verify").returncode == 0
    assert (repository / "reports/monitor.html").is_file()


def test_labels_that_come_late_judge_a_window_again(repository: Path) -> None:
    rows = traffic.clients(repository)
    capture(repository, traffic.drifted(rows))
    (first,) = monitored(repository, status=1)["windows"]
    assert first["labelled"] == 0
    of_data = len(first["alerts"])
    assert {each["attribute"] for each in first["bias"]} == {"SEX", "MARRIAGE", "AGE"}
    truth = {row["_id"]: row["_label"] for row in rows}
    half = dict(list(truth.items())[: len(truth) // 2])
    label(repository, "a.jsonl", {**half, "a stranger": 1})
    found = monitored(repository)
    (again,) = found["windows"]
    assert again["parameters"]["window"]["again"]
    assert again["labelled"] == len(half)
    assert {each["metric"]: each["now"] for each in again["model_quality"]}["auc"] == 1.0
    assert found["notes"] == ["labels of ids that no monitored request has: 1 (a stranger)"]
    assert monitored(repository)["windows"] == []  # until more of them come
    label(repository, "b.jsonl", {each: 1 - value for each, value in truth.items()})
    worse = monitored(repository, status=1)["windows"][0]
    assert worse["labelled"] == len(truth)
    assert worse["alerts"][0]["title"].startswith("The model is worse: auc, accuracy")
    history = json.loads(rml(repository, "monitor", "history", "--json").stdout)
    assert [(each["number"], each["again"]) for each in history] == [
        (1, False),
        (1, True),
        (1, True),
    ]
    assert [each["metrics"]["rows"] for each in history] == [len(rows)] * 3
    # What was found of its data stays.
    assert [each["metrics"]["alerts"] for each in history] == [of_data, of_data, of_data + 1]
    logged = (repository / "logs/monitor.jsonl").read_text().splitlines()
    assert len(logged) == of_data + 1  # none is told twice


def test_a_span_is_looked_at_once_more_and_leaves_no_mark(repository: Path) -> None:
    rows = traffic.clients(repository)[:100]
    capture(repository, rows[:60])
    capture(repository, rows[60:], NOON + timedelta(minutes=30))
    times = ("--since", "2026-11-24T12:30")
    (found,) = monitored(repository, *times)["windows"]
    assert found["metrics"]["rows"] == 40
    assert found["parameters"]["window"]["number"] == 0
    (whole,) = monitored(repository)["windows"]
    assert whole["metrics"]["rows"] == 100
    assert len(list((repository / "runs").glob("monitor-*"))) == 2


def test_what_cannot_be_monitored_is_refused_and_leaves_nothing(repository: Path) -> None:
    capture(repository, traffic.clients(repository)[:50])
    capture(repository, [], endpoint="other")
    written = rml(repository, "monitor", "baseline", "v1", "--output", "edited")
    assert written.returncode == 0, written.stderr
    other, damaged = repository / "other", repository / "damaged"
    for folder in (other, damaged):
        shutil.copytree(repository / "edited", folder)
    content = read_json(other / "baseline.json")
    write_json(other / "baseline.json", {**content, "version": 2, "model_sha256": "0" * 64})
    (damaged / "constraints.json").write_text('{"features": [{"name": 1}]}')
    refusals = {
        (
            "--endpoint",
            "nowhere",
        ): "the endpoints that have captured requests: credit-default, other",
        ("--baseline", "other"): "the baseline is that of v1",
        ("--baseline", "damaged"): "constraints as Model Monitor writes them",
        ("--since", "2026-11-24", "--until", "2026-11-23"): "later than --since",
        ("--env", "dev"): "endpoints of the environment local are monitored here",
    }
    for arguments, sentence in refusals.items():
        done = rml(repository, "monitor", "run", *arguments)
        assert done.returncode > 1, arguments
        assert sentence in done.stderr, arguments
        assert "Traceback" not in done.stderr
    stray = repository / f"data/capture/{ENDPOINT}/v9/2026/11/24/12/00-00-000-a.jsonl"
    stray.parent.mkdir(parents=True)
    stray.write_text("{}\n")
    done = rml(repository, "monitor", "run")
    assert "v9" in done.stderr
    assert "the registered versions are v1" in done.stderr
    assert not list((repository / "runs").glob("monitor-*"))


def test_an_alert_command_that_fails_is_told_and_stops_nothing(repository: Path) -> None:
    config = repository / "config/model.yaml"
    config.write_text(
        config.read_text().replace("alert_command: []", "alert_command: [no-such-program]")
    )
    capture(repository, traffic.drifted(traffic.clients(repository)))
    (found,) = monitored(repository, status=1)["windows"]
    assert "there is no program no-such-program" in found["alert_failures"][0]
    assert (repository / "logs/monitor.jsonl").is_file()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("false_alarm_rate: 0.7", "less than 0.5"),
        ("window_minutes: 0", "greater than or equal to 1"),
        ("alert_comand: []", "did you mean alert_command?"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(
    sample: Path, tmp_path: Path, change: str, sentence: str
) -> None:
    shutil.copytree(sample / "config", tmp_path / "config")
    config = tmp_path / "config/model.yaml"
    text = config.read_text().partition("\nmonitoring:")[0]
    config.write_text(f"{text}\nmonitoring: {{{change}}}\n")
    from regulated_ml.errors import UserError
    from regulated_ml.settings import load

    with pytest.raises(UserError) as caught:
        load(tmp_path)
    (problem,) = caught.value.problems
    assert problem.field == f"config/model.yaml: monitoring.{change.partition(':')[0]}"
    assert sentence in f"{problem.rule} {problem.fix}"

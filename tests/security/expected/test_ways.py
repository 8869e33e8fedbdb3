"""Every way in which Python reaches AWS, as sent: without the guard, with it, and refused."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import evaluator
from .recorder import Arrived, Recorder
from .sender import environment
from .values import Team
from .ways import UNSEEN, WAYS

NAMES = [way.__name__ for way in WAYS]
SCRIPT = Path(__file__).with_name("ways.py")


class Gone:
    """All ways gone once: what arrived, and what was said, by way."""

    def __init__(self, arrived: list[Arrived], said: str) -> None:
        jobs = [a.request for a in arrived if a.operation == "CreateTrainingJob"]
        self.jobs = {job["TrainingJobName"].replace("-", "_"): job for job in jobs}
        self.said = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    """Where all of it arrives."""
    recorder = Recorder()
    yield recorder
    recorder.shutdown()


@pytest.fixture(scope="module")
def bare(the_team: Team) -> dict[str, Any]:
    """What a person who has never heard of controls asks for."""
    return {
        "RoleArn": the_team.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{the_team.buckets[1]}/runs/"},
    }


@pytest.fixture(scope="module")
def unguarded(recorder: Recorder, sample: Path, bare: dict[str, Any]) -> Gone:
    """All ways without the guard."""
    return go(recorder, sample, bare, guard=False)


@pytest.fixture(scope="module")
def guarded(recorder: Recorder, sample: Path, bare: dict[str, Any]) -> Gone:
    """All ways with the guard."""
    return go(recorder, sample, bare)


@pytest.fixture(scope="module")
def contradicting(recorder: Recorder, sample: Path, bare: dict[str, Any]) -> Gone:
    """All ways with the guard and a request that it must not let pass."""
    return go(recorder, sample, {**bare, "EnableNetworkIsolation": False})


@pytest.mark.parametrize("way", NAMES)
def test_without_the_guard_the_request_is_sent_as_it_is(
    way: str, unguarded: Gone, the_team: Team
) -> None:
    missing = evaluator.wrong("CreateTrainingJob", unguarded.jobs[way], the_team)
    assert {path for path, _ in missing} >= {"VpcConfig.Subnets", "EnableNetworkIsolation", "Tags"}


@pytest.mark.parametrize("way", NAMES)
def test_the_guard_fills_it_in(way: str, guarded: Gone, the_team: Team) -> None:
    job = guarded.jobs[way]
    assert evaluator.wrong("CreateTrainingJob", job, the_team) == set()
    assert job["VpcConfig"]["Subnets"] == list(the_team.subnets)


@pytest.mark.parametrize("way", NAMES)
def test_the_guard_refuses_it(way: str, contradicting: Gone) -> None:
    assert way not in contradicting.jobs
    assert "EnableNetworkIsolation" in contradicting.said[way]
    assert "RML-" in contradicting.said[way]


@pytest.mark.parametrize("way", [way.__name__ for way in UNSEEN])
def test_what_the_guard_cannot_see_is_what_the_documentation_says(
    way: str, contradicting: Gone
) -> None:
    assert contradicting.jobs[way]["EnableNetworkIsolation"] is False


def go(recorder: Recorder, sample: Path, request: dict[str, Any], guard: bool = True) -> Gone:
    """Goes all ways in one process."""
    recorder.take()
    result = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(request)],
        cwd=sample,
        env=environment(sample, recorder.url, guard),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return Gone(recorder.take(), result.stdout)

"""Python's own objects in a request: tuples, kinds of dicts and strings, enumerations."""

import subprocess
import sys
from pathlib import Path

import pytest

from . import evaluator
from .recorder import Arrived, Recorder
from .sender import environment
from .values import Team

SCRIPT = Path(__file__).with_name("objects.py")
REFUSED = (
    *("tuple", "tuple-of-dicts", "tuple-of-tags", "ordered-dict", "default-dict"),
    *("kind-of-string", "enumeration"),
)
Gone = tuple[dict[str, str], list[Arrived]]


@pytest.fixture(scope="module")
def gone(sample: Path, the_team: Team) -> Gone:
    """What was said of each request, and what arrived."""
    recorder = Recorder()
    result = subprocess.run(
        [sys.executable, str(SCRIPT), the_team.role, the_team.buckets[1], the_team.subnets[0]],
        cwd=sample,
        env=environment(sample, recorder.url),
        capture_output=True,
        text=True,
        check=True,
    )
    recorder.shutdown()
    said = dict(line.split(": ", 1) for line in result.stdout.splitlines())
    return said, [a for a in recorder.take() if a.target.startswith("SageMaker.")]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_in_another_object_is_refused(name: str, gone: Gone) -> None:
    said, _ = gone
    assert said[name] == "GuardRefusal"


def test_what_is_right_in_another_object_is_sent_and_filled_in(gone: Gone, the_team: Team) -> None:
    said, arrived = gone
    assert {name for name, what in said.items() if what == "sent"} == set(said) - set(REFUSED)
    assert len(arrived) == 2
    for one in arrived:
        assert evaluator.wrong(one.operation, one.request, the_team) == set()

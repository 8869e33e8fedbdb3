"""What the guard costs a request: all operations of SageMaker that make or change something.

The requests are those of the tests: for each operation one with what AWS requires, which the guard
fills in, and one in which all is right already.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure

TEMPLATE = Path(__file__).parents[1]
TIMING = Path(__file__).with_name("guarding.py")
LIMIT = 20  # microseconds, the median over the operations


def measure(folder: Path) -> Iterator[Figure]:
    """Renders a repository into `folder`; times the guard in a process of its environment dev."""
    profile = str(TEMPLATE / "examples/answers.yaml")
    rendering = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input"]
    _output([*rendering, "--config-file", profile, "--output-dir", str(folder)], folder)
    (repository,) = folder.iterdir()
    sampling = [sys.executable, "-m", "security.expected.samples", str(repository), profile]
    requests = _output(sampling, TEMPLATE / "tests")
    dev = {"PYTHONPATH": str(repository / "src"), "RML_ENV": "dev"}
    timed = json.loads(_output([sys.executable, str(TIMING)], repository, requests, **dev))
    peer = timed.pop("peer")
    yield Figure("40 compiled JMESPath searches in a training job", peer, "us")
    for name, costs in timed.items():
        median = statistics.median(costs)
        yield Figure(f"guard, {len(costs)} requests {name}, median", median, "us", LIMIT)
        yield Figure(f"guard, requests {name}, the most", max(costs), "us")
        yield Figure(f"guard, requests {name}, median / JMESPath", median / peer, "times")


def _output(command: list[str], folder: Path, text: str = "", **variables: str) -> str:
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        input=text,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout

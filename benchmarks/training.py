"""`rml train` against a bare XGBoost script, on the same rows and in turns: time and memory."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure

BARE = Path(__file__).with_name("bare_training.py")
SIZES = {30_000: 7, 3_000_000: 3}  # rows of the table, and how often each side trains
RML = (sys.executable, "-m", "regulated_ml")
SAMPLED = 0.02  # seconds between two looks at the memory


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    megabytes: float  # resident, of the process and all that it started, at the highest


def measure(folder: Path) -> Iterator[Figure]:
    """Trains in a repository that is rendered into `folder`, by the Python that runs this."""
    repository = rendered(folder)
    for rows, times in SIZES.items():
        features = _prepared(repository, rows)
        commands = (
            [*RML, "train", "--force"],
            [sys.executable, str(BARE), str(features), str(repository / "bare.ubj")],
        )
        costs = [[cost(command, repository) for command in commands] for _ in range(times)]
        ours, bare = zip(*costs, strict=True)
        yield from _figures(f"{rows:,} rows", ours, bare)


def _figures(size: str, ours: Sequence[Cost], bare: Sequence[Cost]) -> Iterator[Figure]:
    seconds = [statistics.median(cost.seconds for cost in side) for side in (ours, bare)]
    megabytes = [max(cost.megabytes for cost in side) for side in (ours, bare)]
    yield Figure(f"bare script, {size}", seconds[1], "s")
    yield Figure(f"`rml train`, {size}", seconds[0], "s")
    yield Figure(f"`rml train` / bare script, {size}", seconds[0] / seconds[1], "times", 1.05)
    yield Figure(f"memory of the bare script, {size}", megabytes[1], "MB")
    yield Figure(f"memory of `rml train`, {size}", megabytes[0], "MB", 550)


def rendered(folder: Path) -> Path:
    """A repository of the example profile, in `folder`."""
    template = Path(__file__).parents[1]
    render = [sys.executable, "-m", "cookiecutter", str(template), "--no-input"]
    profile = ["--config-file", str(template / "examples/answers.yaml")]
    subprocess.run(
        [*render, *profile, "--output-dir", str(folder)], check=True, capture_output=True
    )
    (repository,) = folder.iterdir()
    return repository


def _prepared(repository: Path, rows: int) -> Path:
    """Draws a twin and prepares it; gives the rows to train on."""
    variables = environment(repository)
    twin = ["--rows", str(rows), "--output", "twin.parquet"]
    subprocess.run(
        [*RML, "data", "twin", *twin],
        cwd=repository,
        env=variables,
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [*RML, "prepare", "--data", "twin.parquet", "--json"],
        cwd=repository,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    )
    (run,) = json.loads(done.stdout)["runs"]
    return repository / "runs" / str(run["id"]) / "train/features.parquet"


def environment(repository: Path) -> dict[str, str]:
    """The variables of a command in the repository; Python may keep what it compiled."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(repository / "src")}


def cost(command: Sequence[str], folder: Path) -> Cost:
    """Runs a command and looks at its memory until it ends."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    highest = 0.0
    ended = threading.Event()

    def look() -> None:
        nonlocal highest
        while not ended.wait(SAMPLED):
            highest = max(highest, _resident(process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    status = process.wait()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Cost(seconds, highest)


def _resident(pid: int) -> float:
    """The resident memory of a process and of those it started, in millions of bytes.

    Pages that several of them share are counted for each.
    """
    task = Path(f"/proc/{pid}")
    try:
        lines = (task / "status").read_text(encoding="ascii").splitlines()
        children = (task / f"task/{pid}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return 0.0  # it has ended
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return own * 1024 / 1e6 + sum(_resident(int(child)) for child in children)

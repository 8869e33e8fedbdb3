"""What a benchmark gives back, and how commands are timed."""

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement and its limit; figures without a limit are said for comparison."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False  # whether the limit is a least value; else it is a largest one

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self) -> str:
        """The figure as a line of a Markdown table."""
        bound = "at least " if self.at_least else ""
        limit = "" if self.limit is None else f"{bound}{self.limit:g} {self.unit}"
        kept = "" if self.limit is None else ("yes" if self.is_kept else "**no**")
        return f"| {self.name} | {self.value:.3g} {self.unit} | {limit} | {kept} |"


def seconds(command: Sequence[str], folder: Path) -> float:
    """How long a whole process takes; raises `CalledProcessError` when it fails."""
    # A caller that forbids Python to keep what it compiled would measure the compiler.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    return time.perf_counter() - start


def medians(times: int, *commands: Sequence[str], folder: Path) -> list[float]:
    """The median duration of each command, taken in turns, so that noise meets all alike."""
    rounds = [[seconds(command, folder) for command in commands] for _ in range(times)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]

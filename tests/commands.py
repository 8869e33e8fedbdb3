"""The real commands, as processes: cookiecutter, git, and `rml` in a rendered repository."""

import os
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).parents[1]
ANSWERS = TEMPLATE / "examples" / "answers.yaml"


def rml(
    repository: Path, *arguments: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """`rml` as a process in a rendered repository, with the Python that runs the tests."""
    return subprocess.run(
        [sys.executable, "-m", "regulated_ml", *map(str, arguments)],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository / "src"), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def cookiecutter(output: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The real command; fails the test when the command fails."""
    command = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input"]
    return subprocess.run(
        [*command, "--output-dir", str(output), *arguments],
        cwd=output,
        capture_output=True,
        text=True,
        check=True,
    )


def git(folder: Path, *arguments: str) -> str:
    """What git prints, as a committer who exists nowhere else."""
    person = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.com")
    result = subprocess.run(
        ["git", "-C", str(folder), *person, *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()

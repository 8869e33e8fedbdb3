"""A place to render in: an output folder and a home of its own, and the commands given there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml
from commands import ANSWERS, TEMPLATE

# The questions, without private keys; the order is that of the file.
QUESTIONS: dict[str, str] = {
    key: value
    for key, value in json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8")).items()
    if not key.startswith("_")
}
GOOD: dict[str, str] = yaml.safe_load(ANSWERS.read_text("utf-8"))["default_context"]
# What a person types where the defaults that are made from other answers are taken.
TYPED = {key: value for key, value in GOOD.items() if "{{" not in QUESTIONS[key]}


class Place:
    """Runs the real commands as a person with an empty home would."""

    def __init__(self, root: Path) -> None:
        self.output = root / "output"
        self.home = root / "home"
        for folder in (self.output, self.home):
            folder.mkdir(parents=True)

    def run(
        self, *command: str | Path, cwd: Path | None = None, stdin: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """A command in the output folder, whatever its exit status."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        # The commands of this environment, as they would be on a person's PATH.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"HOME": str(self.home), "PATH": path, "PWD": str(cwd or self.output)}
        person = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
        committer = {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com"}
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.output,
            env={**kept, **own, **person, **committer, "COLUMNS": "80", **variables},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def cookiecutter(
        self, *arguments: str | Path, template: str | Path = TEMPLATE, **answers: str
    ) -> "subprocess.CompletedProcess[str]":
        """`cookiecutter --no-input` with the answers as key=value."""
        pairs = [f"{key}={value}" for key, value in answers.items()]
        return self.run("cookiecutter", "--no-input", *arguments, template, *pairs)

    def profile(self, **answers: object) -> Path:
        """A profile in the home: the good answers with these changes."""
        path = self.home / "profile.yaml"
        path.write_text(yaml.safe_dump({"default_context": {**GOOD, **answers}}), "utf-8")
        return path

    @property
    def repository(self) -> Path:
        """The one folder that was rendered."""
        (folder,) = self.output.iterdir()
        return folder

    def replay(self) -> Path:
        """The file that cookiecutter kept for a replay."""
        (path,) = (self.home / ".cookiecutter_replay").glob("*.json")
        return path


def refused_fields(result: "subprocess.CompletedProcess[str]") -> list[str]:
    """The fields in the table of refusals, after looking that it is one."""
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert "Nothing was rendered" in result.stderr
    return re.findall(r"^[ |]field[ |]+(\S+)", result.stderr, re.MULTILINE)


def way_back(result: "subprocess.CompletedProcess[str]") -> list[str]:
    """The command with which the message ends."""
    return shlex.split(result.stderr.strip().splitlines()[-1])

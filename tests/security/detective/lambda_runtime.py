"""Runs the function from its archive, as Lambda does: with boto3, and nothing of the repository."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNER = """
import importlib, json, sys
module, _, function = sys.argv[1].rpartition(".")
handle = getattr(importlib.import_module(module), function)
for line in sys.stdin:
    try:
        result = {"finding": handle(json.loads(line), None)}
    except Exception as error:
        result = {"error": str(error)}
    print("RESULT " + json.dumps(result))
"""


@dataclass(frozen=True)
class Function:
    """The function, unpacked."""

    folder: Path
    handler: str
    environment: dict[str, str]

    def answers(self, events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """What it returns for each event; what it logged is in `lines`."""
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, self.handler],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder), **self.environment},
            input="\n".join(json.dumps(each) for each in events),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        self.lines[:] = [json.loads(line) for line in lines if line.startswith("{")]
        return [json.loads(line[7:]) for line in lines if line.startswith("RESULT ")]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return _LINES


_LINES: list[dict[str, Any]] = []


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks the archive."""
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder

"""What the tests share: the configuration, and one small run of the whole workflow on a twin."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regulated_ml.settings import Settings, load

ROOT = Path(__file__).parents[1]
ROWS = 2_000
# What `rml` needs of this repository; runs, pages and data of your own are left alone.
PARTS = ("config", "src", "pyproject.toml", "requirements.lock")


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The configuration of this repository."""
    return load(ROOT)


class Run:
    """A finished run of the workflow, in a copy of this repository."""

    def __init__(self, root: Path, report: dict[str, Any]) -> None:
        self.root = root
        self.steps = {run["step"]: run for run in report["runs"]}
        self.pages = [root / page for page in report["pages"]]

    def folder(self, step: str) -> Path:
        """Where the artefacts of a step lie."""
        return self.root / "runs" / str(self.steps[step]["id"])

    def read(self, step: str, name: str) -> Any:
        """A JSON artefact of a step."""
        return json.loads((self.folder(step) / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`rml run` on a small synthetic twin of the table."""
    root = tmp_path_factory.mktemp("repository")
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    _rml(root, "data", "twin", "--rows", str(ROWS), "--seed", "1", "--output", "twin.parquet")
    return Run(root, json.loads(_rml(root, "run", "--data", "twin.parquet", "--json")))


def _rml(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "regulated_ml", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

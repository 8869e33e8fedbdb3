"""A repository with an approved version, and the other side that it is pushed to.

A bare repository stands behind the address of the CodeCommit repository: git itself is told to go
there instead (`url.*.insteadOf`), so everything but the server is real.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import git, rml
from registry.written import fill

from regulated_ml.settings import load
from regulated_ml.tracking.anchors import in_tags
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trail import Finding, verify
from regulated_ml.workflow.releasing import Released, release

CODECOMMIT = "codecommit::eu-central-1://credit-default"


@dataclass(frozen=True)
class Sides:
    """The two repositories."""

    here: Path
    there: Path

    @property
    def store(self) -> RunStore:
        return RunStore(self.here / "runs", "local")

    def release(self, name: str = "v1", remote: str = "origin") -> Released:
        return release(load(self.here), self.store, name, remote, None, lambda *_: None)

    def command(self, *more: str) -> "subprocess.CompletedProcess[str]":
        return rml(self.here, "model", "release", "v1", *more)

    def start(self) -> "subprocess.Popen[str]":
        """The same, in a process group of its own, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "regulated_ml", "model", "release", "v1"],
            cwd=self.here,
            env={**os.environ, "PYTHONPATH": str(self.here / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def records(self) -> list[Path]:
        return sorted(self.here.glob("runs/release-*/record.json"))

    def pushes(self) -> list[dict[str, Any]]:
        """What the records of pushes say."""
        records = sorted(self.here.glob("runs/push-*/record.json"))
        return [json.loads(path.read_text())["parameters"] for path in records]

    def told(self) -> str:
        """How the release is called among the acts on the version."""
        acts = json.loads(rml(self.here, "model", "show", "v1", "--json").stdout)["acts"]
        (name,) = [each["act"] for each in acts if each["act"].startswith("release")]
        return str(name)

    def findings(self) -> list[Finding]:
        """What is wrong with the trail, held against the tags, too."""
        self.store.settle()
        trail = self.store.trail
        known, findings = in_tags(self.here, trail)
        return [*findings, *verify(trail, self.store.records, known)]

    def check_done(self) -> None:
        """One record, one tag that anchors it, both here and there, and nothing half done."""
        (record,) = self.records()
        tag = git(self.here, "rev-parse", "refs/tags/model/v1")
        assert git(self.there, "rev-parse", "refs/tags/model/v1") == tag
        assert git(self.there, "rev-parse", "main") == git(self.here, "rev-parse", "main")
        assert record.parent.name in git(self.here, "cat-file", "tag", tag)
        (push,) = self.pushes()
        assert (push["release"], push["tag_object"]) == (record.parent.name, tag)
        assert not [*self.here.glob("runs/.incomplete/release-*")]
        assert [each.where for each in in_tags(self.here, self.store.trail)[0]] == ["tag model/v1"]
        assert self.findings() == []


@pytest.fixture(scope="session")
def _approved(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("approved") / finished.name
    shutil.copytree(finished, folder, symlinks=True)
    git(folder, "config", "user.name", "A Tester")
    git(folder, "config", "user.email", "tester@example.com")
    fill(folder)
    for person, act in (("dev", ("register",)), ("anna", ("approve", "v1", "--reason", "Good."))):
        done = rml(folder, "model", *act, LOGNAME=person)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def sides(_approved: Path, tmp_path: Path) -> Sides:
    """A repository of the test's own with v1 approved, and an empty one on the other side."""
    here = Path(shutil.copytree(_approved, tmp_path / _approved.name, symlinks=True))
    there = tmp_path / "codecommit.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(there)], check=True)
    git(here, "config", f"url.{there}.insteadOf", CODECOMMIT)
    return Sides(here, there)

"""A small repository beside an account, with a front before it that can refuse."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws import Account, Moto, seed
from commands import rml
from platforms.front_double import Front

from regulated_ml.settings import load
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore

SUMMARY = {"splits": {"train": {"rows": 2100}, "test": {"rows": 600}}}


@dataclass
class Beside:
    """A repository in which all steps have run locally, and the account of its environment dev."""

    repository: Path
    account: Account
    front: Front

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach the front."""
        return {**self.account.environment, "AWS_ENDPOINT_URL": self.front.url}

    def rml(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """The real command in the environment dev."""
        variables = {**self.environment, **environment}
        return rml(self.repository, "--env", "dev", *arguments, **variables)

    def prepare(self) -> Record:
        """The step prepare as a job of moto, which runs nothing; its output is put there."""
        done = self.rml("prepare")
        assert done.returncode == 0, done.stderr
        (note,) = (self.repository / "runs/.submitted").glob("*.json")
        run = json.loads(note.read_text())["id"]
        self.account.client("s3").put_object(
            Bucket=self.account.buckets[1],
            Key=f"credit-default/dev/runs/{run}/output/summary/summary.json",
            Body=json.dumps(SUMMARY).encode(),
        )
        return self.follow()

    def follow(self) -> Record:
        """Follows the job that was submitted."""
        (note,) = (self.repository / "runs/.submitted").glob("*.json")
        self.said = self.rml("jobs", "follow", json.loads(note.read_text())["id"])
        assert self.said.returncode == 0, self.said.stderr
        (run,) = [run for run in self.store.all() if run.environment == "dev"]
        return run

    @property
    def store(self) -> RunStore:
        """The records of all environments."""
        return RunStore(self.repository / "runs")

    @property
    def settings(self) -> Any:
        """Of dev."""
        return load(self.repository, "dev")


@pytest.fixture
def beside(small: Path, moto: Moto) -> Iterator[Beside]:
    """Nothing has run in dev yet."""
    account = seed(moto, small)
    front = Front(moto.url)
    yield Beside(small, account, front)
    front.stop()

"""Asks an independent evaluator of IAM policies, @cloud-copilot/iam-simulate, in one Node process.

It is installed below build/ by the tests, from a lock file, and is never part of what is shipped.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from commands import TEMPLATE

HERE = Path(__file__).parent / "simulator"
CACHE = TEMPLATE / "build" / "policy-simulator"
ACCOUNT = "123456789012"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass(frozen=True)
class Request:
    """A request as IAM sees it, and the names of the policies that it is held against."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)
    principal: str = f"arn:aws:iam::{ACCOUNT}:role/someone"
    account: str = ACCOUNT
    identity: Sequence[str] = ("everything",)
    controls: Sequence[str] = ()
    boundary: Sequence[str] = ()
    endpoint: Sequence[str] = ()
    of_resource: str = ""


def install() -> Path | None:
    """The evaluator's folder, installed if it is not; None where there is no npm."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    lock = (HERE / "package-lock.json").read_bytes() + (HERE / "simulate.mjs").read_bytes()
    folder = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if folder.is_dir():
        return folder
    making = CACHE / f".{folder.name}"
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(HERE, making)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    subprocess.run(command, cwd=making, check=True, capture_output=True)
    making.rename(folder)
    return folder


class Simulator:
    """Answers many questions at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def results(
        self, policies: Mapping[str, Any], requests: Iterable[Request]
    ) -> list[dict[str, Any]]:
        """What becomes of each request: its result, and context keys that do not apply to it."""
        asked = {
            "policies": {"everything": EVERYTHING, **policies},
            "requests": [asdict(each) for each in requests],
        }
        answers: list[dict[str, Any]] = self._ask(asked)["answers"]
        return answers

    def actions(self, names: Iterable[str]) -> dict[str, Any]:
        """What IAM's own data says of actions; None for one that it does not have."""
        found: dict[str, Any] = self._ask({"actions": sorted(set(names))})["actions"]
        return found

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            ["node", "simulate.mjs"],
            cwd=self._folder,
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

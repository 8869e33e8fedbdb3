"""Sends requests through a process with the guard in it and says what became of each."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .recorder import Arrived, Recorder

SENDING = Path(__file__).with_name("sending.py")
PLUGIN = "regulated_ml=regulated_ml.security.guard.plugin"


@dataclass(frozen=True)
class Outcome:
    """What became of one request."""

    arrived: tuple[Arrived, ...] = ()
    refused: frozenset[str] = frozenset()  # the fields that the refusal names, without indices
    problems: tuple[dict[str, Any], ...] = ()
    invalid: str = ""
    failed: str = ""
    changed: bool = False  # whether the caller's own dict was changed

    @property
    def request(self) -> dict[str, Any] | None:
        """The request as it arrived; None: nothing was sent."""
        return self.arrived[0].request if self.arrived else None


@dataclass
class Sender:
    """A process in a repository, in which the guard is on, and the server that it sends to."""

    repository: Path
    recorder: Recorder = field(default_factory=Recorder)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SENDING)],
            cwd=self.repository,
            env=environment(self.repository, self.recorder.url) | self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(
        self, service: str, operation: str, request: dict[str, Any], presigned: bool = False
    ) -> Outcome:
        """Sends one request, or makes its address, and waits for what becomes of it."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin and stdout
        line: dict[str, Any] = {"service": service, "operation": operation, "request": request}
        line["presigned"] = presigned
        stdin.write(json.dumps(line) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the sending process has ended"
        said = json.loads(answer)
        problems = said.get("refused", [])
        return Outcome(
            tuple(a for a in self.recorder.take() if not a.target.startswith("Logs_")),  # refusals
            frozenset(plain(problem["field"], operation) for problem in problems),
            tuple(problems),
            said.get("invalid", ""),
            said.get("failed", ""),
            said["changed"],
        )

    def close(self) -> None:
        """Ends the process and the server."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)
        self.recorder.shutdown()


def environment(repository: Path, url: str, guard: bool = True) -> dict[str, str]:
    """Variables of a process that reaches the recorder, with the guard or without."""
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(repository.parent),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(repository / "src"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if guard:
        variables |= {"RML_ENV": "dev", "BOTOCORE_EXPERIMENTAL__PLUGINS": PLUGIN}
    return variables


def plain(field: str, operation: str) -> str:
    """A path without the operation before it and the positions in its lists."""
    before, _, after = field.partition(": ")
    path = after if before.endswith(operation) else field
    return re.sub(r"\[\d+\]", "[]", path)

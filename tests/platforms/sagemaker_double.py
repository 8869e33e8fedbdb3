"""A double: moto, which completes jobs at once, and a container that really executes them.

A job is InProgress while the container works, and its outputs are there when it is Completed.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aws import Account
from container_double import Container, End
from front_double import Front

KINDS = ("Training", "Processing")
SECONDS, BILLED = 212, 64  # that a training is said to take on a spot instance, and to cost
# What SageMaker says of a training, as it goes on.
BEFORE = (
    ("Starting", "Preparing the instances for training"),
    ("Interrupted", "Spot capacity was taken back"),
    ("Training", "Training image download completed. Training in progress."),
)
UPLOADING = ("Uploading", "Uploading generated training model")


@dataclass
class SageMakerDouble:
    """The account behind a front that executes each job as soon as it is created."""

    account: Account
    python: Path
    folder: Path
    ends: dict[str, End | None] = field(default_factory=dict)  # by job; None: it runs

    def __post_init__(self) -> None:
        self.front = Front(self.account.moto.url)
        for kind in KINDS:
            self.front.after[f"Create{kind}Job"] = lambda request, kind=kind: self._start(
                kind, request
            )
            self.front.changes[f"Describe{kind}Job"] = lambda answer, kind=kind: self._described(
                kind, answer
            )

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach it."""
        return {**self.account.environment, "AWS_ENDPOINT_URL": self.front.url}

    def _start(self, kind: str, request: dict[str, Any]) -> None:
        name = request[f"{kind}JobName"]
        self.ends[name] = None
        folder = self.folder / name
        folder.mkdir()
        client = self.account.client
        container = Container(folder, self.python, client("s3"), client("logs"))

        def execute() -> None:
            try:
                self.ends[name] = container.run(kind, request)
            except BaseException as error:
                self.ends[name] = End("Failed", f"the double broke: {error!r}", 0)
                raise

        threading.Thread(target=execute, daemon=True).start()

    def _described(self, kind: str, answer: dict[str, Any]) -> dict[str, Any]:
        name = answer[f"{kind}JobName"]
        if name not in self.ends:
            return answer
        end = self.ends[name]
        status = end.status if end else "InProgress"
        answer[f"{kind}JobStatus"] = status
        if end and end.reason:
            answer["FailureReason"] = end.reason
        if kind == "Training":
            answer["SecondaryStatus"] = status if end else "Training"
            after = (UPLOADING, (status, f"Training job {status.lower()}")) if end else ()
            answer["SecondaryStatusTransitions"] = [
                {"Status": step, "StartTime": answer["CreationTime"], "StatusMessage": message}
                for step, message in (*BEFORE, *after)
            ]
        if end and kind == "Training":
            answer["TrainingTimeInSeconds"] = SECONDS
            answer["BillableTimeInSeconds"] = BILLED
        if end and kind == "Processing":
            answer["ProcessingStartTime"] = answer["ProcessingEndTime"] - SECONDS
        return answer

"""What a platform is given and gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

LOG = "job.log"  # what a job printed; lies beside its outputs
MODEL_ARCHIVE = "model.tar.gz"  # what a training job's model folder becomes

Report = Callable[[float, float | None, str | None], None]  # done, total, what is being done


@dataclass(frozen=True)
class Job:
    """A script and the folders that it reads and writes, as SageMaker lays them out."""

    name: str
    kind: Literal["processing", "training"]
    module: str  # run as `python -m MODULE`
    channels: Mapping[str, Path]  # `channel` -> a folder, or `channel/name` -> a file
    parameters: Mapping[str, Any]
    checkpoints: Path | None = None  # a folder that outlives the job; training only


class RunningJob(Protocol):
    """A job that has been started."""

    def wait(self, report: Report) -> None:
        """Returns when the outputs lie in the destination; `UserError` when the job failed."""

    def stop(self) -> None:
        """Ends the job at once, if it still runs."""


class Platform(Protocol):
    """A place where jobs run."""

    def start(self, job: Job, destination: Path, locks: tuple[int, ...] = ()) -> RunningJob:
        """Starts a job whose outputs are to lie in `destination`, an existing empty folder.

        `locks` are descriptors of locks that are to be held for as long as the job lives.
        """

"""What a platform is given and gives back."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from regulated_ml.identifiers import Problem
    from regulated_ml.tracking.records import Record
    from regulated_ml.tracking.registry import Version

LOG = "job.log"  # what a job printed; lies beside its outputs
MODEL_ARCHIVE = "model.tar.gz"  # what a training job's model folder becomes

Kind = Literal["processing", "training"]
Report = Callable[[float, float | None, str | None], None]  # done, total, what is being done
Tell = Callable[[str], None]  # a line for the reader, beside the progress


@dataclass(frozen=True)
class Job:
    """A script and the folders that it reads and writes, as SageMaker lays them out."""

    name: str  # of the run that it makes: the step's name, a hyphen, more
    kind: Kind
    module: str  # run as `python -m MODULE`
    channels: Mapping[str, Path]  # `channel` -> a folder, or `channel/name` -> a file
    parameters: Mapping[str, Any]
    checkpoints: Path | None = None  # a folder that outlives the job; training only
    code: Mapping[str, Path] = field(default_factory=dict)  # what the module needs, by its place
    tags: Mapping[str, str] = field(default_factory=dict)  # beside those of the project
    line: str = ""  # the run that the line of runs began with; empty: it is in no experiment

    @property
    def step(self) -> str:
        """The step of the workflow that the job belongs to."""
        return self.name.partition("-")[0]


class RunningJob(Protocol):
    """A job that lives as long as the process that started it."""

    def wait(self, report: Report) -> None:
        """Returns when the outputs lie in the destination; `UserError` when the job failed."""

    def stop(self) -> None:
        """Ends the job at once, if it still runs."""


class Platform(Protocol):
    """A place where jobs run as processes of ours."""

    def packages(self) -> dict[str, str]:
        """The Python minor version, and the version of each package that a job may import."""

    def start(self, job: Job, destination: Path, locks: tuple[int, ...] = ()) -> RunningJob:
        """Starts a job whose outputs are to lie in `destination`, an existing empty folder.

        `locks` are descriptors of locks that are to be held for as long as the job lives.
        """


@dataclass(frozen=True)
class RemoteJob:
    """A job as the platform describes it."""

    name: str
    kind: Kind
    status: str  # InProgress, Completed, Failed, Stopping, Stopped
    detail: str  # what it does just now, or how it ended
    reason: str  # why it failed
    created: datetime
    ended: datetime | None
    seconds: float | None  # that it ran
    billed_seconds: float | None
    history: tuple[str, ...] = ()  # what it went through, where the platform tells it
    facts: Mapping[str, Any] = field(default_factory=dict)  # image, instance, where its outputs lie

    @property
    def runs(self) -> bool:
        """Whether it has not come to its end."""
        return self.status in ("InProgress", "Stopping")


class RemotePlatform(Protocol):
    """A place where jobs outlive the process that submitted them."""

    def packages(self) -> dict[str, str]:
        """The Python minor version, and the version of each package that a job may import."""

    def image(self) -> str:
        """The container image that jobs run in."""

    def digest(self) -> str | None:
        """The hash of that image; None: the platform does not tell it."""

    def caller(self) -> str:
        """Who the platform takes us for."""

    def job_name(self, run_id: str) -> str:
        """What the job of a run is called there."""

    def is_own(self, name: str) -> bool:
        """Whether a job is one of this project's runs."""

    def stage(self, job: Job, report: Report) -> Any:
        """Brings code and inputs to the place; returns what `submit` has to be told of them."""

    def submit(self, job: Job, staged: Any) -> None:
        """Starts the job; `UserError` when it is refused, and then there is none."""

    def describe(self, name: str, kind: Kind) -> RemoteJob | None:
        """The job, or None where there is none of this name."""

    def follow(
        self, name: str, kind: Kind, log: Path, report: Report, tell: Tell
    ) -> RemoteJob | None:
        """Waits for the job's end, and writes what it prints to `log`; None: there is no job."""

    def collect(self, job: RemoteJob, destination: Path, report: Report) -> None:
        """Lays the outputs of a completed job into `destination`, as they lie after a local one."""

    def stop(self, name: str, kind: Kind) -> None:
        """Has a job stopped."""

    def recent(self) -> list[RemoteJob]:
        """The latest jobs of this project there, of any environment, the oldest first."""


class Refused(NamedTuple):
    """Why an endpoint has not scored a row."""

    status: int  # of HTTP; 0: there was no answer
    sentence: str


class Package(NamedTuple):
    """A version in a registry of the platform's own."""

    arn: str
    status: str
    properties: Mapping[str, str]  # what it says of the records that it was made from


class ModelRegistry(Protocol):
    """A registry of models that the platform keeps, derived from the records."""

    def caller(self) -> str:
        """Who the platform takes us for."""

    def numbers(self) -> list[int]:
        """The numbers of the versions that are there."""

    def others(self, version: "Version") -> list[str]:
        """The registrations of the environment, made elsewhere, that have a version's number."""

    def find(self, version: "Version") -> Package | None:
        """The package of a version, if there is one."""

    def problems(self, version: "Version", runs: "Sequence[Record]") -> "Iterator[Problem]":
        """Where the package of a version is not there, or is not what the records say."""

    def check(self, runs: "Sequence[Record]", report: Report) -> "Iterator[Problem]":
        """Where what jobs left on the platform is not what their records say."""

    def put(self, version: "Version", runs: "Sequence[Record]") -> str:
        """Registers a version, pending approval, unless it is there; returns its ARN."""

    def decide(self, version: "Version", status: str, reason: str) -> str:
        """Gives a version that is there a status; returns its ARN."""

    def promote(
        self,
        version: "Version",
        runs: "Sequence[Record]",
        origin: Mapping[str, object],
        report: Report,
    ) -> str:
        """Brings a version of another environment here, approved; returns its ARN."""


def as_text(hyperparameters: Mapping[str, Any]) -> dict[str, str]:
    """Hyperparameters as SageMaker passes them: text, each value encoded as JSON."""
    return {name: json.dumps(value) for name, value in hyperparameters.items()}


def report_nothing(done: float, total: float | None = None, text: str | None = None) -> None:
    """A `Report` of work that nobody waits for."""


def report_progress(line: str, report: Report) -> bool:
    """Whether the line was `progress STEP DONE/TOTAL text`, as the job contract prints it."""
    match line.rstrip().split(" ", 3):
        case ["progress", step, numbers, *text]:
            done, _, total = numbers.partition("/")
            if done.isdecimal() and total.isdecimal():
                report(int(done), int(total), " ".join([step, *text]))
                return True
    return False

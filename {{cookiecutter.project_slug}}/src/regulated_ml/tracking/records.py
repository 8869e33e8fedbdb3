"""The record of a run: what went in, who and what made it, what came out.

The schema has a version; a reader keeps understanding older ones: what a later version has added is
optional here. `record.schema.json` beside this module is the same as JSON Schema, for readers who
have no Python. Times are UTC in ISO 8601.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 2  # 2 added inputs, guard, and who AWS takes the person for


class Part(BaseModel):
    """A part of a record: frozen; unknown keys of a later minor version are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Commit(Part):
    """The state of the code when the run started."""

    sha: str | None  # None: there is no commit, and `note` says why
    branch: str | None
    dirty: bool  # files differ from the commit, or are not in it
    changed: tuple[str, ...]  # the first of those files
    note: str = ""


class Data(Part):
    """The table that the run, or the run that it goes back to, has read."""

    name: str
    state: Literal["real", "synthetic", "unverified"]
    fingerprint: str  # SHA-256 of the canonical table
    rows: int
    file: str
    violations: int = 0  # of the rules of dataset.yaml, as `rml data check` counts them


class Dependencies(Part):
    """The Python that ran, and what was installed in it."""

    python: str
    system: str
    lock: str | None  # SHA-256 of requirements.lock
    packages: Mapping[str, str]  # distribution -> version
    image_digest: str | None = None  # of the container, where the job ran in one and it is told


class Artifact(Part):
    """A file that the run made, by its path below the run's folder."""

    path: str
    bytes: int
    sha256: str


class Input(Part):
    """What a channel of the job was given."""

    channel: str
    run: str | None  # whose artefacts; None: the table
    files: tuple[Artifact, ...]


class Identity(Part):
    """Who started the run."""

    user: str  # as the environment says; LOGNAME can claim any
    host: str
    aws: str | None = None  # the ARN of the caller; None: nothing was asked of AWS
    account: str | None = None  # the account that the process runs under; None: of an early version


class Guard(Part):
    """What the requests of the run were held against."""

    controls: str  # SHA-256 of the controls with their values, as JSON
    exceptions: tuple[Mapping[str, Any], ...]  # in force when the run started


class Begun(Part):
    """What is known of a run when its job starts."""

    schema_version: int = SCHEMA_VERSION
    id: str
    step: str
    key: str  # of everything that decides the result; equal keys mean equal results
    parents: tuple[str, ...]
    environment: str
    standard: str  # version of the standard
    module: str
    command: tuple[str, ...]
    started: str
    identity: Identity
    commit: Commit
    data: Data
    code: str  # SHA-256 over the job's source files
    parameters: Mapping[str, Any]
    inputs: tuple[Input, ...] = ()
    dependencies: Dependencies
    guard: Guard | None = None  # None: nothing was asked of AWS
    warnings: tuple[str, ...] = ()


class Submitted(Begun):
    """A run whose job was handed to a platform that runs it without us."""

    job: str  # its name there
    kind: Literal["processing", "training"]
    is_latest: bool  # whether it becomes the latest run of its step
    price_per_hour: float | None = None  # of its instance


class Remote(Part):
    """The job of a run on AWS."""

    name: str
    seconds: float | None
    billed_seconds: float | None
    cost: float | None = None  # an estimate, by the price in model.yaml; None: there is none
    facts: Mapping[str, Any]  # image, instance, where its outputs lie


class Record(Begun):
    """One finished run of one step."""

    ended: str
    seconds: float
    metrics: Mapping[str, float | int | str]
    artifacts: tuple[Artifact, ...]
    remote: Remote | None = None  # None: it ran on this machine

    def artifact(self, path: str) -> Artifact | None:
        """The artefact at `path`, if the run made one."""
        return next((item for item in self.artifacts if item.path == path), None)

"""The steps as one SageMaker Pipeline: defined, started, and its jobs kept as runs like any others.

An execution is told the ids of its runs by whoever starts it, who keeps what a record has to say of
their beginning: commit, caller, code, parameters. When a job has ended, its run is finished from
that and from what SageMaker says, exactly as that of a single job.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.platforms.interface import Job, Report, Tell
from regulated_ml.platforms.sagemaker import pipeline, staging
from regulated_ml.platforms.sagemaker.executions import Pipelines, State
from regulated_ml.platforms.sagemaker.following import LAST_PAUSE, PAUSES
from regulated_ml.platforms.sagemaker.pipeline import Bound, Source, Stage
from regulated_ml.platforms.sagemaker.storage import Storage
from regulated_ml.settings import Settings
from regulated_ml.tracking import facts
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Begun, Record, Submitted
from regulated_ml.tracking.store import new_id
from regulated_ml.workflow import recording, requests
from regulated_ml.workflow.requests import TABLE, Order, Subject, Table
from regulated_ml.workflow.steps import STEPS, Step
from regulated_ml.workflow.submitting import RemoteWorkflow, code

NOTES = ".pipelines"  # below runs/
SUCCEEDED = "Succeeded"


class Note(BaseModel):
    """What is known of an execution when it starts."""

    model_config = ConfigDict(frozen=True)

    arn: str
    environment: str
    table: str  # where it lies on this machine
    runs: Mapping[str, Begun]  # by step, without what only its parents tell

    @property
    def id(self) -> str:
        """The end of its ARN."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Delivery:
    """What it takes to define, start and follow the pipeline of an environment."""

    workflow: RemoteWorkflow
    storage: Storage
    tell: Tell

    @property
    def _settings(self) -> Settings:
        return self.workflow.settings

    @property
    def _notes(self) -> Path:
        return self.workflow.store.folder / NOTES

    def definition(self, table: Table, report: Report) -> dict[str, Any]:
        """The definition; what its jobs read is brought to S3, where the storage does so."""
        stages = [self._stage(step, table, report) for step in STEPS]
        return pipeline.definition(self._settings, stages, bounds(self._settings))

    def put(self, table: Table, report: Report) -> tuple[dict[str, Any], bool]:
        """Has the pipeline be there as the repository says; False: it was."""
        self.workflow.platform.caller()  # in the right account, before anything is sent to it
        definition = self.definition(table, report)
        report(0, None, "making the pipeline")
        return definition, Pipelines(self._settings).put(definition)

    def start(self, table: Table, report: Report) -> Note:
        """Starts an execution; its runs are kept by `follow`."""
        definition, _ = self.put(table, report)
        caller = self.workflow.platform.caller()
        begun = {step.name: self._begun(step, table, caller) for step in STEPS}
        ids = {step: first.id for step, first in begun.items()}
        arn = Pipelines(self._settings).start(ids, definition, _token(ids))
        note = Note(
            arn=arn, environment=self._settings.environment, table=str(table.path), runs=begun
        )
        write_json(self._notes / f"{note.id}.json", note.model_dump(mode="json"))
        return note

    def notes(self) -> list[Note]:
        """The executions whose runs were not kept yet, the oldest first."""
        found = [_read(path) for path in self._notes.glob("*.json")]
        own = [note for note in found if note.environment == self._settings.environment]
        return sorted(own, key=lambda note: note.runs[STEPS[0].name].started)

    def follow(self, note: Note, report: Report) -> list[Record]:
        """Waits for the end of an execution, and keeps the run of each job that completed.

        Raises:
            UserError: a job failed, a gate was broken, or the configuration is no longer the one
                that the execution was started with; the runs of completed jobs are kept first.
        """
        waiting = partial(report, 0, None, "waiting for another command that follows it")
        with exclusive(self._notes / f"{note.id}.lock", waiting):
            state = self._wait(note, report)
            done = list(self._kept(note, state, report))
            (self._notes / f"{note.id}.json").unlink(missing_ok=True)
        self.workflow.publish(report)
        if state.status != SUCCEEDED:
            raise _failure(state)
        return done

    def _wait(self, note: Note, report: Report) -> State:
        told: set[tuple[str, str]] = set()
        pipelines, began = Pipelines(self._settings), time.monotonic()
        for pause in chain(PAUSES, repeat(LAST_PAUSE)):
            state = pipelines.state(note.arn)
            for each in state.steps:
                if (each.name, each.status) not in told:
                    self.tell(f"{each.name} {each.status}")
                    told.add((each.name, each.status))
            report(time.monotonic() - began, None, f"{note.id} {state.status}")
            if not state.runs:
                break
            try:
                time.sleep(pause)
            except KeyboardInterrupt:
                rule = "following was interrupted; SageMaker goes on with the execution"
                fix = f"rml --env {note.environment} pipeline follow {note.id}"
                raise UserError.one(
                    "pipeline", note.id, rule, fix, ExitStatus.INTERRUPTED
                ) from None
        return state

    def _kept(self, note: Note, state: State, report: Report) -> Iterator[Record]:
        """The run of each job that completed, in the order of the steps."""
        states = {each.name: each for each in state.steps}
        done: dict[str, Record] = {}
        for step in STEPS:
            found = states.get(step.name.capitalize())
            if found is None or found.status != SUCCEEDED or not found.job:
                continue
            started = found.started or datetime.now(UTC)
            submitted = self._submitted(note, step, done, found.job, started)
            done[step.name] = self.workflow.following.finish(submitted, report)
            yield done[step.name]

    def _submitted(
        self, note: Note, step: Step, done: Mapping[str, Record], job: str, started: datetime
    ) -> Submitted:
        """The note of a job, as if it had been submitted by itself."""
        first = note.runs[step.name]
        parents = [done[name] for name in step.parents]
        table = None if parents else Table(Path(note.table), first.data)
        request = self.workflow.request(Order(step, parents, table))
        if (request.code, dict(request.parameters)) != (first.code, dict(first.parameters)):
            rule = "code or configuration is no longer what the execution was started with"
            commit = first.commit.sha or "the files as they were"
            fix = f"go back to {commit}, and follow it again; nothing is lost"
            raise UserError.one("pipeline", note.id, rule, fix)
        subject = request.subject
        known = {field: getattr(first, field) for field in Begun.model_fields}
        known |= {
            "key": subject.key,
            "parents": subject.parents,
            "inputs": subject.inputs,
            "started": started.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        price = self._settings.model.instances.of(step.name).price_per_hour
        kept = {**known, "job": job, "kind": step.kind, "price_per_hour": price}
        return Submitted(**kept, is_latest=True)

    def _stage(self, step: Step, table: Table, report: Report) -> Stage:
        commit = facts.commit(self._settings.root)
        state = "none" if commit.sha is None else commit.sha + ("-changed" if commit.dirty else "")
        run = pipeline.run(step.name)
        job = Job(
            name=run,
            kind=step.kind,
            module=requests.module(self._settings, step),
            channels={} if step.inputs else {TABLE: table.path},
            parameters=step.parameters(self._settings),
            code=code(self._settings),
            tags={"commit": state, "run": run},
        )
        staged = staging.stage(job, self.storage, report)
        sources = [
            Source(each.channel.partition("/")[0], each.step, each.path) for each in step.inputs
        ]
        return Stage(job, staged, sources)

    def _begun(self, step: Step, table: Table, caller: str) -> Begun:
        """The first half of a run's record, but for what its parents will tell."""
        subject = Subject(
            step=step.name,
            module=requests.module(self._settings, step),
            key="",
            parents=(),
            tables=(table.data,),
            code=requests.code_hash(self._settings),
            parameters=step.parameters(self._settings),
            inputs=(),
        )
        container = self.workflow.container()
        now = datetime.now(UTC)
        return recording.begun(self._settings, subject, new_id(step.name), now, container, caller)


def bounds(settings: Settings) -> list[Bound]:
    """The gates as the pipeline holds them."""
    places = _places()
    return [
        Bound(*places[gate.metric], gate.at_least, gate.at_most)
        for gate in settings.model.gates
        if gate.metric in places
    ]


def left_to_approval(settings: Settings) -> list[str]:
    """The gates that a pipeline cannot hold: it reads what processing jobs wrote, and no others."""
    return [gate.metric for gate in settings.model.gates if gate.metric not in _places()]


def _places() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Step, file and place of each metric that a processing job reports."""
    return {
        metric.name: (step.name, metric.file, metric.path)
        for step in STEPS
        if step.kind == "processing"
        for metric in step.metrics
    }


def _token(ids: Mapping[str, str]) -> str:
    """The same request sent again, because an answer was lost, starts no second execution."""
    return "-".join(each.rpartition("-")[2] for each in ids.values()).ljust(32, "0")


def _failure(state: State) -> UserError:
    said: Sequence[str] = [
        f"{each.name}: {each.reason}" for each in state.steps if each.status == "Failed"
    ]
    reason = "; ".join(said) or state.reason or "SageMaker gives no reason"
    fix = "what completed is kept: `rml runs list`; mend what it says, and start another one"
    name = state.arn.rpartition("/")[2]
    return UserError.one("pipeline", name, f"it is {state.status}: {reason}", fix, ExitStatus.JOB)


def _read(path: Path) -> Note:
    try:
        return Note.model_validate(read_json(path))
    except (json.JSONDecodeError, ValidationError) as error:
        rule = f"not a note of an execution: {str(error).splitlines()[0]}"
        fix = "remove the file; the outputs of its jobs stay in the model bucket"
        raise UserError.one(str(path), "", rule, fix) from error

"""The steps of a repository, and how they are run as jobs of this machine.

What comes out of a job is kept as a run with its record.
"""

import shutil
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.platforms.interface import Job, Platform, RemotePlatform, Report
from regulated_ml.settings import Settings
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Record, Submitted
from regulated_ml.tracking.store import RunStore, Unfinished
from regulated_ml.workflow import recording, requests
from regulated_ml.workflow.evidence import command
from regulated_ml.workflow.requests import Order, Request
from regulated_ml.workflow.steps import STEP, Step


class Outcome(NamedTuple):
    """What became of a step."""

    run: Record
    fresh: bool  # False: it was up to date, and `run` is the earlier run


class Handed(NamedTuple):
    """What became of a step whose job outlives us."""

    note: Submitted
    fresh: bool  # False: a job that does the very same was handed over earlier


@dataclass(frozen=True)
class Workflow(ABC):
    """One repository's steps in one environment, and where their runs are kept."""

    settings: Settings
    store: RunStore
    platform: Platform | RemotePlatform

    @abstractmethod
    def run(self, order: Order, report: Report) -> Outcome:
        """Does a step, unless it is up to date, and returns when it has ended."""

    @abstractmethod
    def submit(self, order: Order, report: Report) -> Outcome | Handed:
        """As `run`, but does not wait for a job that goes on without us."""

    @abstractmethod
    def publish(self, report: Report) -> None:
        """Has the trackers show what they have not been sent."""

    def parents(self, step: Step) -> list[Record]:
        """The latest run of each step that `step` reads from, fitting together.

        The rows are those of the training's own preparation, not of a later one.
        """
        found = {name: self.store.latest(name) for name in step.parents}
        if model := found.get("train"):
            by_id = {run.id: run for run in self.store.all()}
            found["prepare"] = next((by_id[i] for i in model.parents if i in by_id), None)
        missing = [name for name, run in found.items() if run is None]
        if missing:
            rule = f"{step.name} reads what {' and '.join(missing)} makes, and there is no such run"
            rml = command(self.settings.environment)
            fix = f"start `{rml} {missing[0]}`, or `{rml} run`"
            raise UserError.one("run", step.name, rule, fix)
        return [run for run in found.values() if run]

    def stale(self, run: Record) -> bool:
        """Whether the code or the configuration has changed since `run` was made."""
        parameters = STEP[run.step].parameters(self.settings)
        return run.code != requests.code_hash(self.settings) or run.parameters != parameters

    def request(self, order: Order) -> Request:
        """What decides the step's result."""
        return requests.gather(self.settings, self.store, self.platform.packages(), order)


@dataclass(frozen=True)
class LocalWorkflow(Workflow):
    """The steps as jobs of this machine."""

    platform: Platform

    def run(self, order: Order, report: Report) -> Outcome:
        """Does a step, unless it is up to date, and returns when it has ended."""
        step, request = order.step, self.request(order)
        with ExitStack() as held:
            locks: list[int] = []
            if step.resumes:
                # One job of the same inputs at a time: they share their checkpoints.
                lock = self._checkpoints(request.key).with_suffix(".lock")
                waiting = partial(report, 0, None, "waiting for another job on the same rows")
                locks.append(held.enter_context(exclusive(lock, waiting)))
            run = None if order.force else self.store.current(step.name, request.key)
            outcome = Outcome(run, fresh=False) if run else None
            if outcome is None:
                unfinished = held.enter_context(self.store.writing(step.name))
                run = self._execute(request, unfinished, (*locks, unfinished.lock), report)
                shutil.rmtree(self._checkpoints(request.key), ignore_errors=True)
                outcome = Outcome(run, fresh=True)
            if not order.instead:
                self.store.point_to(outcome.run)
        return outcome

    submit = run

    def publish(self, report: Report) -> None:
        """Nothing: on this machine a tracker is brought up to date when somebody looks at it."""

    def _execute(
        self, request: Request, unfinished: Unfinished, locks: tuple[int, ...], report: Report
    ) -> Record:
        started = datetime.now(UTC)
        job = Job(
            name=unfinished.id,
            kind=request.step.kind,
            module=request.module,
            channels=request.channels,
            parameters=request.parameters,
            checkpoints=self._checkpoints(request.key) if request.step.resumes else None,
        )
        running = self.platform.start(job, unfinished.folder, locks)
        try:
            # Gathered while the job runs, so that keeping a record costs no time of its own.
            begun = recording.begun(self.settings, request.subject, unfinished.id, started)
            running.wait(report)
        except BaseException:
            running.stop()
            raise
        ended = datetime.now(UTC)
        seconds = (ended - started).total_seconds()
        record = recording.finished(begun, unfinished.folder, ended, seconds)
        return self.store.finish(unfinished.folder, record)

    def _checkpoints(self, key: str) -> Path:
        return self.store.folder / ".checkpoints" / key[:16]

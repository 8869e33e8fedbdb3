"""Follows a submitted job to its end and finishes its run, now or at any later time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.interface import LOG, RemoteJob, RemotePlatform, Report, Tell
from regulated_ml.tracking.records import Record, Remote, Submitted
from regulated_ml.tracking.store import RECORD, RunStore, Unfinished
from regulated_ml.tracking.submissions import Submissions
from regulated_ml.workflow import recording


@dataclass(frozen=True)
class Following:
    """What it takes to finish the runs of submitted jobs."""

    store: RunStore
    submissions: Submissions
    platform: RemotePlatform
    tell: Tell

    def finish(self, note: Submitted, report: Report) -> Record:
        """The finished run of a job, as soon as the job has ended.

        Raises:
            UserError: the job failed, was stopped or is not there; or its outputs are not what they
                should be; or it could not be followed, and then it goes on running.
        """
        with self.submissions.held(note):
            if (self.store.folder_of(note.id) / RECORD).is_file():
                record = self.store.get(note.id)  # finished by another process, or before a kill
            else:
                with self.store.writing(note.step, note.id) as unfinished:
                    record = self._finish(note, unfinished, report)
            if note.is_latest:
                self.store.point_to(record)
            self.submissions.remove(note)
        return record

    def _finish(self, note: Submitted, unfinished: Unfinished, report: Report) -> Record:
        folder = unfinished.folder
        with _not_the_end(note, "goes on running"):
            job = self.platform.follow(note.job, note.kind, folder / LOG, report, self.tell)
        if job is None:
            raise self._end(note, "there is no such job: it was not started, or was deleted since")
        if job.status != "Completed":
            kept = self.store.folder / ".failed" / f"{note.id}.log"
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / LOG, kept)
            raise self._end(note, _became(job), f"; its log is in {kept}")
        anew = f"`rml --env {note.environment} {note.step} --force` starts another one"
        with _not_the_end(note, f"has ended, its outputs stay in the model bucket, and {anew}"):
            self.platform.collect(job, folder, report)
            record = _record(note, job, folder)
        self.tell(f"{job.name} {_cost(job)}")
        return self.store.finish(folder, record)

    def _end(self, note: Submitted, rule: str, log: str = "") -> UserError:
        """Forgets a job that leaves no run; returns what became of it."""
        self.submissions.remove(note)
        fix = f"mend what it says and start `rml --env {note.environment} {note.step}` again{log}"
        return UserError.one(f"{note.step} job", note.job, rule, fix, ExitStatus.JOB)


@contextmanager
def _not_the_end(note: Submitted, state: str) -> Iterator[None]:
    """Says of whatever ends the following too early what the job does, and how to go on."""
    rml = f"rml --env {note.environment} jobs"
    try:
        yield
    except KeyboardInterrupt:
        rule = f"following was interrupted; the job {state}"
        fix = f"follow it with: {rml} follow {note.job}; stop it with: {rml} stop {note.job}"
        raise UserError.one("job", note.job, rule, fix, ExitStatus.INTERRUPTED) from None
    except UserError as error:
        how = f"{note.job} {state}; follow it with: {rml} follow {note.job}"
        problems = [each._replace(fix=f"{each.fix}. {how}") for each in error.problems]
        raise UserError(problems, error.status) from error


def _record(note: Submitted, job: RemoteJob, folder: Path) -> Record:
    started = datetime.fromisoformat(note.started)
    ended = (job.ended or datetime.now(UTC)).astimezone(UTC)
    seconds = max((ended - started).total_seconds(), 0.0)  # of two clocks
    remote = Remote(
        name=job.name,
        seconds=job.seconds,
        billed_seconds=job.billed_seconds,
        cost=_price(note, job),
        facts=job.facts,
    )
    return recording.finished(note, folder, ended, seconds, remote)


def _price(note: Submitted, job: RemoteJob) -> float | None:
    """What the job cost, by the price that model.yaml had when it was submitted."""
    if note.price_per_hour is None or job.billed_seconds is None:
        return None
    return round(note.price_per_hour * job.billed_seconds / 3600, 4)


def _became(job: RemoteJob) -> str:
    if job.status == "Failed":
        return f"the job failed: {job.reason or job.detail}"
    return f"the job was stopped before its end ({job.detail}), and no half run is kept"


def _cost(job: RemoteJob) -> str:
    """How long the job ran, what of it is billed, and what a spot instance saved."""
    ran, billed = job.seconds or 0.0, job.billed_seconds or 0.0
    saved = f": spot saved {1 - billed / ran:.0%}" if job.facts.get("spot") and billed < ran else ""
    return f"ran {ran:.0f} s, billed {billed:.0f} s{saved}"

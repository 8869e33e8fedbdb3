"""Hands a step to a platform whose jobs outlive us, and keeps what it takes to finish it later."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.locks import LOCK
from regulated_ml.platforms.interface import Job, RemotePlatform, Report, Tell
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Begun, Dependencies, Submitted
from regulated_ml.tracking.store import new_id
from regulated_ml.tracking.submissions import Submissions
from regulated_ml.workflow import publishing, recording
from regulated_ml.workflow.following import Following
from regulated_ml.workflow.requests import Order, Request, code_files
from regulated_ml.workflow.running import Handed, Outcome, Workflow

PACKAGE = "regulated_ml/__init__.py"  # makes the standard's jobs importable


@dataclass(frozen=True)
class RemoteWorkflow(Workflow):
    """The steps as jobs of a platform that runs them without us."""

    platform: RemotePlatform
    tell: Tell

    @property
    def submissions(self) -> Submissions:
        """The jobs whose runs are not finished yet."""
        return Submissions(self.store.folder, self.settings.environment)

    @property
    def following(self) -> Following:
        """What finishes them."""
        return Following(self.store, self.submissions, self.platform, self.tell)

    def run(self, order: Order, report: Report) -> Outcome:
        """Submits a step, follows its job and finishes its run."""
        handed = self.submit(order, report)
        if isinstance(handed, Outcome):
            return handed
        self.tell(f"{handed.note.job} {'submitted' if handed.fresh else 'was submitted earlier'}")
        outcome = Outcome(self.following.finish(handed.note, report), fresh=True)
        self.publish(report)
        return outcome

    def publish(self, report: Report) -> None:
        """Has the trackers show what they have not been sent."""
        publishing.after_a_run(self.settings, self.store, report, self.tell)

    def submit(self, order: Order, report: Report) -> Outcome | Handed:
        """Submits a step, unless it is up to date or a job that does the same is there already."""
        request = self.request(order)
        waiting = partial(report, 0, None, "waiting for another submission of the same step")
        # Who looks between another's note and its job would take the note for one of no job.
        with self.submissions.submitting(request.key, waiting):
            return self._submit(order, request, report)

    def _submit(self, order: Order, request: Request, report: Report) -> Outcome | Handed:
        step = order.step
        if not order.force:
            if run := self.store.current(step.name, request.key):
                if not order.instead:
                    self.store.point_to(run)
                return Outcome(run, fresh=False)
            if note := self._under_way(request.key):
                return Handed(note, fresh=False)
        caller = self.platform.caller()  # in the right account, before anything else is asked
        begun = recording.begun(
            self.settings,
            request.subject,
            new_id(step.name),
            datetime.now(UTC),
            self.container(),
            caller,
        )
        job = self._job(request, begun)
        staged = self.platform.stage(job, report)
        job = replace(job, line=publishing.opened(self.settings, self.store, begun, self.tell))
        note = Submitted(
            **{name: getattr(begun, name) for name in Begun.model_fields},
            job=self.platform.job_name(begun.id),
            kind=step.kind,
            is_latest=not order.instead,
            price_per_hour=self.settings.model.instances.of(step.name).price_per_hour,
        )
        with self.submissions.held(note):
            self.submissions.add(note)
            report(0, None, "submitting the job")
            with self._told_what_is_certain(note):
                self.platform.submit(job, staged)
        return Handed(note, fresh=True)

    @contextmanager
    def _told_what_is_certain(self, note: Submitted) -> Iterator[None]:
        """Forgets a job that was refused; says of one that may have started how to find out."""
        how = f"whether {note.job} was started says: rml --env {note.environment} jobs list"
        try:
            yield
        except KeyboardInterrupt:
            rule = "submitting was interrupted"
            raise UserError.one("job", note.job, rule, how, ExitStatus.INTERRUPTED) from None
        except UserError as error:
            if self._was_refused(note):
                self.submissions.remove(note)
                raise
            problems = [each._replace(fix=f"{each.fix}; {how}") for each in error.problems]
            raise UserError(problems, error.status) from error

    def _was_refused(self, note: Submitted) -> bool:
        """Whether it is certain that there is no job; the way to AWS may be what is broken."""
        try:
            return self.platform.describe(note.job, note.kind) is None
        except UserError:
            return False

    def _under_way(self, key: str) -> Submitted | None:
        """A job of the same key that runs, or has ended well and was not collected."""
        for note in self.submissions.all():
            if note.key == key:
                job = self.platform.describe(note.job, note.kind)
                if job and (job.runs or job.status == "Completed"):
                    return note
                self.submissions.remove(note)
        return None

    def _job(self, request: Request, begun: Begun) -> Job:
        commit = begun.commit
        state = "none" if commit.sha is None else commit.sha + ("-changed" if commit.dirty else "")
        return Job(
            name=begun.id,
            kind=request.step.kind,
            module=request.module,
            channels=request.channels,
            parameters=request.parameters,
            code=code(self.settings),
            tags={"commit": state, "run": begun.id},
        )

    def container(self) -> Dependencies:
        """What the job runs with: the container's packages, not those of this machine."""
        packages = self.platform.packages()
        lock = self.settings.root / LOCK
        return Dependencies(
            python=packages.pop("python"),
            system=self.platform.image(),
            lock=sha256(lock) if lock.is_file() else None,
            packages=packages,
            image_digest=self.platform.digest(),
        )


def code(settings: Settings) -> dict[str, Path]:
    """What a job's module needs, by its place in the archive."""
    source = settings.root / "src"
    files = [*code_files(settings.root), source / PACKAGE]
    return {path.relative_to(source).as_posix(): path for path in files}

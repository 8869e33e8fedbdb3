"""What a tracker has not been sent yet, computed: the records without a mark that it has them.

There is no list of what waits, which could be lost or wrong. A mark is an empty file that is made
after the tracker has taken a record. A kill between the two sends the record once more, and every
tracker takes the same record twice without showing it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from regulated_ml.errors import UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore


class Tracker(Protocol):
    """A place that shows records."""

    @property
    def name(self) -> str:
        """What persons call it."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def marks(self) -> Path:
        """A folder of this place alone, for the marks of what it has."""

    @property
    def environment(self) -> str | None:
        """Whose records it shows; None: those of every environment."""

    def is_kept(self) -> bool:
        """Whether what it was sent is still there, as far as can be told without asking it."""

    def reach(self) -> None:
        """Raises `UserError` where the place does not answer."""

    def show(self, record: Record) -> None:
        """Has it show a record, which it may do already.

        Raises:
            UserError, OSError: it does not take it, or what the record names is not there.
        """


class Sent(NamedTuple):
    """What became of the records that waited."""

    sent: Sequence[str]  # ids
    waiting: Sequence[str]
    problems: Sequence[Problem]  # why they wait


@dataclass(frozen=True)
class Queue:
    """The records of a repository, and a tracker that is to show them."""

    store: RunStore
    tracker: Tracker

    def wanted(self) -> list[Record]:
        """The records that the tracker is to show, the oldest first."""
        environment = self.tracker.environment
        return [run for run in self.store.all() if environment in (None, run.environment)]

    def waiting(self) -> list[Record]:
        """Those of them that it has not been sent."""
        wanted = self.wanted()
        if not self.tracker.is_kept():
            return wanted
        return [run for run in wanted if not self._mark(run).exists()]

    def send(self, report: Report) -> Sent:
        """Sends what waits, in the order in which it was made; one sender at a time.

        A record that is refused waits, and the others go on; where the tracker no longer answers,
        all the others wait too.
        """
        if not self.waiting():
            return Sent((), (), ())
        waiting = partial(report, 0, None, f"{self.tracker.name}: waiting for another sender")
        with exclusive(self.tracker.marks / "sending.lock", waiting):
            return self._send(report)

    def _send(self, report: Report) -> Sent:
        waiting, sent, problems = self.waiting(), list[str](), list[Problem]()
        try:
            self.tracker.reach()
        except UserError as error:
            return Sent((), [run.id for run in waiting], error.problems)
        for number, run in enumerate(waiting):
            report(number, len(waiting), f"{self.tracker.name}: {run.id}")
            try:
                self.tracker.show(run)
                self._mark(run).touch()
                sent.append(run.id)
            except (UserError, OSError) as error:
                problems += _problems(run, error)
                try:
                    self.tracker.reach()
                except UserError:
                    break
        return Sent(sent, [run.id for run in waiting if run.id not in sent], problems)

    def has(self, run: Record) -> None:
        """Notes that whoever made the record elsewhere has sent it, or will."""
        self.tracker.marks.mkdir(parents=True, exist_ok=True)
        self._mark(run).touch()

    def _mark(self, run: Record) -> Path:
        return self.tracker.marks / run.id


def _problems(run: Record, error: UserError | OSError) -> Sequence[Problem]:
    """Why a record was not taken; a file or a connection may fail at any moment."""
    if isinstance(error, UserError):
        return error.problems
    fix = "mend what the system says, and start `rml runs publish` again"
    return [Problem(f"runs/{run.id}", error.filename or "", f"the system says: {error}", fix)]

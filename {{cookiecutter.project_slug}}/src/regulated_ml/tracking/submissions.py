"""The folder `runs/.submitted/`: what is known of runs whose jobs have not been collected yet.

A note is written before its job is submitted, and removed after its run is there. So whatever dies
in between, a job that runs has a note; and a note without a job, or beside its run, does no harm.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from pydantic import ValidationError

from regulated_ml.errors import UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Submitted
from regulated_ml.tracking.store import RUN_ID


class Submissions:
    """The notes of one repository and environment."""

    def __init__(self, runs: Path, environment: str) -> None:
        self._folder = runs / ".submitted"
        self._environment = environment

    def all(self) -> list[Submitted]:
        """Every note, the oldest first."""
        notes = [_read(path) for path in self._folder.glob("*.json")]
        own = [note for note in notes if note.environment == self._environment]
        return sorted(own, key=lambda note: (note.started, note.id))

    def add(self, note: Submitted) -> None:
        """Keeps a note, atomically."""
        write_json(self._path(note), note.model_dump(mode="json"))

    def remove(self, note: Submitted) -> None:
        """Forgets a note."""
        self._path(note).unlink(missing_ok=True)

    def held(self, note: Submitted) -> AbstractContextManager[int]:
        """One process at a time submits or finishes a run; others wait where the block begins."""
        return exclusive(self._path(note).with_suffix(".lock"))

    def submitting(self, key: str, when_waiting: Callable[[], None]) -> AbstractContextManager[int]:
        """One process at a time looks for a job of this key and submits one, as there is none."""
        return exclusive(self._folder / f"{key}.lock", when_waiting)

    def _path(self, note: Submitted) -> Path:
        return self._folder / f"{note.id}.json"


def _read(path: Path) -> Submitted:
    try:
        note = Submitted.model_validate(read_json(path))
    except (ValueError, ValidationError) as error:
        raise _refusal(path, "", str(error).splitlines()[0]) from error
    if not RUN_ID.fullmatch(note.id):
        # It names folders below runs/, and one of them is removed.
        raise _refusal(path, note.id, "its id is none of a run")
    return note


def _refusal(path: Path, value: str, why: str) -> UserError:
    fix = "remove the file; the job's outputs stay in the model bucket"
    return UserError.one(str(path), value, f"not a note of a submitted job: {why}", fix)

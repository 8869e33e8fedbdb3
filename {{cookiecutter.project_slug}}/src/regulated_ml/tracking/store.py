"""The folder `runs/`: one folder a run, there as a whole or not at all.

A run is prepared in `runs/.incomplete/ID` and becomes `runs/ID` by one rename, record included.
Each unfinished folder is held by a lock that dies with its process, so what a killed process left
behind is told from what another process is still writing, and swept.
"""

import fcntl
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, sha256, sync, sync_all, write_json
from regulated_ml.identifiers import Problem
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.trail import ADOPTED, FETCHED, MADE, Anchor, Finding, Trail, verify

RUNS = "runs"  # the folder of the runs, below the repository's root
RECORD = "record.json"
BESIDE_ARTIFACTS = {RECORD, "job.log"}  # what a run's folder holds, and no record lists
LATEST = "latest.json"  # step -> the run that was made or found up to date last
BEFORE_THE_TRAIL = 1  # the version of records that are from before there was a trail
RUN_ID = re.compile(r"^[a-z]+-\d{8}-\d{6}-[0-9a-f]{6}$")


class Unfinished(NamedTuple):
    """A run that is being made."""

    id: str
    folder: Path
    lock: int  # descriptor; a child that inherits it keeps the folder from being swept


class RunStore:
    """The finished runs of one repository, and the place where new ones are made.

    Args:
        folder: where they lie.
        environment: whose runs `latest` and `current` are about; None: those of every environment.
    """

    def __init__(self, folder: Path, environment: str | None = None) -> None:
        self.folder = folder
        self._environment = environment
        self._incomplete = folder / ".incomplete"
        self.trail = Trail(folder)

    def folder_of(self, run: Record | str) -> Path:
        """Where the artefacts of a run lie."""
        return self.folder / (run if isinstance(run, str) else run.id)

    def all(self) -> list[Record]:
        """Every finished run, the oldest first; a record that cannot be read is an error.

        The trail tells which came first: a clock may have been set back in between, and a record
        fetched from elsewhere has the times of another clock. What is in no trail goes by time.
        """
        numbers = self.trail.numbers()
        runs = [read_record(path) for _, path in self.records()]
        last = len(numbers) + 1
        return sorted(runs, key=lambda run: (numbers.get(run.id, last), run.ended, run.id))

    def get(self, name: str) -> Record:
        """The run of this id or unique beginning of one, or the latest run of a step's name."""
        latest = self.latest(name)
        found = [latest] if latest else [r for r in self._own() if name and r.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        raise self.no_such(name, "several runs begin so" if found else "")

    def no_such(self, name: str, rule: str = "") -> UserError:
        """The error of a name that is none of a run."""
        where = f"no run in {self._environment}" if self._environment else "no run"
        rule = rule or f"{where} has this id, and no step this name"
        others = {run.environment for run in self.all() if name and run.id.startswith(name)}
        shown = next(iter(sorted(others)), self._environment)
        env = f"--env {shown} " if shown not in (None, "local") else ""
        return UserError.one("RUN", name, rule, f"`rml {env}runs list` shows the runs")

    def latest(self, step: str) -> Record | None:
        """The run of `step` that was made, or found up to date, last."""
        runs = {run.id: run for run in self._own() if run.step == step}
        pointed = self._pointers().get(_pointer(step, self._environment))
        return runs.get(str(pointed)) or next(reversed(runs.values()), None)

    def point_to(self, run: Record) -> None:
        """Makes a run the latest of its step, when an earlier one has been found up to date."""
        pointer = _pointer(run.step, run.environment)
        write_json(self.folder / LATEST, {**self._pointers(), pointer: run.id})

    def _own(self) -> list[Record]:
        return [run for run in self.all() if self._environment in (None, run.environment)]

    def _pointers(self) -> dict[str, str]:
        path = self.folder / LATEST
        try:
            content = read_json(path) if path.is_file() else {}
        except ValueError:
            content = {}  # by time alone, then: the file is a convenience and no record
        return content if isinstance(content, dict) else {}

    def current(self, step: str, key: str) -> Record | None:
        """The latest run of `step` with this key whose artefacts are all still what they were."""
        runs = [run for run in self._own() if run.step == step and run.key == key]
        return next((run for run in reversed(runs) if not self.damage(run)), None)

    def damage(self, run: Record) -> list[str]:
        """The artefacts of a run that are missing, or are no longer what the record says."""
        folder = self.folder_of(run)
        return [item.path for item in run.artifacts if _is_damaged(folder / item.path, item)]

    def added(self, run: Record) -> list[str]:
        """The files in the folder of a run that are none of its artefacts."""
        folder = self.folder_of(run)
        known = {item.path for item in run.artifacts} | BESIDE_ARTIFACTS
        files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
        return sorted({path.relative_to(folder).as_posix() for path in files} - known)

    def check_whole(self, run: Record, items: Iterable[Artifact]) -> None:
        """Raises one `UserError` that names every artefact that is not what the record says."""
        folder = self.folder_of(run)
        rule = "the artefact is missing, or its bytes are not those of the run's record"
        fix = "start `rml run`: it makes the step again"
        problems = [
            Problem(f"runs/{run.id}", item.path, rule, fix)
            for item in items
            if _is_damaged(folder / item.path, item)
        ]
        if problems:
            raise UserError(problems, ExitStatus.DATA)

    @contextmanager
    def writing(self, step: str, run_id: str = "") -> Iterator["Unfinished"]:
        """An empty folder for a new run, or for the one of an id; it is gone after the block.

        Call `finish` inside the block to keep the run.
        """
        run_id = run_id or new_id(step)
        folder = self._incomplete / run_id
        lock = self._incomplete / f"{run_id}.lock"
        with ExitStack() as held:
            # The registry's lock keeps another process from sweeping between creating and locking.
            with exclusive(self._incomplete / "registry"):
                with self.trail.held():
                    self._adopt()  # here, so that a missing trail is said before a job costs time
                    self._settle()
                self._sweep()
                handle = held.enter_context(lock.open("w"))
                fcntl.flock(handle, fcntl.LOCK_EX)
                folder.mkdir()
            held.callback(lock.unlink, missing_ok=True)
            held.callback(self._discard, folder)
            yield Unfinished(run_id, folder, handle.fileno())

    def finish(self, folder: Path, record: Record) -> Record:
        """Writes the record into `folder`, adds it to the trail and makes the folder a run.

        The entry of the trail decides: a run that has one is there, and `settle` makes up for a
        rename that a kill has kept from happening. So all of the run is on the disk before it has.
        """
        write_json(folder / RECORD, record.model_dump(mode="json"))
        self._keep(folder, record.id, MADE)
        return record

    def take(self, folder: Path, run_id: str) -> Record:
        """Makes a run of a folder whose record was made elsewhere, and stays as it is there."""
        record = read_record(folder / RECORD)
        self._keep(folder, run_id, FETCHED)
        return record

    def _keep(self, folder: Path, run_id: str, kind: str) -> None:
        sync_all(folder)
        sync(self._incomplete, self.folder)
        with self.trail.held():
            self._adopt()
            self._settle()
            self.trail.append(kind, run_id, folder / RECORD)
            self._settle()

    def readable(self) -> list[Record]:
        """Every finished run whose record can be read."""
        runs = []
        for _, path in self.records():
            with suppress(UserError):
                runs.append(read_record(path))
        return runs

    def records(self) -> Iterator[tuple[str, Path]]:
        """The id and the record's file of every run that is there, readable or not."""
        for path in self.folder.glob(f"*/{RECORD}"):
            if RUN_ID.match(path.parent.name):
                yield path.parent.name, path

    def leftovers(self) -> list[str]:
        """The unfinished runs that killed processes have left behind; the next run removes them."""
        return sorted(lock.stem for lock in self._incomplete.glob("*.lock") if _is_free(lock))

    def settle(self) -> None:
        """Makes a run of what a killed process had added to the trail and not renamed yet."""
        with self.trail.held():
            self._settle()

    def verify(self, anchors: Sequence[Anchor] = ()) -> list[Finding]:
        """Everything in which the trail, the records and the anchors disagree.

        It is read while nobody adds to the trail: a run that another process has just made would
        look inserted, or removed. What a kill left out is made up for first, and is no finding.
        """
        with self.trail.held():
            with suppress(UserError):  # an end that is no entry is among the findings
                self._settle()
            return verify(self.trail, self.records, anchors)

    def _settle(self) -> None:
        last = self.trail.last()
        if last is None or self.folder_of(last.id).exists():
            return
        prepared = self._incomplete / last.id
        if (prepared / RECORD).is_file() and sha256(prepared / RECORD) == last.record:
            prepared.rename(self.folder_of(last.id))
            sync(self.folder)

    def _discard(self, folder: Path) -> None:
        """Removes an unfinished folder; of a run that the trail names already it makes the run."""
        if not folder.exists():
            return
        with self.trail.held():
            if self._is_newest(folder.name):
                self._settle()
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _is_newest(self, run_id: str) -> bool:
        try:
            last = self.trail.last()
        except UserError:
            return False  # nothing is added to a trail whose end is no entry
        return last is not None and last.id == run_id

    def _adopt(self) -> None:
        """Begins the trail with the runs that are older than it.

        Raises:
            UserError: there are runs that had a trail, and it is gone.
        """
        if self.trail.last() is not None:
            return
        runs = self.all()
        if any(run.schema_version > BEFORE_THE_TRAIL for run in runs):
            rule = "the audit trail is missing, although runs of a version that keeps one are there"
            fix = "restore it from its backup; rml runs verify names the runs that are not in it"
            raise UserError.one(str(self.trail.path), "", rule, fix)
        if runs:
            self.trail.begin(ADOPTED, {run.id: self.folder_of(run) / RECORD for run in runs})

    def _sweep(self) -> None:
        """Removes what processes left behind that no longer live."""
        for lock in self._incomplete.glob("*.lock"):
            with lock.open("w") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its process is alive
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)


def new_id(step: str) -> str:
    """The id of a run that starts now."""
    return f"{step}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def artifacts(folder: Path, *, leave_out: str) -> tuple[Artifact, ...]:
    """Every file below `folder` but one with its size and hash, sorted by path."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / leave_out)
    return tuple(
        Artifact(
            path=path.relative_to(folder).as_posix(),
            bytes=path.stat().st_size,
            sha256=sha256(path),
        )
        for path in paths
    )


def _pointer(step: str, environment: str | None) -> str:
    """The key of a step in the file of pointers; `local` is the environment without a name."""
    return step if environment in (None, "local") else f"{environment}/{step}"


def read_record(path: Path) -> Record:
    """The record that lies in a file; `UserError` where it is none."""
    try:
        return Record.model_validate(read_json(path))
    except (ValueError, ValidationError) as error:
        rule = f"not a record of a run: {str(error).splitlines()[0]}"
        fix = (
            f"restore it from a backup, or from {path.parent.name}/{RECORD} in the model bucket; "
            "where there is neither, move its folder out of runs/: `rml runs verify` goes on "
            "saying that it is gone, and the step has to be run anew"
        )
        raise UserError.one(str(path), "", rule, fix) from error


def _is_free(lock: Path) -> bool:
    """Whether the process that has held a lock lives no longer."""
    try:
        with lock.open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False  # the run was finished, or another process has removed it
    except BlockingIOError:
        return False
    return True


def _is_damaged(path: Path, item: Artifact) -> bool:
    if not path.is_file() or path.stat().st_size != item.bytes:
        return True
    return sha256(path) != item.sha256

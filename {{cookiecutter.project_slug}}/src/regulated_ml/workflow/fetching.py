"""Brings runs that others have made: their records and artefacts, from beside the models in S3.

Nothing that comes is believed. A run is taken as a whole, each artefact by its hash, and where the
trail's bucket names the record, the record by its hash; else it is refused and nothing of it kept.
"""

import shutil
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report
from regulated_ml.settings import Settings
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.store import RECORD, RunStore, artifacts, read_record
from regulated_ml.workflow import publishing
from regulated_ml.workflow.steps import STEP

if TYPE_CHECKING:
    from regulated_ml.platforms.sagemaker.keeping import Kept
    from regulated_ml.platforms.sagemaker.storage import Storage

FIX = "nothing of it was kept: ask whoever made it, and find out who can write to the model bucket"


class Fetched(NamedTuple):
    """What came, and what was refused."""

    runs: list[Record]
    here_already: int
    unanchored: list[str]  # of what came, the ids that no entry in the trail's bucket names
    problems: list[Problem]


class Found(NamedTuple):
    """A record that lies in S3, and a copy of its file."""

    record: Record
    file: Path


def fetch(settings: Settings, store: RunStore, report: Report) -> Fetched:
    """Takes every run of the environment that lies in S3 and not here, parents first.

    Raises:
        UserError: AWS is not reached, or does not let us read.
    """
    from regulated_ml.platforms.sagemaker import keeping
    from regulated_ml.platforms.sagemaker.storage import Storage
    from regulated_ml.security import clients

    clients.identity(settings)
    client = clients.client(settings, "s3")
    storage = Storage(settings, client)
    waiting = partial(report, 0, None, "waiting for another fetch")
    with exclusive(store.folder / ".fetching.lock", waiting), TemporaryDirectory() as folder:
        ids = keeping.record_ids(settings, client)
        here = {run_id for run_id, _ in store.records()} & set(ids)
        anchors = keeping.anchors(settings, client) or []
        found, problems = _records(
            storage, [i for i in ids if i not in here], anchors, Path(folder)
        )
        runs = []
        for number, each in enumerate(_parents_first(found)):
            report(number, len(found), f"fetching {each.record.id}")
            try:
                runs.append(_take(store, storage, each, report))
            except UserError as error:
                problems += [one._replace(field=f"runs/{each.record.id}") for one in error.problems]
    _note(settings, store, runs)
    named = {each.id for each in anchors}
    return Fetched(runs, len(here), [run.id for run in runs if run.id not in named], problems)


def _records(
    storage: "Storage", ids: Iterable[str], anchors: Sequence["Kept"], folder: Path
) -> tuple[list[Found], list[Problem]]:
    """The records of these runs that are records, and why the others are none."""
    from regulated_ml.platforms.interface import report_nothing
    from regulated_ml.platforms.sagemaker import naming

    found, problems = [], []
    for run_id in ids:
        file = folder / f"{run_id}.json"
        place = naming.outputs(storage.settings, run_id)
        try:
            storage.fetch_one(place, RECORD, file, report_nothing)
            record = read_record(file)
        except UserError as error:
            problems += [each._replace(field=f"runs/{run_id}", fix=FIX) for each in error.problems]
            continue
        hashes = {each.record for each in anchors if each.id == run_id}
        if rule := _mistake(record, run_id, storage.settings.environment, sha256(file), hashes):
            problems.append(Problem(f"runs/{run_id}", RECORD, rule, FIX))
        else:
            found.append(Found(record, file))
    return found, problems


def _mistake(
    record: Record, run_id: str, environment: str, digest: str, anchored: Collection[str]
) -> str:
    """Why a record is not taken, if it is not."""
    if record.id != run_id:
        return f"it is the record of another run, {record.id}"
    if record.environment != environment:
        return f"it is the record of a run in {record.environment}"
    if record.remote and record.step not in STEP:
        return f"it is said to be of a job, and {record.step} is none"
    if anchored and anchored != {digest}:
        return "it was changed: an entry in the trail's bucket has another hash of it"
    return ""


def _parents_first(found: Sequence[Found]) -> list[Found]:
    """The records in the order in which they can follow each other in a trail."""
    ordered: list[Found] = []
    waiting = sorted(found, key=lambda each: (each.record.ended, each.record.id))
    while waiting:
        ids = {each.record.id for each in waiting}
        ready = [each for each in waiting if not ids & set(each.record.parents)]
        ordered += ready or waiting  # records that go back to each other are taken as they come
        waiting = [each for each in waiting if ready and each not in ready]
    return ordered


def _take(store: RunStore, storage: "Storage", found: Found, report: Report) -> Record:
    record = found.record
    with store.writing(record.step, record.id) as unfinished:
        _collect(storage, record, unfinished.folder, report)
        _check(record.artifacts, artifacts(unfinished.folder, leave_out=RECORD))
        shutil.copy(found.file, unfinished.folder / RECORD)
        return store.take(unfinished.folder, record.id)


def _collect(storage: "Storage", record: Record, folder: Path, report: Report) -> None:
    """Lays the artefacts of a run into a folder."""
    from regulated_ml.platforms.sagemaker import collecting, naming
    from regulated_ml.tracking.trackers.buckets import OUTPUT

    own = naming.outputs(storage.settings, record.id)
    if record.remote is None:
        storage.fetch(own._replace(prefix=f"{own.prefix}{OUTPUT}/"), folder, report)
        return
    outputs = str(record.remote.facts.get("outputs"))
    if not outputs.startswith(str(own)):
        rule = f"its outputs are said to lie elsewhere than at {own}"
        raise UserError.one("record", outputs, rule, FIX)
    collecting.collect(STEP[record.step].kind, outputs, storage, folder, report)


def _check(named: Sequence[Artifact], there: Sequence[Artifact]) -> None:
    """Raises one `UserError` that names every file that is not what the record says."""
    expected, found = ({item.path: item for item in each} for each in (named, there))
    problems = [
        Problem("", path, _difference(path in found, path in expected), FIX)
        for path in sorted(expected.keys() | found.keys())
        if expected.get(path) != found.get(path)
    ]
    if problems:
        raise UserError(problems, ExitStatus.DATA)


def _difference(is_there: bool, is_named: bool) -> str:
    if not is_there:
        return "the run is not whole: the artefact is not in S3"
    return "its bytes are not those of the record" if is_named else "the record does not name it"


def _note(settings: Settings, store: RunStore, runs: Sequence[Record]) -> None:
    """Notes that whoever made the runs shows them; this clone's trail is its own to anchor."""
    from regulated_ml.tracking.trackers.buckets import AnchoredTrail

    for queue in publishing.queues(settings, store):
        if not isinstance(queue.tracker, AnchoredTrail):
            for run in runs:
                queue.has(run)

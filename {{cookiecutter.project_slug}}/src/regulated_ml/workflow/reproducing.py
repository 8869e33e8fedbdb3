"""Makes a run again from its record, and all that it goes back to, and compares every byte.

A record names a commit, a table, a lock file, modules and parameters. From these alone the steps
are run once more: the commit is checked out beside the work tree, the locked environment is set up,
the table is found by its fingerprint, and each job reads what the jobs before it have made anew.
Nothing of the earlier run is read but to be compared.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.archive import mistake_in_model
from regulated_ml.platforms.interface import LOG, MODEL_ARCHIVE, Job, Report
from regulated_ml.platforms.local import LocalPlatform
from regulated_ml.settings import Settings
from regulated_ml.tracking import unequal
from regulated_ml.tracking.git import Git, WorkTrees
from regulated_ml.tracking.records import Input, Record
from regulated_ml.tracking.registry import find
from regulated_ml.tracking.store import RECORD, RUNS, RunStore
from regulated_ml.workflow import evidence, explaining, interpreters, recovering
from regulated_ml.workflow.interpreters import Interpreter
from regulated_ml.workflow.requests import TABLE
from regulated_ml.workflow.steps import STEP


@dataclass(frozen=True)
class Wish:
    """How it is to be done, where the record is not to decide."""

    python: str = ""  # a minor version; empty: that of the run
    as_installed: bool = False  # with the Python that runs us, whatever is installed there
    table: Path | None = None  # a file to take the table from


@dataclass(frozen=True)
class Difference:
    """An artefact that did not come out again."""

    path: str
    what: str  # another content; not made again; not in the record; damaged here
    place: str = ""  # the first difference
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Again:
    """A run, and what came out when it was made again."""

    run: Record
    folder: Path  # of what was made; gone when all is compared
    interpreter: Interpreter
    identical: tuple[str, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]  # of what is not as it was, and may be why files differ
    damaged: tuple[str, ...] = field(default=())  # artefacts here that are not those of the record


def targets(settings: Settings, name: str) -> list[Record]:
    """The runs that a name stands for: a run, or all that a model version rests on.

    Without a name they are the latest model, and what was found about it.

    Raises:
        UserError: there is no such run or version, or its record is damaged.
    """
    own = RunStore(settings.root / RUNS, settings.environment)
    if not name:
        return evidence.gather(own, own.get("train"))
    every = RunStore(own.folder)
    if name[:1] == "v" and name[1:].isdecimal():
        return _of_act(find(every.all(), name).registered, every.all())
    run = own.get(name)
    return [run] if run.step in STEP else _of_act(run, every.all())


def _of_act(act: Record, known: Sequence[Record]) -> list[Record]:
    """The jobs' runs that an act of a person rests on."""
    by_id = {run.id: run for run in known}
    if lost := [name for name in act.parents if name not in by_id]:
        raise _lost(act, lost)
    parents = [by_id[name] for name in act.parents]
    return [
        each for run in parents for each in ([run] if run.step in STEP else _of_act(run, known))
    ]


def chain(wanted: Iterable[Record], known: Sequence[Record]) -> list[Record]:
    """These runs and all that they go back to, parents before their children.

    Raises:
        UserError: a record of one of them is lost.
    """
    by_id = {run.id: run for run in known}
    ordered: dict[str, Record] = {}

    def add(run: Record) -> None:
        if run.id in ordered:
            return
        if lost := [name for name in run.parents if name not in by_id]:
            raise _lost(run, lost)
        for name in run.parents:
            add(by_id[name])
        ordered[run.id] = run

    for run in wanted:
        add(run)
    return list(ordered.values())


def _lost(run: Record, lost: Sequence[str]) -> UserError:
    rule = f"{run.id} goes back to it, and there is no record of it"
    fix = "`rml runs verify` says whether it was removed; restore runs/ from its backup"
    return UserError([Problem("RUN", name, rule, fix) for name in lost], ExitStatus.DATA)


def reproduce(
    settings: Settings, runs: Sequence[Record], wish: Wish, report: Report
) -> list[Again]:
    """Makes runs again, in their order, and compares.

    Args:
        settings: of the repository; its configuration plays no part, the records' does.
        runs: each after all that it goes back to.
        wish: what the records are not to decide.
        report: is told how far it is.

    Raises:
        UserError: a run cannot be made again, or one of the jobs failed.
    """
    store = RunStore(settings.root / RUNS)
    _check(runs, store)
    git = Git(settings.root)
    if lost := [run for run in runs if not git.has(str(run.commit.sha))]:
        raise git.lost(str(lost[0].commit.sha))
    done: list[Again] = []
    with git.beside() as trees:
        for number, run in enumerate(runs):
            report(number, len(runs), f"{run.step} again")
            done.append(_again(settings, store, run, trees, wish, done, report))
        report(len(runs), len(runs), "compared")
    return done


def _check(runs: Sequence[Record], store: RunStore) -> None:
    """Everything that can be known before a job costs time, all at once."""
    problems = [problem for run in runs for problem in _problems(run, store)]
    if problems:
        raise UserError(problems, ExitStatus.DATA)


def _problems(run: Record, store: RunStore) -> Iterable[Problem]:
    place = f"runs/{run.id}"
    if run.commit.sha is None:
        rule = f"its code is in no commit ({run.commit.note}), so it cannot be checked out"
        yield Problem(place, "", rule, "commit the code, and start `rml run --force`")
    if not run.inputs:
        rule = "its record is of an early version, which does not name what the job was given"
        yield Problem(place, str(run.schema_version), rule, "start `rml run --force`")
    archive = store.folder_of(run) / MODEL_ARCHIVE
    if archive.is_file() and (mistake := mistake_in_model(archive)):
        rule = f"nothing of it is read: {mistake}"
        fix = "find out who wrote it: `rml runs verify` tells whether it was changed since the run"
        yield Problem(place, MODEL_ARCHIVE, rule, fix)


def _again(
    settings: Settings,
    store: RunStore,
    run: Record,
    trees: WorkTrees,
    wish: Wish,
    before: Sequence[Again],
    report: Report,
) -> Again:
    tree = trees.of(str(run.commit.sha))
    interpreter = _interpreter(settings.root, tree, run, wish, report)
    made = {each.run.id: each for each in before}
    folders = {name: each.folder for name, each in made.items()}
    table = None
    if any(each.run is None for each in run.inputs):
        table = recovering.table(settings, run, tree, interpreter.python, report, wish.table)
    channels = _channels(run, folders, table)
    logs = store.folder / ".failed"  # the log of a job that fails outlives the work tree
    folder = _executed(run, trees, logs, tree, interpreter, channels, report)
    damaged = store.damage(run)
    identical, differences = _compared(run, store.folder_of(run), folder, damaged)
    others = [made[name].run.step for name in run.parents if made[name].differences]
    return Again(
        run=run,
        folder=folder,
        interpreter=interpreter,
        identical=tuple(identical),
        differences=tuple(differences),
        notes=(*_not_as_recorded(run, store), *explaining.notes(run, tree, interpreter, others)),
        damaged=tuple(damaged),
    )


def _not_as_recorded(run: Record, store: RunStore) -> Iterable[str]:
    """That the record is not the one in the audit trail: then what it says is no measure."""
    entries = {entry.id: entry for entry in store.trail.entries()}
    entry = entries.get(run.id)
    if entry is None or entry.record != sha256(store.folder_of(run) / RECORD):
        yield "the record of the run is not as the audit trail has it: rml runs verify tells more"


def _interpreter(root: Path, tree: Path, run: Record, wish: Wish, report: Report) -> Interpreter:
    if wish.as_installed:
        return interpreters.running(tree)
    version = wish.python or interpreters.minor(run.dependencies.python)
    return interpreters.locked(root, tree, version, report)


def _channels(run: Record, folders: Mapping[str, Path], table: Path | None) -> dict[str, Path]:
    """What the job is given: artefacts that were made anew, and the table."""
    channels = {}
    for each in run.inputs:
        if each.run is None and table is not None:
            channels[TABLE] = table
        elif each.run is not None:
            channels[each.channel] = folders[each.run] / _read_path(each)
    return channels


def _read_path(given: Input) -> str:
    """The artefact that a channel was given: a file, or the folder that its files lie in."""
    path = given.files[0].path
    return path if "/" in given.channel else path.partition("/")[0]


def _executed(
    run: Record,
    trees: WorkTrees,
    logs: Path,
    tree: Path,
    interpreter: Interpreter,
    channels: Mapping[str, Path],
    report: Report,
) -> Path:
    """Runs the job of a record anew; gives the folder with its outputs."""
    folder = trees.folder / "runs" / run.id
    folder.mkdir(parents=True)
    kind = STEP[run.step].kind
    checkpoints = trees.folder / "checkpoints" / run.id if kind == "training" else None
    job = Job(run.id, kind, run.module, channels, run.parameters, checkpoints)
    running = LocalPlatform(tree, logs, interpreter.python).start(job, folder, (trees.lock,))
    try:
        running.wait(report)
    except BaseException:
        running.stop()
        raise
    if checkpoints:
        shutil.rmtree(checkpoints, ignore_errors=True)
    return folder


def _compared(
    run: Record, before: Path, after: Path, damaged: Sequence[str]
) -> tuple[list[str], list[Difference]]:
    """The artefacts of a record that came out the same, and how each other one differs."""
    identical, differences = [], []
    for item in run.artifacts:
        path = after / item.path
        if not path.is_file():
            differences.append(Difference(item.path, "was not made again"))
        elif path.stat().st_size == item.bytes and sha256(path) == item.sha256:
            identical.append(item.path)
        elif item.path in damaged:
            what = "differs from the record; the run's own file is of no help, it was changed since"
            differences.append(Difference(item.path, what))
        else:
            found = unequal.first(before / item.path, path)
            differences.append(Difference(item.path, "differs", *found))
    known = {LOG, *(item.path for item in run.artifacts)}
    made = {path.relative_to(after).as_posix() for path in after.rglob("*") if path.is_file()}
    differences += [Difference(path, "is not in the record") for path in sorted(made - known)]
    return identical, differences

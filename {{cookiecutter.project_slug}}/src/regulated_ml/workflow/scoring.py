"""Scores a portfolio by a version of the model, here or on SageMaker, and keeps it as a run.

The job's scores lie in the run, by hash, and a copy where they were asked for. The same command
started again does nothing twice: a killed job goes on behind the last piece that it has written,
and what was scored already is copied again.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing, sha256
from regulated_ml.identifiers import Problem
from regulated_ml.jobs.score import FEATURES, SCORES
from regulated_ml.platforms.interface import Report
from regulated_ml.tracking.records import Data, Record
from regulated_ml.tracking.registry import Version
from regulated_ml.workflow import deploying, evidence
from regulated_ml.workflow.requests import Order, Table
from regulated_ml.workflow.running import Workflow
from regulated_ml.workflow.steps import SCORE

FORMS = {".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Wanted:
    """What is to be scored, and what is wanted of it.

    Args:
        source: the clients: CSV with a header, or Parquet.
        output: where the scores go, CSV or Parquet by its suffix.
        reasons: whether each declined client's reasons are wanted.
        captures: whether the rows are captured as an endpoint captures requests.
        overwrite: whether a file that is there already may be replaced.
        force: whether it is scored again although that was done.
    """

    source: Path
    output: Path
    reasons: bool = False
    captures: bool = False
    overwrite: bool = False
    force: bool = False


class Scored(NamedTuple):
    """What became of it."""

    run: Record
    fresh: bool  # False: these very rows had been scored by this version before
    captured: int  # rows
    note: str  # what the reader should know of the code that made the features; or nothing


def score(workflow: Workflow, version: Version, wanted: Wanted, report: Report) -> Scored:
    """Scores a file; the output is there as a whole, or not at all.

    Raises:
        UserError: everything that speaks against it, or what the job says.
    """
    settings, store = workflow.settings, workflow.store
    runs = {run.step: run for run in evidence.of_version(store, version.registered)}
    objections = [*deploying.objections(settings, version)]
    mistakes = [*objections, *_mistakes(wanted)]
    if "train" not in runs:
        fix = f"fetch it: {evidence.command(version.registered.environment)} runs fetch"
        place = f"runs/{version.registered.parameters['model']}"
        mistakes.append(Problem(place, "", "the training of the version is here", fix))
    if mistakes:
        raise UserError(mistakes, ExitStatus.FOUND if objections else ExitStatus.USAGE)
    report(0, None, "reading the rows")
    model, path = runs["train"], wanted.source.resolve()
    data = Data(
        name=wanted.source.name,
        state="unverified",
        fingerprint=sha256(path),
        rows=0,  # the job counts them
        file=str(path.relative_to(settings.root) if path.is_relative_to(settings.root) else path),
    )
    changes = {
        "reason_codes": settings.model.explanation.reason_codes if wanted.reasons else 0,
        "keep_features": wanted.captures,
        "form": FORMS[wanted.output.suffix.lower()],
    }
    order = Order(SCORE, [model], Table(path, data), changes, force=wanted.force)
    outcome = workflow.run(order, report)
    folder = store.folder_of(outcome.run) / SCORES
    _copy(folder / f"{SCORES}.{changes['form']}", wanted)
    captured = 0
    if wanted.captures:
        from regulated_ml.workflow import capturing

        report(0, None, "capturing")
        captured = capturing.capture(settings, store, version, outcome.run, folder / FEATURES)
    code = runs["prepare"].code if "prepare" in runs else None
    note = "" if code == outcome.run.code else _other_code(version)
    return Scored(outcome.run, outcome.fresh, captured, note)


def _mistakes(wanted: Wanted) -> list[Problem]:
    found = []
    if not wanted.source.is_file():
        kind = "a folder" if wanted.source.is_dir() else "missing"
        rule = f"a file with the clients to score; it is {kind}"
        found.append(Problem("--input", str(wanted.source), rule, "check the path"))
    if wanted.output.suffix.lower() not in FORMS:
        fix = "let its name end in .csv or .parquet"
        found.append(Problem("--output", str(wanted.output), "CSV or Parquet", fix))
    if wanted.output.is_dir() or (wanted.output.exists() and not wanted.overwrite):
        rule = "a file that is not there yet"
        fix = "name another one, or add --overwrite"
        found.append(Problem("--output", str(wanted.output), rule, fix))
    if not wanted.output.absolute().parent.is_dir():
        rule = "its folder is there"
        found.append(Problem("--output", str(wanted.output), rule, "make it, or check the path"))
    return found


def _copy(scores: Path, wanted: Wanted) -> None:
    with replacing(wanted.output.absolute()) as temporary:
        shutil.copyfile(scores, temporary)


def _other_code(version: Version) -> str:
    return (
        f"the code is not that of {version.name}: should build_features have changed since, the "
        "scores are those of other features; a work tree of the version's commit has its code"
    )

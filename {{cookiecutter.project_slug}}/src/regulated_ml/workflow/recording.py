"""The record of a run, in two halves: what is known when its job starts, and what came out."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from regulated_ml import __version__
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.platforms.interface import LOG
from regulated_ml.settings import Settings
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import (
    Begun,
    Data,
    Dependencies,
    Guard,
    Record,
    Remote,
)
from regulated_ml.tracking.store import artifacts
from regulated_ml.workflow.requests import Subject
from regulated_ml.workflow.steps import STEP, Metric


def begun(
    settings: Settings,
    subject: Subject,
    run_id: str,
    started: datetime,
    container: Dependencies | None = None,
    caller: str | None = None,
) -> Begun:
    """The first half of a record.

    Args:
        settings: of the environment.
        subject: what it is of.
        run_id: of the run.
        started: when.
        container: what the job runs with, where that is not this Python.
        caller: who the platform takes us for, where it is asked.
    """
    commit = facts.commit(settings.root)
    installed = container or facts.dependencies(settings.root)
    return Begun(
        id=run_id,
        step=subject.step,
        key=subject.key,
        parents=subject.parents,
        environment=settings.environment,
        standard=__version__,
        module=subject.module,
        command=tuple(sys.argv[1:]),
        started=_text(started),
        identity=facts.identity().model_copy(update={"aws": caller}),
        commit=commit,
        data=subject.tables[-1],
        code=subject.code,
        parameters=subject.parameters,
        inputs=subject.inputs,
        dependencies=installed,
        guard=_guard(settings),
        warnings=(
            *facts.commit_warnings(commit),
            *([] if container else facts.dependency_warnings(settings.root, installed)),
            *_data_warnings(subject.tables),
        ),
    )


def _guard(settings: Settings) -> Guard | None:
    """The controls and exceptions in force; `local` asks nothing of AWS."""
    if settings.platform is None:
        return None
    from regulated_ml.security import catalogue, exceptions

    text = json.dumps(catalogue.plan(settings), sort_keys=True, separators=(",", ":"))
    return Guard(
        controls=hashlib.sha256(text.encode()).hexdigest(),
        exceptions=tuple(exceptions.in_force(settings)),
    )


def finished(
    first: Begun,
    folder: Path,
    ended: datetime,
    seconds: float,
    remote: Remote | None = None,
    metrics: Mapping[str, float | int | str] | None = None,
) -> Record:
    """The whole record of a run whose outputs lie in `folder`.

    Without `metrics` they are read from what the job wrote, as the step's row says.

    Raises:
        UserError: an output that the record's metrics come from is missing or no JSON.
    """
    return Record(
        **{name: getattr(first, name) for name in Begun.model_fields},
        ended=_text(ended),
        seconds=round(seconds, 3),
        metrics=_metrics(folder, STEP[first.step].metrics) if metrics is None else metrics,
        artifacts=artifacts(folder, leave_out=LOG),
        remote=remote,
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _metrics(folder: Path, rows: Sequence[Metric]) -> dict[str, Any]:
    """The numbers of the record, read from what the job wrote; one that is null is left out."""
    contents = {name: _output(folder / name) for name in {row.file for row in rows}}
    values = {}
    for row in rows:
        value = contents[row.file]
        for part in row.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            values[row.name] = value
    return values


def _output(path: Path) -> Any:
    try:
        return read_json(path)
    except (FileNotFoundError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        rule = "the job did not write it" if missing else f"what the job wrote is no JSON: {error}"
        fix = "have the step's module write it as the standard's own does"
        raise UserError.one("output", path.name, rule, fix) from error


# What a reader should know of the table that a run, or a run that it goes back to, has read.
STATE_WARNINGS = {
    "synthetic": "Rows are synthetic: nothing here says how the model does on real clients.",
    "unverified": "A table is unverified: its hash is not the one in dataset.yaml.",
}


def _data_warnings(tables: Sequence[Data]) -> list[str]:
    states = {table.state for table in tables}
    said = [sentence for state, sentence in STATE_WARNINGS.items() if state in states]
    if violations := max(table.violations for table in tables):
        said.append(
            f"A table breaks rules of dataset.yaml in {violations} places: `rml data check`."
        )
    return said

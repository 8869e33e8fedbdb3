"""Gathers what the pages show: the latest model, what was found about it, and its table."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import regulated_ml
from regulated_ml.data import tables
from regulated_ml.data.describe import describe
from regulated_ml.data.schema import check
from regulated_ml.data.source import locate
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.platforms.interface import Report
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.site import FILES, INDEX, build_site
from regulated_ml.reports.words import ColumnWords, Vocabulary
from regulated_ml.security import exceptions
from regulated_ml.settings import Column, Settings
from regulated_ml.tracking.facts import code_hash, source_files
from regulated_ml.tracking.records import Data, Record
from regulated_ml.tracking.store import RunStore

REPORTS = "reports"
MADE_FROM = ".made-from.json"  # in the site's folder: what its pages were made from


def build(
    settings: Settings, store: RunStore, report: Report, *, force: bool = True
) -> tuple[list[Path], bool]:
    """Builds the site of the latest model, unless it is up to date.

    Returns the pages, the start page first, and whether they were made anew.
    """
    runs = _chain(store)
    if not runs:
        rule = "there is no run to report on"
        raise UserError.one("run", "", rule, "start `rml run`: it makes the runs and the pages")
    source = _source(settings, runs)
    note = settings.root / REPORTS / MADE_FROM
    if not force and (pages := _pages_made_from(source, note)):
        return pages, False
    site = content(settings, store, runs, report)
    notes = {MADE_FROM: json.dumps({"source": source})}
    return build_site(site, settings.root / REPORTS, report, notes=notes), True


def _source(settings: Settings, runs: Sequence[Record]) -> str:
    """A hash of all that the pages depend on: runs, configuration, and the code that draws them."""
    standard = Path(regulated_ml.__file__).parent
    rooms = ("data", "reports", "workflow")
    code = [path for room in rooms for path in source_files(standard / room)]
    parts = [
        *(run.id for run in runs),
        settings.model_dump_json(exclude={"root"}),
        code_hash(standard, code),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _pages_made_from(source: str, note: Path) -> list[Path]:
    """The pages of the site that is there, if it was made from just this and is whole."""
    start = note.with_name(INDEX)
    if not note.is_file() or not start.is_file():
        return []
    try:
        made_from = read_json(note)
    except ValueError:
        made_from = None  # whatever it is, it does not say what the pages were made from
    if made_from != {"source": source}:
        return []
    linked = start.read_text(encoding="utf-8")
    names = [name for name in FILES if f'href="{name}"' in linked]
    pages = [start, *(note.with_name(name) for name in names if name != INDEX)]
    return pages if all(page.is_file() for page in pages) else []


def content(
    settings: Settings,
    store: RunStore,
    runs: Sequence[Record],
    report: Report,
    *,
    describe_table: bool = True,
) -> SiteInput:
    """What pages about these runs show; the table is described where it is still the same."""
    latest = {run.step: run for run in runs}
    report(0, None, "describing the table")
    table = _table(settings, runs[0].data) if describe_table else None
    return SiteInput(
        project_name=settings.project.project_name,
        owner=settings.project.owner_name,
        classification=settings.project.data_classification,
        environment=settings.environment,
        data={
            **runs[0].data.model_dump(),
            "license": settings.dataset.license,
            "citation": settings.dataset.citation,
        },
        records=[run.model_dump(mode="json") for run in runs],
        description=_description(table, settings) if table else None,
        check=check(table, settings.dataset).as_json() if table else None,
        training=written(store, latest.get("train"), "training.json"),
        evaluation=written(store, latest.get("evaluate"), "evaluation/evaluation.json"),
        fairness=written(store, latest.get("evaluate"), "evaluation/fairness.json"),
        stability=written(store, latest.get("evaluate"), "evaluation/stability.json"),
        sensitivity=written(store, latest.get("evaluate"), "evaluation/sensitivity.json"),
        explanation=written(store, latest.get("explain"), "explanation/explanation.json"),
        exceptions=exceptions.in_force(settings),
        vocabulary=_vocabulary(settings),
        show_identifiers=settings.model.report.show_identifiers,
    )


def _chain(store: RunStore) -> list[Record]:
    """The latest training, what it was made from and what was found about it, in order.

    An evaluation on a sample of a validator's own has no page here.
    """
    model = store.latest("train")
    if model is None:
        return [run for run in [store.latest("prepare")] if run]
    runs = store.all()
    found = [store.latest("evaluate"), store.latest("explain")]
    about = [run for run in runs if _is_about(run, model)]
    # The latest of all, or else, when that is about another model, the last one about this model.
    by_step = {run.step: run for run in [*about, *(run for run in found if run in about)] if run}
    return [*(run for run in runs if run.id in model.parents), model, *by_step.values()]


def _is_about(run: Record, model: Record) -> bool:
    return model.id in run.parents and not run.parameters.get("own_sample")


def _table(settings: Settings, data: Data) -> Path | None:
    """The table that the model goes back to, if it is still there and still the same."""
    path = settings.root / data.file
    if not path.is_file():
        return None
    found = locate(settings, path)
    return found.path if found.fingerprint == data.fingerprint else None


def _description(table: Path, settings: Settings) -> dict[str, Any]:
    return describe(tables.read(table, settings.dataset), settings.dataset)


def written(store: RunStore, run: Record | None, path: str) -> Any:
    """What a job found, unless it is one that knew no such file.

    The file must be the one that the run's record names.
    """
    if run is None or run.artifact(path) is None:
        return None
    store.check_whole(run, [item for item in run.artifacts if item.path == path])
    return read_json(store.folder_of(run) / path)


def _vocabulary(settings: Settings) -> Vocabulary:
    label = settings.dataset.label
    event = label.values[label.positive] if label.positive is not None else "positive"
    columns = {column.name: _words(column) for column in settings.dataset.columns}
    return Vocabulary(event=event, columns=columns)


def _words(column: Column) -> ColumnWords:
    return ColumnWords(
        role=column.role,
        description=column.description,
        unit=column.unit,
        values={**column.undocumented, **column.values},
    )

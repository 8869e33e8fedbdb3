"""What a served version is held against: baseline, evaluation, explanation, and the table."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from regulated_ml.data import source, tables
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.jobs import groups
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.model import Model
from regulated_ml.monitoring import baseline as baselines
from regulated_ml.monitoring import constraints as constraints_file
from regulated_ml.monitoring.baseline import Baseline
from regulated_ml.monitoring.bias import MEASURES, Bound
from regulated_ml.monitoring.constraints import Constraints
from regulated_ml.monitoring.judging import Evidence, Limits, Protected
from regulated_ml.monitoring.lines import key
from regulated_ml.monitoring.model_quality import Sample
from regulated_ml.monitoring.violations import MONITORS
from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import baselining

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

SCORES, EXPLANATION = "evaluation/scores.parquet", "explanation/explanation.json"


@dataclass(frozen=True)
class Watched:
    """A version, and what its requests are held against."""

    version: Version
    baseline: Baseline
    evidence: Evidence


def watched(settings: Settings, store: RunStore, version: Version, folder: Path | None) -> Watched:
    """What a version is held against.

    Args:
        settings: of the repository.
        store: where the records are.
        version: the one that answers.
        folder: with another baseline.json and constraints.json than those of its registration.

    Raises:
        UserError: a part of it is missing, damaged, or of another version.
    """
    registered = version.registered
    if folder:
        baseline = baselines.read(folder / baselines.FILE)
        baseline.check(version.number, str(registered.parameters["model_sha256"]))
        constraints = _constraints(folder / constraints_file.FILE)
    else:
        baseline = baselining.of_version(store, version)
        constraints = baseline.constraints()
    runs = {run.step: run for run in map(store.get, registered.parents)}
    evaluation, explanation = runs["evaluate"], runs["explain"]
    for run, path in ((evaluation, SCORES), (explanation, EXPLANATION)):
        store.check_whole(run, [item for item in run.artifacts if item.path == path])
    columns = baseline.distributions()
    evidence = Evidence(
        features=tuple(columns),
        baseline=columns,
        constraints=constraints,
        evaluation=_evaluation(store.folder_of(evaluation) / SCORES, evaluation),
        importance={
            each["name"]: each["mean_absolute"]
            for each in read_json(store.folder_of(explanation) / EXPLANATION)["features"]
        },
        model=partial(_model, store, store.get(str(registered.parameters["model"]))),
    )
    return Watched(version, baseline, evidence)


def limits(settings: Settings) -> Limits:
    """What config/model.yaml says of the monitors."""
    own, names = settings.model.monitoring, {each.gate for each in MEASURES}
    return Limits(
        monitors=tuple(name for name in MONITORS if getattr(own, name).enabled),
        false_alarm_rate=own.false_alarm_rate,
        tolerance=own.model_quality.tolerance,
        ndcg_at_least=own.attribution.ndcg_at_least,
        bounds={
            gate.metric: Bound(gate.at_least, gate.at_most)
            for gate in settings.model.gates
            if gate.metric in names
        },
        smallest_group=settings.model.fairness.smallest_group,
        confidence=settings.model.evaluation.confidence,
    )


def codes(settings: Settings) -> dict[str, int]:
    """The label's codes, and 1 for the one that the model predicts."""
    label = settings.dataset.label
    return {str(value): int(value == label.positive) for value in label.values}


def protected(settings: Settings) -> Callable[["Array"], Protected]:
    """Looks protected attributes up in the table, by the keys of clients' identifiers."""
    return partial(_protected, settings)


def _protected(settings: Settings, keys: "Array") -> Protected:
    dataset = settings.dataset
    names = [column.name for column in dataset.protected]
    nobody = Protected(np.zeros(0, np.intp), ())
    if not names or dataset.identifier is None:
        lacking = "identifier" if names else "protected column"
        return nobody._replace(note=f"bias is not measured: dataset.yaml has no {lacking}")
    order = np.argsort(keys, kind="stable")
    wanted = keys[order]
    found: list[Array] = []
    parts: list[pa.RecordBatch] = []
    for batch in tables.batches(source.locate(settings).path, dataset):
        ids = batch.column(dataset.identifier.name).to_pylist()
        own = np.array([key(str(value)) for value in ids], np.uint64)
        places = np.searchsorted(wanted, own).clip(max=len(wanted) - 1)
        there = np.flatnonzero(wanted[places] == own)
        if len(there):
            found.append(own[there])
            parts.append(batch.select(names).take(pa.array(there)))
    if not parts:
        said = "bias is not measured: no inference id is the identifier of a client of the table"
        return nobody._replace(note=said)
    table, known = pa.Table.from_batches(parts), np.concatenate(found)
    ranked = np.argsort(known, kind="stable")
    places = np.searchsorted(known[ranked], keys).clip(max=len(known) - 1)
    rows = np.flatnonzero(known[ranked][places] == keys)
    table = table.take(pa.array(ranked[places[rows]]))
    content = [column.model_dump(mode="json") for column in dataset.columns]
    columns = Columns.from_json(content).having("protected")
    bands = settings.model.fairness.bands
    own_groups = (groups.attribute(each, table.column(each.name), bands) for each in columns)
    return Protected(rows, tuple(own_groups))


def _constraints(path: Path) -> Constraints:
    try:
        return Constraints.model_validate(read_json(path))
    except (OSError, ValidationError, ValueError) as error:
        first = str(error).splitlines()[0]
        rule = f"constraints as Model Monitor writes them: {first}"
        raise UserError.one(str(path), "", rule, baselines.FIX) from error


def _evaluation(path: Path, run: Record) -> Sample:
    table = pq.read_table(path, columns=["label", "score"])
    labels, scores = (table.column(name).to_numpy() for name in ("label", "score"))
    return Sample(labels, scores, float(run.parameters["threshold"]))


def _model(store: RunStore, run: Record) -> Model:
    store.check_whole(run, [item for item in run.artifacts if item.path == MODEL_ARCHIVE])
    with _scratch():
        return Model.load(store.folder_of(run))


@contextmanager
def _scratch() -> Iterator[None]:
    """Has jobs' code unpack what it needs into a folder that is removed afterwards."""
    name = "SAGEMAKER_BASE_DIR"
    usual = os.environ.get(name)
    with TemporaryDirectory() as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            os.environ.pop(name)
            if usual is not None:
                os.environ[name] = usual

"""The baseline of a version: made of the rows that its model was trained on, when it is registered.

It becomes part of the record of the registration. A version from before there were baselines gets
the same one from the rows, as long as they are there.
"""

from pathlib import Path

from regulated_ml.errors import UserError
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.features import Layout
from regulated_ml.monitoring import baseline
from regulated_ml.monitoring.baseline import Baseline
from regulated_ml.monitoring.distributions import Kind, describe
from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore

FOLDER = "baseline"  # below that of the registration
ROWS, LAYOUT = "train/features.parquet", "train/features.json"
BATCH = 16_384  # rows; a column of them fits into the processor's cache


def make(store: RunStore, number: int, model: Record, model_sha256: str) -> Baseline:
    """The baseline of a model from the rows that it was trained on.

    Raises:
        UserError: these rows, or what their columns mean, are no longer as they were.
    """
    import pyarrow.parquet as pq

    prepared = next(run for run in map(store.get, model.parents) if run.step == "prepare")
    items = [_artifact(prepared, path) for path in (ROWS, LAYOUT)]
    store.check_whole(prepared, items)
    folder = store.folder_of(prepared)
    layout = Layout.read(folder / "train")
    kinds = _kinds(layout)
    with pq.ParquetFile(folder / ROWS) as file:
        columns = describe(file.iter_batches(BATCH, columns=list(kinds)), kinds)
        rows = file.metadata.num_rows
    return baseline.of(
        columns,
        _declared(layout, Columns.from_json(prepared.parameters["dataset"]["columns"])),
        version=number,
        model=model.id,
        model_sha256=model_sha256,
        features=prepared.id,
        features_sha256=items[0].sha256,
        rows=rows,
    )


def write(made: Baseline, folder: Path) -> None:
    """Writes the files of a baseline into the folder of a registration."""
    made.write(folder / FOLDER)


def of_version(store: RunStore, version: Version) -> Baseline:
    """The baseline of a version, and of no other.

    Raises:
        UserError: it is damaged or of another model, or the rows that it is made of are gone.
    """
    registered = version.registered
    model_sha256 = str(registered.parameters["model_sha256"])
    item = registered.artifact(f"{FOLDER}/{baseline.FILE}")
    if item is None:
        model = store.get(str(registered.parameters["model"]))
        return make(store, version.number, model, model_sha256)
    store.check_whole(registered, [item])
    found = baseline.read(store.folder_of(registered) / item.path)
    found.check(version.number, model_sha256)
    return found


def _kinds(layout: Layout) -> dict[str, Kind]:
    return {
        feature.name: "category" if feature.type == "category" else "number"
        for feature in layout.features
    }


def _declared(layout: Layout, columns: Columns) -> dict[str, list[str]]:
    """The codes of each category, as the model reads them."""
    known = {column.name: column.codes for column in columns if column.type == "category"}
    return {
        feature.name: [*map(str, range(len(feature.codes)))] or known[feature.name]
        for feature in layout.features
        if feature.type == "category" and (feature.codes or feature.name in known)
    }


def _artifact(prepared: Record, path: str) -> Artifact:
    if found := prepared.artifact(path):
        return found
    rule = f"a preparation leaves {path}, and the record names none"
    raise UserError.one(f"runs/{prepared.id}", path, rule, "start `rml run`, and register that")

"""How an endpoint is asked: a request that works as it stands, of no client's values."""

import shlex
from pathlib import Path
from typing import NamedTuple

from regulated_ml.jobs.features import Layout
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore

INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
FIRST = "first-request"  # the id of the example, which `rml runs lineage` takes then


class Example(NamedTuple):
    """A request to an endpoint."""

    features: tuple[str, ...]  # in the order in which a row has them
    row: str  # text/csv: the median of each feature over the training rows
    command: str  # the same as a line for a shell


def example(store: RunStore, version: Version, address: str) -> Example | None:
    """A request for a version's endpoint; None where its training rows are not on this machine."""
    model = store.get(str(version.registered.parameters["model"]))
    prepared = next((run for run in map(store.get, model.parents) if run.step == "prepare"), None)
    folder = store.folder_of(prepared) / "train" if prepared else None
    if folder is None or not (folder / "features.parquet").is_file():
        return None
    names = tuple(Layout.read(folder).names)
    row = ",".join(_median(folder / "features.parquet", name) for name in names)
    headers = ("Content-Type: text/csv", f"{INFERENCE_ID}: {FIRST}")
    words = ["curl", *(word for header in headers for word in ("-H", header)), "-d", row, address]
    return Example(names, row, shlex.join(words))


def _median(file: Path, feature: str) -> str:
    """A value that at least half of the rows do not exceed; empty where no row has any."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    values = pq.read_table(file, columns=[feature])[feature]
    (median,) = pc.quantile(values, 0.5, interpolation="lower").to_pylist()
    return "" if median is None else repr(median).removesuffix(".0")

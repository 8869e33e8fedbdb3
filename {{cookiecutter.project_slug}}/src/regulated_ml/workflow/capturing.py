"""Captures a scored portfolio as an endpoint captures its requests, so that it can be monitored.

A line is one client, with the identifier as the inference id. The file lies where an endpoint
called SLUG-batch would have written it, with the version as the variant, at the hour in which the
run ended. It is one file, called after the run: whole or not there, and never there twice.
"""

import csv
import math
import random
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from regulated_ml.files import replacing
from regulated_ml.serving.capture import Exchange, line
from regulated_ml.serving.scoring import CSV
from regulated_ml.settings import Settings
from regulated_ml.tracking import captures
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import deploying

SUFFIX = "-batch"  # of the endpoint's name
ROWS = 8192  # at a time


def capture(
    settings: Settings, store: RunStore, version: Version, run: Record, features: Path
) -> int:
    """Writes the captured lines of a run; returns how many there are.

    Args:
        settings: of the environment; the sampling and the masked features are the endpoint's.
        store: where the run lies.
        version: that has scored.
        run: of scoring, with its features kept.
        features: features.parquet of the run.
    """
    ended = datetime.fromisoformat(run.ended)
    name = f"{settings.project.project_slug}{SUFFIX}"
    own = settings.root / captures.FOLDER / name / version.name / f"{ended:%Y/%m/%d/%H}"
    target = own / f"{ended:%M-%S}-{ended.microsecond // 1000:03}-{run.id}{captures.SUFFIX}"
    if target.is_file():
        with target.open("rb") as there:
            return sum(1 for _ in there)
    options = settings.model.endpoint.capture
    model = store.get(run.parents[0])
    masked = deploying.masked(settings, store, model)
    chosen = random.Random(run.key)  # the same rows, whenever it is done
    count = 0
    with replacing(target) as temporary, temporary.open("wb") as written:
        for row, exchange in enumerate(_exchanges(features, ended), 1):
            if chosen.random() * 100 < options.sampling_percentage:
                event = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run.id}/{row}"))
                written.write(line(exchange, masked, event))
                count += 1
    target.chmod(0o600)  # it holds a client's values, as an endpoint's does
    return count


def _exchanges(features: Path, time: datetime) -> Iterator[Exchange]:
    import pyarrow.parquet as pq

    scores = features.with_name("scores.parquet")
    answers = _answers(features, scores)
    for batch in pq.ParquetFile(features).iter_batches(ROWS):
        columns = [_texts(column) for column in batch.columns]
        for cells in zip(*columns, strict=True):
            identifier, score = next(answers)
            sent = ",".join(cells).encode()
            yield Exchange("text/csv", sent, CSV, f"{score}\n".encode(), identifier, time)


def _answers(features: Path, scores: Path) -> Iterator[tuple[str, str]]:
    """Identifier and score of each row, as the output has them."""
    import pyarrow.parquet as pq

    if scores.is_file():
        for batch in pq.ParquetFile(scores).iter_batches(ROWS, columns=["id", "score"]):
            ids, values = (column.to_pylist() for column in batch.columns)
            yield from ((str(i), repr(v)) for i, v in zip(ids, values, strict=True))
        return
    with features.with_name("scores.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from ((row[0], row[1]) for row in rows)


def _texts(column: Any) -> list[str]:
    """Values as a caller writes them: blank where missing."""
    values = column.to_pylist()
    return ["" if value is None or math.isnan(value) else repr(value) for value in values]

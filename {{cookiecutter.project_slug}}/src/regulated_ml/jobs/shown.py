"""Which single clients an explanation shows, and, where that is asked for, who they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.matrices import SampleFile
from regulated_ml.jobs.model import Model, declined
from regulated_ml.jobs.samples import MEASUREMENTS

if TYPE_CHECKING:
    import numpy.typing as npt


def chosen(model: Model, sample: SampleFile, parameters: Mapping[str, Any]) -> list[int]:
    """Positions of the clients to show, from 0: those of model.yaml, or else noteworthy ones.

    Raises:
        JobError: model.yaml names a row that the sample does not have.
    """
    if parameters["clients"]:
        return positions(parameters["clients"], sample.rows)
    # A score costs little, unlike its explanation, so the rows may pass by once more.
    scores = np.concatenate([model.scores(matrix) for _, matrix in model.blocks(sample)])
    return noteworthy(scores, parameters["threshold"])


def positions(rows: Sequence[int], count: int) -> list[int]:
    """Positions, from 0, of rows that are numbered from 1, each once."""
    if beyond := [str(row) for row in rows if row > count]:
        raise JobError(
            f"explanation.clients names row {', '.join(beyond)}, but the sample has {count} rows"
        )
    return [row - 1 for row in dict.fromkeys(rows)]


def noteworthy(scores: "npt.NDArray[np.float32]", threshold: float) -> list[int]:
    """Positions of the highest score, of the lowest that is still declined, and of the lowest."""
    flagged = np.flatnonzero(declined(scores, threshold))
    nearest = flagged[[scores[flagged].argmin()]] if len(flagged) else flagged
    return list(dict.fromkeys([int(scores.argmax()), *nearest.tolist(), int(scores.argmin())]))


def identifiers(sample: Path, columns: Columns, rows: Sequence[int]) -> dict[int, int | str]:
    """The identifiers of some rows of a sample, by position; of those that have one.

    Raises:
        JobError: the identifiers cannot be read.
    """
    if not (known := columns.having("identifier")):
        return {}
    path = sample / MEASUREMENTS
    try:
        column = pq.read_table(path, columns=[known[0].name]).column(known[0].name)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise JobError(f"{sample.name}/{MEASUREMENTS} cannot be read: {error}") from None
    found = zip(rows, column.take(pa.array(rows, pa.int64())).to_pylist(), strict=True)
    return {
        row: value if isinstance(value, int) else str(value)
        for row, value in found
        if value is not None
    }

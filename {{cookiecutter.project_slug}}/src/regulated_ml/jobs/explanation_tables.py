"""The tables that `explain` writes, row by row: contributions.parquet and reasons.parquet."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulated_ml.jobs import parquet
from regulated_ml.jobs.contributions import Explained
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.reasons import NONE, Chosen, text

if TYPE_CHECKING:
    import numpy.typing as npt

ROW = ("row", pa.int64())  # the row's number in the sample, from 1
OF_ROW = (ROW, ("score", pa.float32()), ("margin", pa.float32()), ("bias", pa.float32()))
# A part of the sample, which of its rows are declined, and the reasons of these.
Write = Callable[[Explained, "npt.NDArray[np.bool_]", Chosen], None]


@contextmanager
def tables(folder: Path, features: Sequence[Feature], most: int) -> Iterator[Write]:
    """Gives a function that adds the next rows to both tables.

    Args:
        folder: where the tables lie when the block has ended well.
        features: what the model reads, in its order.
        most: how many reasons a client is told at most.
    """
    names = [_column(feature) for feature in features]
    pushes = pa.schema([*OF_ROW, *((name, pa.float32()) for name in names)])
    told = [
        field
        for n in range(1, most + 1)
        for field in (
            (f"feature_{n}", pa.string()),
            (f"reason_{n}", pa.string()),
            (f"contribution_{n}", pa.float32()),
        )
    ]
    first = 1
    with (
        parquet.writing(folder / "contributions.parquet", pushes) as contributions,
        parquet.writing(folder / "reasons.parquet", pa.schema([*OF_ROW[:2], *told])) as reasons,
    ):

        def write(part: Explained, flagged: "npt.NDArray[np.bool_]", chosen: Chosen) -> None:
            nonlocal first
            rows = np.arange(first, first + len(part.scores))
            first += len(rows)
            contributions(
                {
                    "row": rows,
                    "score": part.scores,
                    "margin": part.margins,
                    "bias": part.bases,
                    **dict(zip(names, part.contributions.T, strict=True)),
                }
            )
            reasons(
                {"row": rows[flagged], "score": part.scores[flagged], **_told(chosen, features)}
            )

        yield write


def _told(chosen: Chosen, features: Sequence[Feature]) -> dict[str, Any]:
    """The columns of reasons.parquet that hold the reasons; null where there is no further one."""
    # One more entry, so that NONE, which is -1, finds it.
    names = pa.array([*(feature.name for feature in features), None])
    texts = pa.array([*(text(feature) for feature in features), None])
    columns: dict[str, Any] = {}
    for n, places in enumerate(chosen.places.T, 1):
        indices = pa.array(np.where(places == NONE, len(features), places))
        columns[f"feature_{n}"] = names.take(indices)
        columns[f"reason_{n}"] = texts.take(indices)
        columns[f"contribution_{n}"] = pa.array(chosen.contributions[:, n - 1], from_pandas=True)
    return columns


def _column(feature: Feature) -> str:
    """The name of a feature's column; one that is called `score` must not hide the score."""
    taken = {name for name, _ in OF_ROW}
    return f"feature {feature.name}" if feature.name in taken else feature.name

"""Samples as matrices that XGBoost trains on, read from Parquet a piece at a time.

The rows are never all in memory as numbers: XGBoost takes them piece by piece and keeps, of each
value, only its bin (a byte, mostly). From a number of rows on even those go to disk, as external
memory.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.features import Layout
from regulated_ml.jobs.lean import xgboost
from regulated_ml.jobs.samples import FEATURES

if TYPE_CHECKING:
    import numpy.typing as npt


class Block(NamedTuple):
    """Some rows of a sample."""

    values: "npt.NDArray[np.float32]"  # rows by features; NaN where missing
    labels: "npt.NDArray[np.float32]"


class SampleFile:
    """The features.parquet of a sample.

    Raises:
        JobError: the file is missing, damaged, empty, or has other columns than the layout.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.layout = layout
        self._path = folder / FEATURES
        try:
            self._file = pq.ParquetFile(self._path)
        except (OSError, pa.ArrowInvalid) as error:
            raise JobError(f"{folder.name}/{FEATURES} cannot be read: {error}") from None
        expected, found = [layout.label, *layout.names], self._file.schema_arrow.names
        if found != expected:
            raise JobError(
                f"{folder.name}/{FEATURES} has the columns {', '.join(found)}, "
                f"where features.json names {', '.join(expected)}"
            )
        if not self.rows:
            raise JobError(f"{folder.name}/{FEATURES} has no rows")
        for own, known in zip(Layout.read(folder).features, layout.features, strict=True):
            if own.codes != known.codes:
                raise JobError(
                    f"the codes of {known.name} are {', '.join(own.codes)} in {folder.name}, but "
                    f"{', '.join(known.codes)} for the model: prepare these rows as it was trained"
                )

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def blocks(self) -> int:
        """The number of pieces that the file can be read in."""
        return int(self._file.num_row_groups)

    def block(self, number: int) -> Block:
        """One piece of the file, from 0."""
        table = self._file.read_row_group(number)
        label, *columns = map(numbers, table.columns)
        values = np.empty((len(table), len(columns)), np.float32)
        for place, column in enumerate(columns):
            values[:, place] = column
        return Block(values, label.astype(np.float32))


def numbers(column: pa.ChunkedArray) -> "npt.NDArray[Any]":
    """The numbers of a column, NaN where one is missing.

    Read from Arrow's buffers, since its own `to_numpy` and `fill_null` import pandas, which takes a
    third of a second.
    """
    array = column.combine_chunks()
    validity, numbers = array.buffers()
    values = np.from_dlpack(
        pa.Array.from_buffers(array.type, len(array), [None, numbers], offset=array.offset)
    )
    if not array.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    return np.where(bits[array.offset : array.offset + len(array)], values, np.nan)


class _Blocks(xgboost.DataIter):
    """A sample as XGBoost asks for it: block after block, from the start as often as it likes."""

    def __init__(self, sample: SampleFile, cache: Path | None) -> None:
        super().__init__(cache_prefix=str(cache) if cache else None, release_data=True)
        self._sample, self._next = sample, 0

    def reset(self) -> None:
        """Starts anew."""
        self._next = 0

    def next(self, input_data: Any) -> bool:
        """Hands over the next block; False when there is none."""
        if self._next == self._sample.blocks:
            return False
        block = self._sample.block(self._next)
        self._next += 1
        names = self._sample.layout.names
        input_data(data=block.values, label=block.labels, feature_names=names)
        return True


def matrix(
    sample: SampleFile,
    *,
    threads: int,
    max_bin: int,
    cache: Path | None = None,
    reference: Any = None,
) -> Any:
    """A sample as a matrix of bins.

    Args:
        sample: the rows.
        threads: how many threads read it.
        max_bin: bins a feature, the hyperparameter of the same name.
        cache: a folder; the matrix then stays on disk there, and only what is needed is in memory.
        reference: the matrix whose bins are used, for rows that are not trained on.
    """
    options = {"nthread": threads, "max_bin": max_bin, "ref": reference}
    if cache is None:
        return xgboost.QuantileDMatrix(_Blocks(sample, None), **options)
    cache.mkdir(parents=True, exist_ok=True)
    return xgboost.ExtMemQuantileDMatrix(_Blocks(sample, cache / "pages"), **options)

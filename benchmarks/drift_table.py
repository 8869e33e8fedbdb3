"""The real table as baselines and windows: without drift, and with a shift of a known size."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from regulated_ml.monitoring.distributions import Kind

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

VARIABLE = "REGULATED_ML_REAL_DATA"
LABEL, IDENTIFIER = "default payment next month", "ID"
CATEGORIES = ("SEX", "EDUCATION", "MARRIAGE")
BASELINE = 24_000  # rows; the other 6,000 are those that windows are drawn from
Columns = Mapping[str, "Array"]


class Table:
    """The 23 features of the 30,000 clients."""

    def __init__(self) -> None:
        path = os.environ.get(VARIABLE)
        if not path:
            sys.exit(f"{VARIABLE} has to name the real table, as CSV")
        table = csv.read_csv(Path(path))
        names = [name for name in table.column_names if name not in (IDENTIFIER, *_labels(table))]
        self.columns: Columns = {
            name: table.column(name).to_numpy().astype(np.float32) for name in names
        }

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds."""
        return {name: "category" if name in CATEGORIES else "number" for name in self.columns}

    def split(self, seed: int) -> tuple[Columns, Columns]:
        """The rows that serve as a baseline, and the others, drawn anew for each seed."""
        order = np.random.default_rng(seed).permutation(len(self.columns["AGE"]))
        return self._of(order[:BASELINE]), self._of(order[BASELINE:])

    def _of(self, places: "Array") -> Columns:
        return some(self.columns, places)


class Shift(NamedTuple):
    """A change of a known size."""

    kind: str  # mean, scale or mix
    columns: Sequence[str]
    size: float

    def apply(self, window: Columns, left: Columns, rng: np.random.Generator) -> Columns:
        """The window with the shift in it.

        A mean moves by `size` standard deviations: the column's values are drawn anew from those of
        `left`, high ones more often (exponential tilting). A scale grows by the factor 1 + `size`.
        Of a mix, the share `size` moves from the commonest category to the second.
        """
        changed = {}
        for name in self.columns:
            if self.kind == "mean":
                rows = len(window[name])
                changed[name] = _tilted(left[name].astype(np.float64), self.size, rows, rng)
            elif self.kind == "scale":
                changed[name] = np.rint(window[name] * (1 + self.size)).astype(np.float32)
            else:
                changed[name] = _mixed(window[name], self.size, rng)
        return {**window, **changed}


def _tilted(values: "Array", size: float, rows: int, rng: np.random.Generator) -> "Array":
    z = (values - values.mean()) / values.std()
    low, high = 0.0, 20.0
    for _ in range(60):  # by halves: the mean under the weights rises with the tilt
        middle = (low + high) / 2
        weights = np.exp(middle * (z - z.max()))
        low, high = (middle, high) if (weights @ z) / weights.sum() < size else (low, middle)
    return rng.choice(values, rows, p=weights / weights.sum()).astype(np.float32)


def _mixed(values: "Array", size: float, rng: np.random.Generator) -> "Array":
    codes, counts = np.unique(values, return_counts=True)
    second, first = codes[np.argsort(counts)[-2:]]
    moved = values.copy()
    places = np.flatnonzero(values == first)
    moved[rng.choice(places, round(size * len(values)), replace=False)] = second
    return moved


def some(columns: Columns, places: "Array | slice") -> Columns:
    """Some of the rows."""
    return {name: values[places] for name, values in columns.items()}


def batch(columns: Columns) -> pa.RecordBatch:
    """Columns as Arrow has them."""
    return pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def _labels(table: pa.Table) -> list[str]:
    """The label is called differently in copies of the table."""
    return [name for name in table.column_names if name.lower().startswith(("default", "y"))]

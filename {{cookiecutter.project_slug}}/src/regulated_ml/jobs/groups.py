"""The groups of a sample: the codes of a protected category, the bands of a protected number.

The measurements lie beside the features, row by row, and are read a column at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulated_ml.jobs import contract
from regulated_ml.jobs.columns import Column
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.matrices import numbers
from regulated_ml.jobs.samples import MEASUREMENTS, code

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

QUARTERS = (0.25, 0.5, 0.75)  # where bands begin that model.yaml does not name
PERIODS = tuple(sixth / 6 for sixth in range(1, 6))  # where periods of a time begin
MISSING = "missing"
Edges = Mapping[str, Sequence[float]]  # by column: where its bands begin, but for the first


class Attribute(NamedTuple):
    """A protected column, and the group of each row."""

    column: Column
    groups: tuple[str, ...]  # their names; those without a row too
    places: "Array"  # of each row's group among them

    def rows(self, place: int) -> "Array":
        """Which rows belong to a group, as a mask."""
        return np.asarray(self.places == place)

    @property
    def sizes(self) -> "Array":
        """How many rows each group has."""
        return np.bincount(self.places, minlength=len(self.groups))

    def take(self, rows: "Array") -> "Attribute":
        """The same for some of the rows."""
        return self._replace(places=self.places[rows])


def measured(sample: Path, columns: Sequence[Column]) -> list[Column]:
    """Those of some columns that a sample's measurements hold; warns of the others.

    One is missing that dataset.yaml declares protected only since the rows were prepared.
    """
    if not columns:
        return []
    known = _opened(sample).schema_arrow.names
    for column in columns:
        if column.name not in known:
            contract.warn(
                f"{column.name} was not yet protected when these rows were prepared, so groups by "
                "it are not measured: start `rml run`"
            )
    return [column for column in columns if column.name in known]


def edges(sample: Path, columns: Sequence[Column], bands: Edges) -> dict[str, list[float]]:
    """Where the bands of each number begin: as model.yaml says, else at the sample's quarters."""
    found = {}
    for column in columns:
        if column.type == "category":
            continue
        if column.name in bands:
            found[column.name] = [float(edge) for edge in bands[column.name]]
            continue
        values = _values(_read(sample, column), column)
        known = values[~np.isnan(values)]
        found[column.name] = _begins(known, QUARTERS)
    return found


def attributes(sample: Path, columns: Sequence[Column], bands: Edges) -> list[Attribute]:
    """The groups of a sample's rows by each of some columns.

    Args:
        sample: the folder that prepare wrote.
        columns: the protected ones.
        bands: where those of numbers begin, of `edges`.

    Raises:
        JobError: the measurements are missing, damaged, or lack a column.
    """
    return [attribute(column, _read(sample, column), bands) for column in columns]


def attribute(column: Column, values: pa.ChunkedArray, bands: Edges) -> Attribute:
    """The groups of some rows by one column.

    Args:
        column: the protected one.
        values: of the rows, as the table has them.
        bands: where those of numbers begin; of a number that is not among them, at its quarters.

    Raises:
        JobError: the values are none of the column's type.
    """
    if column.type == "category":
        return _of_category(column, values)
    found = _values(values, column)
    own = bands.get(column.name)
    return _of_number(
        column, found, _begins(found[~np.isnan(found)], QUARTERS) if own is None else own
    )


def paired(one: Attribute, other: Attribute) -> tuple[Attribute, Attribute]:
    """The groups of two samples by the same attribute, under the same names in the same order."""
    names = tuple(dict.fromkeys([*one.groups, *other.groups]))
    found = []
    for attribute in (one, other):
        place = np.array([names.index(name) for name in attribute.groups])
        found.append(Attribute(attribute.column, names, place[attribute.places]))
    return found[0], found[1]


def periods(sample: Path, columns: Sequence[Column]) -> Attribute | None:
    """The rows in periods of about equally many, by the first of some columns of role time.

    None where there is no such column, or where it holds no value.
    """
    if not columns:
        return None
    column, found = columns[0], _read(sample, columns[0])
    if column.type == "date":
        found = found.cast(pa.date32(), safe=False).cast(pa.int32())
    values = _values(found, replace(column, type="number"))
    known = np.unique(values[~np.isnan(values)])
    if not len(known):
        return None
    begins = _begins(values[~np.isnan(values)], PERIODS)
    attribute = _of_number(column, values, begins)
    ends = np.searchsorted(known, begins)
    spans = zip([0, *ends.tolist()], [*ends.tolist(), len(known)], strict=True)
    names = [_span(column, known[first], known[last - 1]) for first, last in spans]
    return attribute._replace(groups=(*names, *attribute.groups[len(names) :]))


def _span(column: Column, first: float, last: float) -> str:
    if column.type == "date":
        days = [str(np.datetime64(int(day), "D")) for day in (first, last)]
    else:
        days = [f"{value:g}" for value in (first, last)]
    return f"{days[0]} to {days[1]}" if days[0] != days[1] else days[0]


def _opened(sample: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(sample / MEASUREMENTS)
    except (OSError, pa.ArrowInvalid) as error:
        raise JobError(f"{sample.name}/{MEASUREMENTS} cannot be read: {error}") from None


def _read(sample: Path, column: Column) -> pa.ChunkedArray:
    return _opened(sample).read([column.name]).column(0)


def _values(column: pa.ChunkedArray, about: Column) -> "Array":
    """Numbers, NaN where one is missing; of a date its year."""
    try:
        found = pc.year(column) if about.type == "date" else column
        values = numbers(found.cast(pa.float64(), safe=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise JobError(f"{about.name} holds values that are no {about.type}: {error}") from None
    return np.asarray(values, np.float64)


def _of_number(column: Column, values: "Array", bands: Sequence[float]) -> Attribute:
    known = ~np.isnan(values)
    places = np.where(known, np.searchsorted(np.array(bands), values, "right"), len(bands) + 1)
    names = _band_names(bands, whole=column.type != "number")
    return Attribute(column, (*names, MISSING) if not known.all() else tuple(names), places)


def _begins(values: "Array", shares: Sequence[float]) -> list[float]:
    """Where bands begin that hold about these shares of some values; none begins at the lowest."""
    if not len(values):
        return []
    cuts = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    return [float(cut) for cut in cuts if cut > values.min()]


def _band_names(bands: Sequence[float], *, whole: bool) -> list[str]:
    """The bands in words: 25 and under, 26 to 35, 36 and over."""
    if not bands:
        return ["all"]
    texts = [f"{edge:g}" for edge in bands]
    if whole and all(edge.is_integer() for edge in bands):
        ends = [f"{edge - 1:.0f}" for edge in bands]
        first, link = f"{ends[0]} and under", "to"
    else:
        ends, first, link = texts, f"under {texts[0]}", "to under"
    middle = [f"{low} {link} {high}" for low, high in zip(texts, ends[1:], strict=False)]
    return [first, *middle, f"{texts[-1]} and over"]


def _of_category(column: Column, found: pa.ChunkedArray) -> Attribute:
    """The codes in the order of dataset.yaml, then those that it does not declare."""
    if pa.types.is_dictionary(found.type):
        found = found.cast(found.type.value_type)
    encoded = found.combine_chunks().dictionary_encode()
    given = [code(value) for value in encoded.dictionary.to_pylist()]
    order = [*column.codes, *sorted(set(given) - set(column.codes))]
    place_of = np.array([*(order.index(value) for value in given), len(order)])
    indices = numbers(pa.chunked_array([encoded.indices]))
    missing = np.isnan(indices)
    places = place_of[np.where(missing, -1, indices).astype(np.intp)]
    words = {**column.undocumented, **column.values}
    names = _unique([words.get(value, value) for value in order], order)
    return Attribute(column, (*names, MISSING) if missing.any() else tuple(names), places)


def _unique(names: Sequence[str], codes: Sequence[str]) -> list[str]:
    """Names with the code behind them where two are the same."""
    return [
        f"{name} ({value})" if names.count(name) > 1 or name == MISSING else name
        for name, value in zip(names, codes, strict=True)
    ]

"""The exploration of a table: how columns spread, what they lack, what goes with the label.

The result is plain JSON for the terminal and the pages. It shows aggregates only: a value, an end
of a column or a label rate is told where at least `MINIMUM_CLIENTS` clients share it, so that a
page may be passed on where the table may not.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulated_ml.data.grouping import grouped
from regulated_ml.data.margins import encode
from regulated_ml.data.profile import MINIMUM_CLIENTS, Margin
from regulated_ml.settings import Column, Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

GROUPS = 12  # of a column's values, about
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CORRELATED_ROWS = (
    100_000  # rows, evenly spread over the table, from which correlations are computed
)

Json = dict[str, Any]


def describe(table: pa.Table, dataset: Dataset) -> Json:
    """What a canonical table looks like, as JSON.

    `rows`; `label`: name, positive, rate (share of positive among labelled rows, None without any);
    `columns`: name, type, role, missing and, but for identifiers, `groups` of values, each with
    text, rows, share, label_rate (None where it is not told) and, for numbers, low and high; for
    numbers also mean, median, minimum, maximum and quantiles; `correlations`: columns, matrix
    (Spearman's rank correlation), rows. `minimum` and `maximum` are means over the outermost
    clients.
    """
    positive = _positive(table, dataset)
    labelled = positive[~np.isnan(positive)]
    return {
        "rows": len(table),
        "label": {
            "name": dataset.label.name,
            "positive": dataset.label.positive,
            "rate": float(labelled.mean()) if len(labelled) else None,
        },
        "columns": [
            _column(table.column(column.name).combine_chunks(), column, positive)
            for column in dataset.columns
            if column.role != "ignored"
        ],
        "correlations": _correlations(table, dataset, positive),
        "minimum_clients": MINIMUM_CLIENTS,
    }


def _positive(table: pa.Table, dataset: Dataset) -> "Floats":
    """1 for a positive label, 0 for the other, NaN for none."""
    found = pc.equal(table.column(dataset.label.name), dataset.label.positive)
    numbers = pc.fill_null(found.cast(pa.float64()), float("nan"))
    return np.asarray(numbers.to_numpy())


def _column(values: pa.Array, column: Column, positive: "Floats") -> Json:
    result: Json = {
        "name": column.name,
        "type": column.type,
        "role": column.role,
        "missing": values.null_count,
    }
    if column.role == "identifier" or values.null_count == len(values):
        return result
    rates = positive if column.role != "label" else np.full(len(positive), np.nan)
    if column.values or pa.types.is_string(values.type):
        return {**result, "groups": _codes(values, column, rates)}
    return {**result, **_numbers(values, rates)}


def _codes(values: pa.Array, column: Column, positive: "Floats") -> list[Json]:
    """A group for each code in the order of dataset.yaml; the rare ones and free texts together."""
    meanings = {**column.values, **column.undocumented}
    counted = {entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()}
    counted.pop(None, None)
    often = [code for code in meanings or counted if counted.get(code, 0) >= MINIMUM_CLIENTS]
    if not meanings:
        often = sorted(often, key=lambda code: -counted[code])[:GROUPS]
    rare = [code for code in counted if code not in often]
    if rare and len(often) > 1 and sum(counted[code] for code in rare) < MINIMUM_CLIENTS:
        # Else the rare ones could be told by subtracting the others from the whole.
        least = min(often, key=lambda code: counted[code])
        often.remove(least)
        rare.append(least)
    groups = []
    for code in often:
        text = f"{code}: {meanings[code]}" if code in meanings else str(code)
        groups.append(_group(text, _is(values, [code]), positive))
    if rare:
        text = f"other codes ({len(rare)})"
        groups.append(_group(text, _is(values, rare), positive))
    return groups


def _is(values: pa.Array, codes: Sequence[object]) -> "npt.NDArray[np.bool_]":
    return np.asarray(pc.is_in(values, pa.array(codes, values.type)).to_numpy(zero_copy_only=False))


def _group(text: str, members: "npt.NDArray[np.bool_]", positive: "Floats") -> Json:
    rows = int(members.sum())
    rates = positive[members & ~np.isnan(positive)]
    told = len(rates) >= MINIMUM_CLIENTS
    return {
        "text": text,
        "rows": rows,
        "share": rows / len(members),
        "label_rate": float(rates.mean()) if told else None,
    }


def _numbers(values: pa.Array, positive: "Floats") -> Json:
    """Moments, quantiles and groups of about equal size, for a column of numbers or dates."""
    if len(values) - values.null_count < MINIMUM_CLIENTS:
        return {"groups": []}
    missing = np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False))
    is_date = pa.types.is_timestamp(values.type)
    plain = values.cast(pa.int64()) if is_date else values
    numbers = pc.fill_null(plain, 0).to_numpy(zero_copy_only=False).astype(np.float64)
    margin, cells, _ = encode(numbers, missing, codes=False)
    if None in margin.low:  # missing values are told apart, not as a group
        margin = margin.model_copy(
            update={part: getattr(margin, part)[:-1] for part in ("low", "high", "clients")}
        )
    cells = np.where(missing, -1, cells)
    counts = np.bincount(cells[~missing], minlength=len(margin.clients))
    show = _date if is_date else _plain
    groups = []
    for first, last, _rows in grouped(counts, GROUPS, MINIMUM_CLIENTS):
        low, high = margin.low[first], margin.high[last]
        text = show(low) if low == high else f"{show(low)} to {show(high)}"
        group = _group(text, (cells >= first) & (cells <= last), positive)
        groups.append(group if is_date else {**group, "low": low, "high": high})
    if is_date:
        return {"groups": groups}
    middle = dict(zip(QUANTILES, _quantiles(margin), strict=True))
    return {
        "mean": float(numbers[~missing].mean()),
        "median": middle[0.5],
        "minimum": margin.low[0],
        "maximum": margin.high[-1],
        "quantiles": {f"{share:g}": value for share, value in middle.items()},
        "groups": groups,
    }


def _quantiles(margin: Margin) -> list[float]:
    """Quantiles within the cells of a distribution; no client's own value unless many share it."""
    clients = np.array(margin.clients, np.float64)
    ends = np.cumsum(clients) / clients.sum()
    low, high = np.array(margin.low, np.float64), np.array(margin.high, np.float64)
    cell = np.minimum(np.searchsorted(ends, QUANTILES), len(ends) - 1)
    inside = 1 - (ends[cell] - np.array(QUANTILES)) / (clients[cell] / clients.sum())
    found = low[cell] + inside * (high[cell] - low[cell])
    unit = margin.step / margin.scale
    return [round(float(value / unit)) * margin.step / margin.scale for value in found]


def _correlations(table: pa.Table, dataset: Dataset, positive: "Floats") -> Json:
    """Spearman's rank correlation of each pair of numeric columns and the label."""
    import pandas as pd

    names = [c.name for c in _ordered(dataset)]
    step = -(-len(table) // CORRELATED_ROWS) or 1
    frame = pd.DataFrame(
        {name: table.column(name).to_numpy().astype(np.float64)[::step] for name in names}
    )
    frame[dataset.label.name] = positive[::step]
    matrix = frame.corr("spearman", min_periods=MINIMUM_CLIENTS).to_numpy()
    return {
        "columns": [*names, dataset.label.name],
        "matrix": [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in matrix],
        "rows": len(frame),
    }


def _ordered(dataset: Dataset) -> Iterator[Column]:
    """The columns whose values have an order that means something."""
    for column in dataset.columns:
        if column.type in ("integer", "number") and column.role in ("feature", "protected"):
            yield column


def _plain(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"


def _date(milliseconds: Any) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")

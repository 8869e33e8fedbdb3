"""The rows that a model learns from and is judged by: read from one table, written as samples.

A sample is a folder: features.parquet (the label, then the features, as float32), features.json
(their order and meaning) and measurements.parquet (identifier, protected columns and time, same
rows).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulated_ml.jobs import contract
from regulated_ml.jobs.building import Build, built, refuse_undeclared
from regulated_ml.jobs.columns import Column, Columns
from regulated_ml.jobs.features import Feature, Layout, described, unknown_codes
from regulated_ml.jobs.split import Split, split_rows

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

FEATURES, MEASUREMENTS = "features.parquet", "measurements.parquet"
MEASURED = ("identifier", "protected", "time")
UNUSED = {  # why a column is no feature, by its role
    "identifier": "tells clients apart",
    "protected": "measured, not learnt from",
    "time": "says when, and divides the rows",
    "ignored": "ignored by dataset.yaml",
}


@dataclass(frozen=True)
class Table:
    """The whole table, with its label as 0 and 1."""

    clients: "pd.DataFrame"
    labels: "npt.NDArray[Any]"  # int8
    columns: Columns


def read_table(dataset: Mapping[str, Any]) -> Table:
    """The input `data` of a processing job, as dataset.yaml describes it.

    Raises:
        JobError: columns or labels are missing, or a label is none of the declared codes.
    """
    import pandas as pd

    columns = Columns.from_json(dataset["columns"])
    path = contract.processing_input("data") / "table.parquet"
    if not path.is_file():
        raise contract.JobError("table.parquet is missing in the input folder data")
    clients = pd.read_parquet(path)
    clients.index = pd.RangeIndex(len(clients))  # whatever the file has; by it rows are told apart
    if missing := [column.name for column in columns if column.name not in clients]:
        raise contract.JobError(f"the table has no column {', '.join(missing)}")
    return Table(clients, _labels(clients[columns.label.name], columns.label), columns)


def _labels(values: "pd.Series[Any]", label: Column) -> "npt.NDArray[Any]":
    """Codes as 1 where they are the positive one, else 0."""
    import numpy as np

    if count := int(values.isna().sum()):
        raise contract.JobError(f"{count} rows have no label ({label.name})")
    counts = values.value_counts()
    codes = {value: code(value) for value in counts.index}
    if strangers := [value for value, code in codes.items() if code not in label.values]:
        found = ", ".join(f"{codes[value]} in {counts[value]} rows" for value in strangers)
        raise contract.JobError(
            f"the label {label.name} is {found}, but dataset.yaml declares only "
            f"{' and '.join(label.values)}: correct the rows, or leave them out"
        )
    positive = [value for value, code in codes.items() if code == str(label.positive)]
    return np.asarray(values.isin(positive), np.int8)


def code(value: Any) -> str:
    """A code as dataset.yaml's JSON has it: as text, whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def split(table: Table, parameters: Mapping[str, Any]) -> Split:
    """Divides the rows as model.yaml says; `{"sample": true}` takes all of them for the test."""
    import numpy as np

    if parameters.get("sample"):
        nothing = np.arange(0)
        return Split(nothing, nothing, np.arange(len(table.labels)))
    time = parameters.get("time_column")
    return split_rows(
        table.labels,
        validation=parameters["validation"],
        test=parameters["test"],
        seed=parameters["seed"],
        times=table.clients[time].to_numpy() if time else None,
    )


def write(table: Table, build_features: Build, rows: Split, own: tuple[Feature, ...] = ()) -> None:
    """Writes the outputs of `prepare`: a sample for each part, the same as CSV, and a summary.

    The features are built here, once all and then again on rows that are changed on purpose, since
    only so it can be seen what a feature depends on.

    Args:
        table: the whole table.
        build_features: gives one row of numbers for each client; missing values are NaN.
        rows: which rows belong to which part.
        own: what the team's own features mean.

    Raises:
        JobError: a feature is not described, no number, infinite, or depends on a protected
            attribute without being declared so; or the rows are not those of the clients.
    """
    features = built(build_features, table.clients, table.columns)
    layout = Layout(
        table.columns.label.name, described(features, table.clients, table.columns, own)
    )
    refuse_undeclared(build_features, table.clients, table.columns, layout.features)
    arrays = _arrays(features)
    parts = {name: part for name, part in rows._asdict().items() if len(part)}
    for done, (name, part) in enumerate(parts.items()):
        contract.progress("prepare", done, len(parts), f"writing {name}")
        _write_sample(name, part, table, arrays, layout)
    contract.write_json(
        contract.processing_output("summary") / "summary.json",
        _summary(table, features, layout, parts),
    )
    contract.progress("prepare", len(parts), len(parts))


def _arrays(features: "pd.DataFrame") -> dict[str, "npt.NDArray[Any]"]:
    """Each feature as float32, which is what XGBoost keeps."""
    import numpy as np

    arrays, problems = {}, []
    for name in features:
        try:
            values = features[name].to_numpy(np.float32, na_value=np.nan)
        except (TypeError, ValueError):
            problems.append(f"{name} holds values that are no numbers")
            continue
        if infinite := int(np.isinf(values).sum()):
            problems.append(f"{name} is infinite in {infinite} rows")
        arrays[str(name)] = values
    if problems:
        raise contract.JobError("; ".join(problems))
    return arrays


def _write_sample(
    name: str,
    part: "npt.NDArray[Any]",
    table: Table,
    arrays: Mapping[str, "npt.NDArray[Any]"],
    layout: Layout,
) -> None:
    import pyarrow as pa
    from pyarrow import csv

    from regulated_ml.jobs import parquet

    folder = contract.processing_output(name)
    values = {layout.label: table.labels, **arrays}
    content = pa.table({key: pa.array(v[part], from_pandas=True) for key, v in values.items()})
    parquet.write(folder / FEATURES, content)
    measured = table.clients[[column.name for column in table.columns.having(*MEASURED)]].iloc[part]
    frame = pa.Table.from_pandas(measured, preserve_index=False)
    parquet.write(folder / MEASUREMENTS, frame.replace_schema_metadata())
    layout.write(folder)
    # The form that the container's own algorithm reads: no header, the label first.
    csv.write_csv(
        content,
        contract.processing_output("csv") / f"{name}.csv",
        csv.WriteOptions(include_header=False),
    )


def _summary(
    table: Table,
    features: "pd.DataFrame",
    layout: Layout,
    parts: Mapping[str, "npt.NDArray[Any]"],
) -> dict[str, Any]:
    used = set(layout.names)
    return {
        "rows": len(table.labels),
        "label": layout.label,
        "splits": {
            name: {"rows": len(part), "label_rate": float(table.labels[part].mean())}
            for name, part in parts.items()
        },
        "features": layout.names,
        "left_out": [
            {"column": column.name, "reason": UNUSED.get(column.role, "left out by features.py")}
            for column in table.columns
            if column.name not in used and column.role != "label"
        ],
        "unknown_codes": unknown_codes(table.clients, table.columns),
        "missing": {
            str(name): count for name in features if (count := int(features[name].isna().sum()))
        },
    }

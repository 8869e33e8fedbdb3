"""The features as the team's own function builds them, held to what the other jobs rely on.

Two mistakes there leave no trace in the numbers of a validation report. Rows that are sorted or
left out are trained on the labels of others; and a feature made from a protected column would be
told to a client as a reason, under its own name. So both are looked for whenever rows are prepared.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.features import Feature

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

Build = Callable[["pd.DataFrame", Columns], "pd.DataFrame"]  # `build_features` of features.py

PROBED = 20_000  # rows, out of those of a larger table, on which dependence is looked for
SEED = 0


def built(build_features: Build, clients: "pd.DataFrame", columns: Columns) -> "pd.DataFrame":
    """The features of some clients.

    Raises:
        JobError: they are not one row for each client, in the same order, or a name is no good.
    """
    import pandas as pd

    # A copy that shares the values: a function that sorts its argument sorts the copy.
    features = build_features(clients.copy(deep=False), columns)
    if not isinstance(features, pd.DataFrame):
        raise JobError(f"build_features gives {type(features).__name__}, not a table of features")
    if not features.index.equals(clients.index):
        found = (
            f"{len(features)} rows for {len(clients)} clients"
            if len(features) != len(clients)
            else "rows in another order, or with another index, than the clients"
        )
        raise JobError(
            f"build_features gives {found}: it has to give one row for each client, with the index "
            "of `clients`; do not sort, drop or merge away rows, and leave missing values as NaN"
        )
    if twice := features.columns[features.columns.duplicated()].unique().tolist():
        raise JobError(
            f"build_features gives {', '.join(map(str, twice))} more than once: each feature needs "
            "a name of its own"
        )
    if columns.label.name in features:
        raise JobError(
            f"build_features gives the label {columns.label.name} as a feature: leave it out"
        )
    return features


def refuse_undeclared(
    build_features: Build,
    clients: "pd.DataFrame",
    columns: Columns,
    described: Iterable[Feature],
) -> None:
    """Refuses features that depend on a protected attribute without being declared protected.

    Raises:
        JobError: names each such feature with its attributes.
    """
    declared = {feature.name for feature in described if feature.protected}
    found = dependent(build_features, clients, columns)
    if problems := [
        f"the feature {name} depends on the protected attribute {' and '.join(attributes)}"
        for name, attributes in found.items()
        if name not in declared
    ]:
        raise JobError(
            f"{'; '.join(problems)}: declare it with protected=True in OWN in features.py, so that "
            "it is never told as a reason, or leave it out"
        )


def dependent(
    build_features: Build, clients: "pd.DataFrame", columns: Columns
) -> Mapping[str, list[str]]:
    """The features that depend on protected columns, with the names of these columns.

    Each protected column is permuted among some rows, while all others stay; what changes then
    depends on it.
    """
    found: dict[str, list[str]] = {}
    for column in columns.having("protected"):
        rows = clients.iloc[_probed(clients[column.name])]
        order = np.random.default_rng(SEED).permutation(len(rows))
        other = rows.copy()
        other[column.name] = rows[column.name].array.take(order)
        before, after = (built(build_features, part, columns) for part in (rows, other))
        for name in before:
            if name not in after or not before[name].equals(after[name]):
                found.setdefault(str(name), []).append(column.name)
    return found


def _probed(values: "pd.Series[object]") -> "npt.NDArray[np.intp]":
    """Positions of rows to look at: all of a small table, else some, with every code among them."""
    if len(values) <= PROBED:
        return np.arange(len(values))
    first = np.flatnonzero(~values.duplicated())[:PROBED]
    drawn = np.random.default_rng(SEED).choice(len(values), PROBED, replace=False)
    return np.union1d(first, drawn)

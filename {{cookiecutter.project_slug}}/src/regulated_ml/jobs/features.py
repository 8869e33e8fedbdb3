"""From the columns of the table to the numbers that a model reads."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulated_ml.jobs import contract
from regulated_ml.jobs.columns import Column, Columns

if TYPE_CHECKING:
    import pandas as pd

FILE = "features.json"  # beside the rows, and later beside the model


@dataclass(frozen=True)
class Feature:
    """One number that the model reads of each client, and what it means.

    `description` and `reason` are needed of a feature that is no column of the table; the words for
    the others stand in dataset.yaml. `protected` marks one that tells a protected attribute: it is
    never given as a reason.
    """

    name: str
    type: str = "number"  # integer, number or category
    monotone: int = 0  # 1: a higher value may only raise the predicted risk, -1: only lower it
    description: str = ""
    reason: str = ""
    protected: bool = False
    codes: tuple[str, ...] = ()  # of a category of texts: what 0, 1, 2 and so on stand for


@dataclass(frozen=True)
class Layout:
    """The columns of features.parquet: the label, then the features as the model reads them."""

    label: str
    features: tuple[Feature, ...]

    @property
    def names(self) -> list[str]:
        """The names of the features, in order."""
        return [feature.name for feature in self.features]

    def write(self, folder: Path) -> None:
        """Writes features.json."""
        contract.write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Layout":
        """Reads features.json."""
        content = contract.read_json(folder / FILE)
        try:
            return cls(content["label"], tuple(_feature(item) for item in content["features"]))
        except (KeyError, TypeError) as error:
            raise contract.JobError(f"{FILE} is not one that prepare wrote: {error}") from None


def raw_features(clients: "pd.DataFrame", columns: Columns) -> "pd.DataFrame":
    """The columns of role `feature`, as numbers.

    A category of texts becomes the place of its code in dataset.yaml, from 0; a code that is not
    declared becomes a missing value. All other values stay as they are.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            column.name: _numbers(clients[column.name], column)
            for column in columns.having("feature")
        },
        index=clients.index,
    )


def unknown_codes(clients: "pd.DataFrame", columns: Columns) -> dict[str, int]:
    """How many values of each category of texts are not declared, where there are any."""
    counts = {
        column.name: int((_numbers(values, column).isna() & values.notna()).sum())
        for column in columns.having("feature")
        for values in [clients[column.name]]
        if _is_text(values, column)
    }
    return {name: count for name, count in counts.items() if count}


def described(
    features: "pd.DataFrame", clients: "pd.DataFrame", columns: Columns, own: tuple[Feature, ...]
) -> tuple[Feature, ...]:
    """What each feature is: the team's own words for its own, those of dataset.yaml for columns.

    Raises:
        JobError: a feature is neither a column of the table nor among the team's own.
    """
    known = {column.name: _of_column(column, clients[column.name]) for column in columns}
    known |= {feature.name: feature for feature in own}
    if strangers := [str(name) for name in features if name not in known]:
        raise contract.JobError(
            f"{', '.join(strangers)}: a feature that is no column of the table is described in OWN "
            "in features.py"
        )
    return tuple(known[name] for name in features)


def _of_column(column: Column, values: "pd.Series[Any]") -> Feature:
    return Feature(
        name=column.name,
        type=column.type,
        monotone=column.monotone,
        description=column.description,
        reason=column.reason,
        protected=column.role == "protected",
        codes=tuple(column.codes) if _is_text(values, column) else (),
    )


def _feature(content: dict[str, Any]) -> Feature:
    return Feature(**{**content, "codes": tuple(content.get("codes", ()))})


def _numbers(values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    import pandas as pd

    if not _is_text(values, column):
        return values
    places = pd.Index(column.codes).get_indexer(values)  # -1 where it is none of them
    return pd.Series(places, index=values.index, dtype="float32").where(places >= 0)


def _is_text(values: "pd.Series[Any]", column: Column) -> bool:
    from pandas.api.types import is_numeric_dtype

    return column.type == "category" and not is_numeric_dtype(values)

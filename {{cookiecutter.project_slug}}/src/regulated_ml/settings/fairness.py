"""How clients are grouped where it is measured what decisions are like for each group."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from regulated_ml.identifiers import Problem
from regulated_ml.settings.base import Section
from regulated_ml.settings.reading import did_you_mean

if TYPE_CHECKING:
    from regulated_ml.settings.models import Dataset

PLACE = "config/model.yaml: fairness.bands"

Edge = Annotated[float, Field(allow_inf_nan=False)]


class Fairness(Section):
    """The groups of each protected attribute."""

    # Rows; a smaller one is not judged. No rate is taken of fewer than 30: it would be noise.
    smallest_group: Annotated[int, Field(ge=30)] = 100
    # Where the bands of a numeric attribute begin, but for the first; else at its quarters.
    bands: Mapping[str, Annotated[tuple[Edge, ...], Field(max_length=20)]] = {}


def fairness_problems(dataset: "Dataset", fairness: Fairness) -> Iterator[Problem]:
    """The bands that do not fit the table.

    Those of a column that the table does not have do no harm: they are left from another table.
    """
    numeric = [column.name for column in dataset.protected if column.type != "category"]
    columns = {column.name for column in dataset.columns}
    for name, edges in fairness.bands.items():
        meant = did_you_mean(name, numeric)
        if name not in numeric and (name in columns or meant):
            rule = f"bands are of a protected number: {', '.join(numeric) or 'there is none'}"
            yield Problem(PLACE, name, rule, meant or "remove it, or name one of them")
        if not edges:
            yield Problem(
                f"{PLACE}.{name}", "[]", "at least one number", "name where a band begins"
            )
        if any(low >= high for low, high in pairwise(edges)):
            value = ", ".join(f"{edge:g}" for edge in edges)
            rule = "each band begins above the one before it"
            yield Problem(f"{PLACE}.{name}", value, rule, "sort the numbers, each once")

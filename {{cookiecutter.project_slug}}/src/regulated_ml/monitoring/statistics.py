"""statistics.json as SageMaker Model Monitor writes and reads it.

The format: SageMaker Developer Guide, "Schema for Statistics (statistics.json file)". What Model
Monitor may add to it is kept when a file is read.
"""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from regulated_ml.monitoring.distributions import Distribution

FILE = "statistics.json"
BUCKETS = 10  # "By default, the distribution is materialized in 10 buckets. You can't change this."
SHRINKING = 2 / 3  # of the capacities of a KLL sketch's levels, as DataSketches has it
CHUNK = 1_000_000  # values handed to a sketch at a time

InferredType = Literal["Integral", "Fractional", "String", "Unknown"]


class Part(BaseModel):
    """A part of one of Model Monitor's files: frozen; keys that it adds are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Common(Part):
    """How many values there are."""

    num_present: int
    num_missing: int


class Bucket(Part):
    """Values from `lower_bound` on, below `upper_bound`; the last bucket has its upper bound."""

    lower_bound: float
    upper_bound: float
    count: float


class Parameters(Part):
    """Of a KLL sketch: `c`, by which the capacity of its levels shrinks, and `k`, the largest."""

    c: float
    k: float


class Sketch(Part):
    """A KLL sketch: each value of level i stands for 2^i values."""

    parameters: Parameters
    data: tuple[tuple[float, ...], ...]


class Kll(Part):
    """How numbers are distributed."""

    buckets: tuple[Bucket, ...]
    sketch: Sketch


class NumberDistribution(Part):
    """How numbers are distributed."""

    kll: Kll


class NumericalStatistics(Part):
    """What is told of numbers."""

    common: Common
    mean: float
    sum: float
    std_dev: float
    min: float
    max: float
    distribution: NumberDistribution | None = None


class ValueCount(Part):
    """How often a text is there."""

    value: str
    count: int


class Categorical(Part):
    """How texts are distributed."""

    buckets: tuple[ValueCount, ...]


class StringDistribution(Part):
    """How texts are distributed."""

    categorical: Categorical


class StringStatistics(Part):
    """What is told of texts."""

    common: Common
    distinct_count: int
    distribution: StringDistribution | None = None


class FeatureStatistics(Part):
    """What is told of a column; which of the two depends on its type."""

    name: str
    inferred_type: InferredType
    numerical_statistics: NumericalStatistics | None = None
    string_statistics: StringStatistics | None = None


class Dataset(Part):
    """What is told of all rows."""

    item_count: int


class Statistics(Part):
    """The content of statistics.json."""

    version: float = 0.0
    dataset: Dataset
    features: tuple[FeatureStatistics, ...]


def statistics(columns: Mapping[str, Distribution], rows: int) -> Statistics:
    """What statistics.json says of these columns.

    A category whose codes are all numbers is told as the numbers that they are: this is what Model
    Monitor makes of them, which knows types by looking at values alone.
    """
    return Statistics(
        dataset=Dataset(item_count=rows),
        features=tuple(_feature(name, each) for name, each in columns.items()),
    )


def inferred_type(column: Distribution) -> InferredType:
    """The type that Model Monitor infers from such values."""
    if not column.present:
        return "Unknown"
    numbers = as_numbers(column)
    if numbers is None:
        return "String"
    return "Integral" if numbers.whole and not numbers.infinite else "Fractional"


def as_numbers(column: Distribution) -> Distribution | None:
    """The column as numbers, its codes too where all are numbers; None for texts."""
    if column.kind == "number":
        return column
    try:
        codes = {float(name): count for name, count in column.counts.items()}
    except ValueError:
        return None
    numbers = Distribution("number", missing=column.missing)
    for code, count in sorted(codes.items()):
        for start in range(0, count, CHUNK):
            numbers.add_values(np.full(min(CHUNK, count - start), code))
    return numbers


def _feature(name: str, column: Distribution) -> FeatureStatistics:
    kind, numbers = inferred_type(column), as_numbers(column)
    if kind in ("Integral", "Fractional") and numbers and numbers.present > numbers.infinite:
        return FeatureStatistics(
            name=name, inferred_type=kind, numerical_statistics=_numerical(numbers)
        )
    counts = sorted(column.counts.items(), key=lambda item: (-item[1], item[0]))
    return FeatureStatistics(
        name=name,
        inferred_type="String" if column.present else "Unknown",
        string_statistics=StringStatistics(
            common=_common(column),
            distinct_count=len(counts),
            distribution=StringDistribution(
                categorical=Categorical(
                    buckets=tuple(ValueCount(value=value, count=count) for value, count in counts)
                )
            ),
        ),
    )


def _common(column: Distribution) -> Common:
    return Common(num_present=column.present, num_missing=column.missing + column.unreadable)


def _numerical(numbers: Distribution) -> NumericalStatistics:
    kll = Kll(
        buckets=_buckets(numbers),
        sketch=Sketch(
            parameters=Parameters(c=SHRINKING, k=float(numbers.sketch.k)), data=_levels(numbers)
        ),
    )
    return NumericalStatistics(
        common=_common(numbers),
        mean=numbers.mean,
        sum=numbers.mean * (numbers.present - numbers.infinite),
        std_dev=numbers.deviation,
        min=numbers.minimum,
        max=numbers.maximum,
        distribution=NumberDistribution(kll=kll),
    )


def _buckets(numbers: Distribution) -> tuple[Bucket, ...]:
    """The finite values in buckets of equal width; one bucket where all are the same."""
    values, weights = numbers.weighted()
    finite = np.isfinite(values)
    few = BUCKETS if numbers.minimum < numbers.maximum else 1
    edges = np.linspace(numbers.minimum, numbers.maximum, few + 1)
    places = np.clip(np.searchsorted(edges, values[finite], "right") - 1, 0, few - 1)
    counts = np.bincount(places, weights=weights[finite], minlength=few)
    return tuple(
        Bucket(lower_bound=low, upper_bound=high, count=count)
        for low, high, count in zip(
            edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True
        )
    )


def _levels(numbers: Distribution) -> tuple[tuple[float, ...], ...]:
    """The finite values of a sketch by level: JSON has no infinite ones."""
    levels: list[list[float]] = []
    for value, weight in numbers.sketch:
        level = weight.bit_length() - 1
        levels.extend([] for _ in range(level + 1 - len(levels)))
        if math.isfinite(value):
            levels[level].append(value)
    return tuple(map(tuple, levels))

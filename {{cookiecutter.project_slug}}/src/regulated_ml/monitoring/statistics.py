"""statistics.json as SageMaker Model Monitor writes and reads it.

The format: SageMaker Developer Guide, "Schema for Statistics (statistics.json file)". What Model
Monitor may add to it is kept when a file is read.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from regulated_ml.monitoring.distributions import Distribution, K

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

FILE = "statistics.json"
BUCKETS = 10  # "By default, the distribution is materialized in 10 buckets. You can't change this."
SHRINKING = 2 / 3  # of the capacities of a KLL sketch's levels, as DataSketches has it

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


class Numbers(NamedTuple):
    """A column as numbers."""

    values: "Array"  # in rising order, each once
    weights: "Array"  # how many values each stands for, whole numbers
    minimum: float  # of the finite values, as the other figures are
    maximum: float
    mean: float
    deviation: float
    whole: bool

    @property
    def finite(self) -> int:
        """How many values are finite."""
        return int(self.weights[np.isfinite(self.values)].sum())


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
    numbers = as_numbers(column)
    if numbers is None:
        return "String" if column.counts else "Unknown"
    return "Integral" if numbers.whole and not column.infinite else "Fractional"


def as_numbers(column: Distribution) -> Numbers | None:
    """The column as numbers, its codes too where all are numbers; None where none is finite."""
    if column.kind == "number":
        values, weights = column.weighted()
        moments = (column.minimum, column.maximum, column.mean, column.deviation, column.whole)
        found = Numbers(values, weights.astype(np.int64), *moments)
    else:
        try:
            codes = {float(name): count for name, count in column.counts.items()}
        except ValueError:
            return None
        values = np.array(sorted(codes))
        weights = np.array([codes[value] for value in values.tolist()], np.int64)
        found = _of_codes(values, weights)
    return found if found.finite else None


def _of_codes(values: "Array", weights: "Array") -> Numbers:
    """Numbers with the moments of these values."""
    finite = np.isfinite(values)
    known, times = values[finite], weights[finite]
    if not times.sum():
        return Numbers(values, weights, math.inf, -math.inf, 0.0, 0.0, False)
    mean = float(np.average(known, weights=times))
    deviation = math.sqrt(float(np.average((known - mean) ** 2, weights=times)))
    whole = bool((np.rint(values) == values).all())
    return Numbers(values, weights, float(known[0]), float(known[-1]), mean, deviation, whole)


def _feature(name: str, column: Distribution) -> FeatureStatistics:
    if numbers := as_numbers(column):
        statistics_ = _numerical(column, numbers)
        return FeatureStatistics(
            name=name, inferred_type=inferred_type(column), numerical_statistics=statistics_
        )
    counts = sorted(column.counts.items(), key=lambda item: (-item[1], item[0]))
    buckets = tuple(ValueCount(value=value, count=count) for value, count in counts)
    return FeatureStatistics(
        name=name,
        inferred_type=inferred_type(column),
        string_statistics=StringStatistics(
            common=_common(column),
            distinct_count=len(counts),
            distribution=StringDistribution(categorical=Categorical(buckets=buckets)),
        ),
    )


def _common(column: Distribution) -> Common:
    return Common(num_present=column.present, num_missing=column.missing + column.unreadable)


def _numerical(column: Distribution, numbers: Numbers) -> NumericalStatistics:
    sketch = Sketch(parameters=Parameters(c=SHRINKING, k=float(K)), data=_levels(numbers))
    return NumericalStatistics(
        common=_common(column),
        mean=numbers.mean,
        sum=numbers.mean * numbers.finite,
        std_dev=numbers.deviation,
        min=numbers.minimum,
        max=numbers.maximum,
        distribution=NumberDistribution(kll=Kll(buckets=_buckets(numbers), sketch=sketch)),
    )


def _buckets(numbers: Numbers) -> tuple[Bucket, ...]:
    """The finite values in buckets of equal width; one bucket where all are the same."""
    finite = np.isfinite(numbers.values)
    few = BUCKETS if numbers.minimum < numbers.maximum else 1
    edges = np.linspace(numbers.minimum, numbers.maximum, few + 1)
    places = np.clip(np.searchsorted(edges, numbers.values[finite], "right") - 1, 0, few - 1)
    counts = np.bincount(places, weights=numbers.weights[finite], minlength=few)
    return tuple(
        Bucket(lower_bound=low, upper_bound=high, count=count)
        for low, high, count in zip(
            edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True
        )
    )


def _levels(numbers: Numbers) -> tuple[tuple[float, ...], ...]:
    """The finite values of a sketch by level: a value is in those whose weights make up its own.

    JSON has no infinite values.
    """
    finite = np.isfinite(numbers.values)
    values, weights = numbers.values[finite], numbers.weights[finite]
    highest = int(weights.max()).bit_length()
    return tuple(tuple(values[(weights >> level) & 1 == 1].tolist()) for level in range(highest))

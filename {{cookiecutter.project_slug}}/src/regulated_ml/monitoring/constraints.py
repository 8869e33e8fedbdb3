"""constraints.json as SageMaker Model Monitor writes and reads it.

The format: SageMaker Developer Guide, "Schema for Constraints (constraints.json file)". What Model
Monitor may add to it is kept when a file is read.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from regulated_ml.monitoring.distributions import OTHER, Distribution
from regulated_ml.monitoring.statistics import InferredType, Part, as_numbers, inferred_type

FILE = "constraints.json"
Switch = Literal["Enabled", "Disabled"]


class NumConstraints(Part):
    """What numbers have to be."""

    is_non_negative: bool


class StringConstraints(Part):
    """What values a category may have."""

    domains: tuple[str, ...]


class Feature(Part):
    """What a column has to be."""

    name: str
    inferred_type: InferredType
    completeness: float  # the least share of values that are not missing
    num_constraints: NumConstraints | None = None
    string_constraints: StringConstraints | None = None
    monitoring_config_overrides: Mapping[str, Any] | None = None


class DistributionConstraints(Part):
    """How Model Monitor compares distributions.

    The local monitor has critical values of its own: see `drift.py`.
    """

    perform_comparison: Switch = "Enabled"
    comparison_threshold: float = 0.1
    comparison_method: Literal["Simple", "Robust"] = "Robust"


class MonitoringConfig(Part):
    """How columns are held against constraints.

    `datatype_check_threshold` is the least share of values that have the type of the column,
    `domain_content_threshold` the least share of those that are in its domain.
    """

    evaluate_constraints: Switch = "Enabled"
    emit_metrics: Switch = "Enabled"
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    distribution_constraints: DistributionConstraints = DistributionConstraints()


class Constraints(Part):
    """The content of constraints.json."""

    version: float = 0.0
    features: tuple[Feature, ...]
    monitoring_config: MonitoringConfig = MonitoringConfig()


def constraints(
    columns: Mapping[str, Distribution], declared: Mapping[str, Collection[str]]
) -> Constraints:
    """The constraints that these columns keep.

    A category of numeric codes is `Integral`, as Model Monitor infers it from captured requests;
    its domain stands there all the same, for the local monitor. Codes that are declared belong to
    it, too: a rare one that no row of the training has is nothing new.
    """
    features = (_feature(name, each, declared.get(name, ())) for name, each in columns.items())
    return Constraints(features=tuple(features))


def _feature(name: str, column: Distribution, declared: Collection[str]) -> Feature:
    numbers = as_numbers(column)
    domain = sorted({*column.counts, *declared}, key=_order)
    is_closed = column.kind == "category" and domain and OTHER not in column.counts
    return Feature(
        name=name,
        inferred_type=inferred_type(column),
        completeness=column.completeness,
        num_constraints=NumConstraints(is_non_negative=numbers.minimum >= 0) if numbers else None,
        string_constraints=StringConstraints(domains=tuple(domain)) if is_closed else None,
    )


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by value, then texts."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name

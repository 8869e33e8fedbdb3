"""Violations of constraints, as Model Monitor and SageMaker Clarify write them.

`constraint_violations.json`: Developer Guide, "Schema for Violations (constraint_violations.json
file)", "Model quality metrics", "Bias Drift Violations", "Model Feature Attribution Drift
Violations". What we say beyond it lies in files of its own.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Monitor = Literal["data_quality", "model_quality", "bias", "attribution"]
MONITORS: tuple[Monitor, ...] = ("data_quality", "model_quality", "bias", "attribution")

FILE = "constraint_violations.json"
# Checks of the data quality, in the order in which the Developer Guide lists them.
TYPE, COMPLETENESS, DRIFT = "data_type_check", "completeness_check", "baseline_drift_check"
MISSING, EXTRA = "missing_column_check", "extra_column_check"
CATEGORIES = "categorical_values_check"
DATA_CHECKS = (TYPE, COMPLETENESS, DRIFT, MISSING, EXTRA, CATEGORIES)
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"
BIAS, ATTRIBUTION = "bias_drift_check", "feature_attribution_drift_check"


class Violation(NamedTuple):
    """A constraint that a window of requests does not keep."""

    monitor: Monitor
    check: str  # as Model Monitor names it
    description: str
    column: str = ""  # of the data quality: the feature; of bias: the facet
    metric: str = ""
    group: str = ""  # of bias: the facet's value

    def as_json(self) -> dict[str, Any]:
        """The entry of `constraint_violations.json`."""
        if self.monitor == "data_quality":
            return {
                "feature_name": self.column,
                "constraint_check_type": self.check,
                "description": self.description,
            }
        about: dict[str, Any] = {}
        if self.monitor == "bias":
            about = {"facet": self.column, "facet_value": self.group}
        elif self.monitor == "attribution":
            about = {"label": "label0"}
        return {
            **about,
            "metric_name": self.metric,
            "constraint_check_type": self.check,
            "description": self.description,
        }


def content(found: Sequence[Violation], monitor: Monitor) -> dict[str, Any]:
    """The file of one monitor; those of Clarify name a version."""
    own = [each.as_json() for each in found if each.monitor == monitor]
    version = {"version": "1.0"} if monitor in ("bias", "attribution") else {}
    return {**version, "violations": own}


def of_json(written: Any, monitor: Monitor) -> list[Violation]:
    """The violations of a file as AWS's analysers, and we, write it.

    Raises:
        ValueError: it is no such file, and why.
    """
    entries = written.get("violations") if isinstance(written, dict) else None
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise ValueError("it holds a list called violations")
    return [
        Violation(
            monitor,
            str(each.get("constraint_check_type", "")),
            str(each.get("description", "")),
            column=str(each.get("feature_name") or each.get("facet") or ""),
            metric=str(each.get("metric_name") or ""),
            group=str(each.get("facet_value") or ""),
        )
        for each in entries
    ]

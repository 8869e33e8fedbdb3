"""Data quality: a window of requests against the constraints and distributions of its baseline.

The checks are Model Monitor's six. Shares of cells are held to `constraints.json` as they are, as
Model Monitor does; distributions are tested against chance (`drift.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from regulated_ml.monitoring import violations
from regulated_ml.monitoring.constraints import Constraints, Feature
from regulated_ml.monitoring.distributions import Distribution
from regulated_ml.monitoring.drift import Drift
from regulated_ml.monitoring.violations import Violation

MISSING_COLUMNS, EXTRA_COLUMNS = "Missing columns", "Extra columns"  # as Model Monitor's features
SHOWN = 5  # values in a sentence


class Observed(NamedTuple):
    """What a window holds."""

    columns: Mapping[str, Distribution]
    fractions: Mapping[str, int]  # of columns of whole numbers: how many are none
    drifts: Sequence[Drift]
    widths: Mapping[int, int]  # number of cells other than the baseline's -> rows
    masked: frozenset[str] = frozenset()  # features whose values were not kept


def check(constraints: Constraints, observed: Observed) -> list[Violation]:
    """The violations of a window, column by column in the order of the baseline.

    Args:
        constraints: of the baseline.
        observed: the window; its masked features are not judged.
    """
    drifted = {each.column: each for each in observed.drifts if each.drifted}
    found = [*_columns(constraints, observed.widths)]
    for feature in constraints.features:
        there = observed.columns.get(feature.name)
        if there is None or feature.name in observed.masked:
            continue
        found += _types(constraints, feature, there, observed.fractions.get(feature.name, 0))
        found += _completeness(feature, there)
        found += _categories(constraints, feature, there)
        if feature.name in drifted:
            found.append(_drift(drifted[feature.name]))
    return found


def whole_columns(constraints: Constraints, found: Mapping[str, Distribution]) -> list[str]:
    """The columns of whole numbers that hold others too, which then have to be counted."""
    return [
        feature.name
        for feature in constraints.features
        if feature.inferred_type == "Integral"
        and feature.name in found
        and found[feature.name].kind == "number"
        and not found[feature.name].whole
    ]


def _columns(constraints: Constraints, widths: Mapping[int, int]) -> Iterator[Violation]:
    expected = len(constraints.features)
    for is_short, check_type, name in (
        (True, violations.MISSING, MISSING_COLUMNS),
        (False, violations.EXTRA, EXTRA_COLUMNS),
    ):
        if wrong := {w: rows for w, rows in widths.items() if w != expected}:
            own = {w: rows for w, rows in wrong.items() if (w < expected) is is_short}
            if own:
                held = ", ".join(f"{w} in {rows} rows" for w, rows in sorted(own.items()))
                said = f"Number of columns: {held}; number of columns in the baseline: {expected}"
                yield Violation("data_quality", check_type, said, name)


def _types(
    constraints: Constraints, feature: Feature, there: Distribution, fractions: int
) -> Iterator[Violation]:
    """Values of another type, and numbers below 0 where the baseline has none."""
    filled = there.present + there.unreadable
    if not filled or there.kind != "number":
        return
    is_whole = feature.inferred_type == "Integral"
    share = (there.present - (fractions if is_whole else 0)) / filled
    least = constraints.monitoring_config.datatype_check_threshold
    if share < least:
        said = (
            f"Data type match requirement is not met. Expected: {feature.inferred_type} in "
            f"{least:.1%} of the values. Observed: {share:.2%}"
        )
        yield Violation("data_quality", violations.TYPE, said, feature.name)
    bounds = feature.num_constraints
    if bounds and bounds.is_non_negative and there.present > there.infinite and there.minimum < 0:
        said = f"Values below 0, down to {there.minimum:g}; the baseline has none"
        yield Violation("data_quality", violations.TYPE, said, feature.name)


def _completeness(feature: Feature, there: Distribution) -> Iterator[Violation]:
    if there.rows and there.completeness < feature.completeness:
        said = (
            f"Expected completeness: {feature.completeness:.2%}. Observed: "
            f"{there.completeness:.2%}, with {there.missing} of {there.rows} values missing"
        )
        yield Violation("data_quality", violations.COMPLETENESS, said, feature.name)


def _categories(
    constraints: Constraints, feature: Feature, there: Distribution
) -> Iterator[Violation]:
    domain = feature.string_constraints.domains if feature.string_constraints else ()
    if not domain or there.kind != "category" or not there.present:
        return
    strange = {value: count for value, count in there.counts.items() if value not in domain}
    share = 1 - sum(strange.values()) / there.present
    least = constraints.monitoring_config.domain_content_threshold
    if share < least:
        most = sorted(strange, key=lambda value: -strange[value])[:SHOWN]
        values = ", ".join(f"{value} ({strange[value]} times)" for value in most)
        more = f" and {len(strange) - SHOWN} others" if len(strange) > SHOWN else ""
        said = f"{share:.2%} of the values are known, {least:.1%} are expected. Unknown: "
        yield Violation(
            "data_quality", violations.CATEGORIES, f"{said}{values}{more}", feature.name
        )


def _drift(found: Drift) -> Violation:
    name = "Kolmogorov-Smirnov" if found.statistic == "ks" else "Total variation"
    said = (
        f"Baseline drift distance: {found.distance:.4f} ({name}) exceeds threshold: "
        f"{found.critical:.4f}"
    )
    return Violation("data_quality", violations.DRIFT, said, found.column)

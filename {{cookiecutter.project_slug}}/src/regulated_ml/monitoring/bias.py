"""Bias drift: decisions by protected attribute, held to the gates of the model.

The figures are those of the evaluation (`jobs/fairness.py`) on the clients of a window. As in
SageMaker Clarify, an alarm is given when the whole interval of a figure lies beyond its bound.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs import fairness
from regulated_ml.jobs.fairness import Decided
from regulated_ml.monitoring.violations import BIAS, Violation

if TYPE_CHECKING:
    import numpy.typing as npt

    from regulated_ml.jobs.groups import Attribute

    Array = npt.NDArray[Any]

Json = dict[str, Any]


class Measure(NamedTuple):
    """A figure: where it stands in fairness.json, its gate, and Clarify's name for it."""

    key: str
    gate: str
    clarify: str
    title: str
    needs_labels: bool


MEASURES = (
    Measure("selection_ratio", "selection_ratio_lowest", "DI", "ratio of acceptance rates", False),
    Measure("tpr_gap", "tpr_gap_largest", "RD", "gap of the share of defaults declined", True),
    Measure("fpr_gap", "fpr_gap_largest", "SD", "gap of the share of good clients declined", True),
)


class Bound(NamedTuple):
    """What a figure must keep."""

    at_least: float | None = None
    at_most: float | None = None


DEFAULT = {"selection_ratio_lowest": Bound(at_least=fairness.FOUR_FIFTHS)}


class Clients(NamedTuple):
    """The clients of a window whose protected attributes are known."""

    labels: "Array"  # -1: not known yet
    scores: "Array"
    attributes: Sequence["Attribute"]


class Found(NamedTuple):
    """A figure of one attribute."""

    attribute: str
    measure: str  # a gate's name
    group: str  # the one that does worse
    value: float
    low: float
    high: float
    bound: float | None  # None: there is no gate of it
    broken: bool


def measure(
    clients: Clients,
    bounds: Mapping[str, Bound],
    threshold: float,
    confidence: float,
    smallest_group: int,
) -> list[Found]:
    """The figures of each attribute; those that need labels are of the clients that have one.

    Args:
        clients: of the window.
        bounds: of the gates, by their metric.
        threshold: a score from here on is declined.
        confidence: of the intervals.
        smallest_group: rows; a smaller group is not judged.
    """
    known = np.flatnonzero(clients.labels >= 0)
    everyone = np.arange(len(clients.scores))
    found = []
    for needs_labels, rows in ((False, everyone), (True, known)):
        if not len(rows):
            continue
        labels = clients.labels[rows] if needs_labels else np.zeros(len(rows), np.int8)
        decided = Decided.by(labels, clients.scores[rows], threshold)
        parameters = {
            "sample": "window",
            "threshold": threshold,
            "confidence": confidence,
            "fairness": {"smallest_group": smallest_group},
        }
        own = [each.take(rows) for each in clients.attributes]
        content = fairness.content(decided, own, parameters, [])
        for attribute in content["attributes"]:
            for each in MEASURES:
                if each.needs_labels is needs_labels and (figure := attribute[each.key]):
                    bound = bounds.get(each.gate, DEFAULT.get(each.gate, Bound()))
                    found.append(_judged(attribute["name"], each, figure, bound))
    return found


def check(found: Sequence[Found]) -> list[Violation]:
    """The violations among the figures."""
    names = {each.gate: each for each in MEASURES}
    return [
        Violation(
            "bias",
            BIAS,
            f"Value {each.value:.3f} does not meet the constraint requirement {each.bound:g}; its "
            f"interval is {each.low:.3f} to {each.high:.3f} ({names[each.measure].title})",
            column=each.attribute,
            metric=names[each.measure].clarify,
            group=each.group,
        )
        for each in found
        if each.broken
    ]


def _judged(attribute: str, about: Measure, figure: Json, bound: Bound) -> Found:
    low, high = figure["low"], figure["high"]
    broken = (bound.at_least is not None and high < bound.at_least) or (
        bound.at_most is not None and low > bound.at_most
    )
    kept = bound.at_least if bound.at_least is not None else bound.at_most
    group = figure.get("group") or figure["highest"]
    return Found(attribute, about.gate, group, figure["value"], low, high, kept, broken)

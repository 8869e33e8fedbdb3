"""Fairness: what the decisions are like in each group of each protected attribute.

A client is accepted, which means selected, when the score is below the threshold. The true positive
rate is the share of the defaults that is declined, the false positive rate that of the good clients
who are. A group with few rows is named and not judged: its figures would be noise.

The ratio of the lowest to the highest selection rate is held to four fifths: Uniform Guidelines on
Employee Selection Procedures, 29 CFR 1607.4(D), a rule of thumb that lenders borrowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs import auc, intervals
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.intervals import Share
from regulated_ml.jobs.model import declined

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
FOUR_FIFTHS = 0.8
LEAST = 30  # rows that a rate is taken of: of fewer it is noise
RATES = ("selection_rate", "tpr", "fpr", "precision")


@dataclass(frozen=True)
class Decided:
    """Some rows with their labels, scores and decisions."""

    labels: "Array"
    scores: "Array"  # float64
    declined: "Array"

    @classmethod
    def by(cls, labels: "Array", scores: "Array", threshold: float) -> "Decided":
        """Rows as a threshold decides them."""
        return cls(labels, scores.astype(np.float64), declined(scores, threshold))

    def take(self, rows: "Array") -> "Decided":
        """Some of the rows: positions, or a mask."""
        return Decided(self.labels[rows], self.scores[rows], self.declined[rows])

    @property
    def rates(self) -> dict[str, Share]:
        """The rates of decisions, each as the rows that it counts."""
        positives, flagged = int(self.labels.sum()), int(self.declined.sum())
        rows, hits = len(self.labels), int((self.declined & (self.labels == 1)).sum())
        return {
            "selection_rate": Share(rows - flagged, rows),
            "tpr": Share(hits, positives),
            "fpr": Share(flagged - hits, rows - positives),
            "precision": Share(hits, flagged),
        }


class Extremes(NamedTuple):
    """The groups that a measure lies furthest apart in."""

    lowest: str
    highest: str


def content(
    rows: Decided,
    attributes: Sequence[Attribute],
    parameters: Mapping[str, Any],
    proxies: list[Json],
) -> Json:
    """The content of fairness.json.

    Args:
        rows: the sample.
        attributes: its groups.
        parameters: those of the job.
        proxies: of `proxies.search`.
    """
    confidence = parameters["confidence"]
    smallest = max(parameters["fairness"]["smallest_group"], LEAST)
    found = [_attribute(rows, attribute, confidence, smallest) for attribute in attributes]
    return {
        "sample": parameters["sample"],
        "own_sample": parameters.get("own_sample", False),
        "rows": len(rows.labels),
        "threshold": parameters["threshold"],
        "confidence": confidence,
        "smallest_group": smallest,
        "smallest_rate": LEAST,
        "four_fifths": FOUR_FIFTHS,
        "overall": _measures(rows, confidence),
        "attributes": found,
        "proxies": proxies,
        "summary": {
            "selection_ratio_lowest": _extreme(found, "selection_ratio", lowest=True),
            "tpr_gap_largest": _extreme(found, "tpr_gap"),
            "fpr_gap_largest": _extreme(found, "fpr_gap"),
            "calibration_gap_largest": _extreme(found, "calibration_gap"),
            "proxy_auc_largest": _extreme(proxies, "auc"),
        },
    }


def _attribute(rows: Decided, attribute: Attribute, confidence: float, smallest: int) -> Json:
    """The groups of one attribute, and how far apart they are."""
    groups, judged = [], {}
    for place, (name, size) in enumerate(
        zip(attribute.groups, attribute.sizes.tolist(), strict=True)
    ):
        if not size:
            continue
        part = rows.take(attribute.rows(place))
        enough = size >= smallest
        entry = {"name": name, "rows": size, "share": size / len(rows.labels), "enough": enough}
        entry["positives"] = int(part.labels.sum())
        groups.append(entry)
        if enough:
            entry |= _measures(part, confidence)
            judged[name] = part
    rates = {name: part.rates for name, part in judged.items()}
    pairs = len(list(combinations(judged, 2)))
    level = intervals.joint(confidence, pairs)
    for entry in groups:
        if entry["enough"]:
            entry["selection_ratio"] = _ratio(rates, entry["name"], level)
    return {
        "name": attribute.column.name,
        "description": attribute.column.description,
        "groups": groups,
        "comparisons": pairs,
        "reference": _reference(rates),
        "selection_ratio": _lowest_ratio(groups),
        **{f"{rate}_gap": _gap(rates, rate, level) for rate in RATES},
        "calibration_gap": _calibration_gap(judged, confidence),
    }


def _measures(rows: Decided, confidence: float) -> Json:
    """What is measured of a group; a rate that too few rows count for is None."""
    positives = int(rows.labels.sum())
    mean = float(rows.scores.mean())
    observed = Share(positives, len(rows.labels))
    calibration = {"predicted": mean, "observed": observed.as_json(confidence)}
    enough = min(positives, len(rows.labels) - positives) >= LEAST
    return {
        **{
            name: share.as_json(confidence) if share.rows >= LEAST else None
            for name, share in rows.rates.items()
        },
        "calibration": {**calibration, "difference": observed.value - mean},
        "auc": auc.interval(auc.placements(rows.labels, rows.scores), confidence)
        if enough
        else None,
    }


def _reference(rates: Mapping[str, Mapping[str, Share]]) -> str | None:
    """The group that is accepted most often."""
    ends = _ends(rates, "selection_rate")
    return ends.highest if ends else None


def _ratio(rates: Mapping[str, Mapping[str, Share]], group: str, level: float) -> Json | None:
    """The group's selection rate over that of the reference."""
    reference = _reference(rates)
    if reference is None or group == reference:
        return None
    one, other = (rates[name]["selection_rate"] for name in (group, reference))
    found = intervals.ratio(one, other, level)
    return found and {**found, "group": group, "reference": reference}


def _lowest_ratio(groups: Sequence[Json]) -> Json | None:
    ratios = [ratio for entry in groups if (ratio := entry.get("selection_ratio"))]
    return min(ratios, key=lambda ratio: ratio["value"], default=None)


def _gap(rates: Mapping[str, Mapping[str, Share]], rate: str, level: float) -> Json | None:
    """The difference between the highest and the lowest rate."""
    ends = _ends(rates, rate)
    if ends is None:
        return None
    high, low = (rates[name][rate] for name in (ends.highest, ends.lowest))
    return {**intervals.difference(high, low, level), **ends._asdict()}


def _ends(rates: Mapping[str, Mapping[str, Share]], rate: str) -> Extremes | None:
    values = {n: each[rate].value for n, each in rates.items() if each[rate].rows >= LEAST}
    if len(values) < 2:
        return None
    ranked = sorted(values, key=lambda name: values[name])
    return Extremes(ranked[0], ranked[-1])


def _calibration_gap(judged: Mapping[str, Decided], confidence: float) -> Json | None:
    """The group whose observed rate lies furthest from its mean score, by size."""
    level = intervals.joint(confidence, len(judged))
    found: list[Json] = []
    for name, rows in judged.items():
        mean = float(rows.scores.mean())
        observed = Share(int(rows.labels.sum()), len(rows.labels))
        low, high = observed.limits(level)
        difference = observed.value - mean
        ends = {"low": low - mean, "high": high - mean}
        found.append({"value": abs(difference), "difference": difference, **ends, "group": name})
    return max(found, key=lambda entry: float(entry["value"]), default=None)


def _extreme(attributes: Sequence[Json], name: str, *, lowest: bool = False) -> Json | None:
    """The most extreme of the attributes' figures, with the attribute that it is of."""
    found = [{**entry[name], "attribute": entry["name"]} for entry in attributes if entry.get(name)]
    found.sort(key=lambda entry: float(entry["value"]), reverse=not lowest)
    return next(iter(found), None)

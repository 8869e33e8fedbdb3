"""What `explain` finds out over all rows, and explanation.json made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import reasons
from regulated_ml.jobs.contributions import TOLERANCE, Explained, Picked, Statistics
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.group_reasons import GroupCounts
from regulated_ml.jobs.model import declined

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]
DIGITS = 6  # after the point, of contributions that are drawn


@dataclass
class Findings:
    """What is collected while the rows pass by."""

    features: Sequence[Feature]
    statistics: Statistics
    told: reasons.Counts
    by_group: GroupCounts
    sample: Picked  # drawn in pictures
    clients: Picked  # with a waterfall each
    shown: Sequence[int]  # the same clients, in the order in which they are shown
    identifiers: Mapping[int, int | str] = field(default_factory=dict)  # only where asked for

    def add(self, part: Explained, flagged: "Array") -> reasons.Chosen:
        """Takes some rows in; gives the reasons of those that are flagged, which means declined."""
        first = self.statistics.rows
        self.statistics.add(part)
        self.sample.add(part, first)
        self.clients.add(part, first)
        chosen = self.told.add(part.contributions[flagged])
        self.by_group.add(first + np.flatnonzero(flagged), chosen)
        return chosen


def content(found: Findings, gain: Mapping[str, float], parameters: Mapping[str, Any]) -> Json:
    """The content of explanation.json.

    Args:
        found: all rows.
        gain: of each feature that the model splits by, the mean gain of its splits.
        parameters: those of the job.
    """
    groups = parameters["confidence"], parameters["fairness"]["smallest_group"]
    sample = found.sample.collected()
    ranked = _features(found, gain)
    top = [entry["name"] for entry in ranked[: parameters["top_features"]]]
    return {
        "rows": found.statistics.rows,
        "additivity": {
            "largest_error": found.statistics.largest_error,
            "tolerance": TOLERANCE,
            "rows_checked": found.statistics.rows,
        },
        "base_value": float(sample.bases[0]),
        "features": ranked,
        "dependence": {name: _dependence(name, found.features, sample) for name in top},
        "beeswarm": {
            "sample": len(sample.scores),
            "features": [feature.name for feature in found.features],
            "values": [[_number(value) for value in row] for row in sample.values.tolist()],
            "contributions": sample.contributions.astype(float).round(DIGITS).tolist(),
        },
        "clients": _clients(found, parameters),
        "declined": found.told.declined,
        "reason_frequency": _frequency(found),
        "withheld_reasons": _withheld(found),
        "reasons_by_group": found.by_group.content(*groups),
    }


def _features(found: Findings, gain: Mapping[str, float]) -> list[Json]:
    """The features with their importance, the most important first."""
    statistics = found.statistics
    total = statistics.mean_absolute.sum() or 1.0
    rows = [
        {
            "name": feature.name,
            "description": feature.description,
            "mean_absolute": float(size),
            "share": float(size / total),
            "mean": float(mean),
            "gain": float(gain.get(feature.name, 0.0)),
            # The codes of a category have no order that a direction could follow.
            "direction": "mixed" if feature.type == "category" else direction,
        }
        for feature, size, mean, direction in zip(
            found.features,
            statistics.mean_absolute,
            statistics.mean,
            statistics.directions(),
            strict=True,
        )
    ]
    return sorted(rows, key=lambda row: -row["mean_absolute"])


def _dependence(name: str, features: Sequence[Feature], sample: Explained) -> Json:
    place = [feature.name for feature in features].index(name)
    return {
        "values": [_number(value) for value in sample.values[:, place].tolist()],
        "contributions": sample.contributions[:, place].astype(float).round(DIGITS).tolist(),
        "codes": list(features[place].codes),
    }


def _clients(found: Findings, parameters: Mapping[str, Any]) -> list[Json]:
    """The clients to show, in the order in which they are shown."""
    rows = found.clients.collected()
    flagged = declined(rows.scores, parameters["threshold"])
    told = reasons.choose(rows.contributions, found.features, parameters["reason_codes"])
    entries = {
        row: {
            "row": row + 1,
            **({"identifier": found.identifiers[row]} if row in found.identifiers else {}),
            "score": float(rows.scores[n]),
            "decision": "declined" if flagged[n] else "accepted",
            "base_value": float(rows.bases[n]),
            "contributions": _waterfall(found.features, rows, n),
            "reasons": [
                {**_reason(found.features[place]), "contribution": value}
                for place, value in (told.of_client(n) if flagged[n] else [])
            ],
        }
        for n, row in enumerate(found.clients.rows.tolist())
    }
    return [entries[row] for row in found.shown]


def _waterfall(features: Sequence[Feature], rows: Explained, n: int) -> list[Json]:
    entries = [
        {"feature": feature.name, "value": _value(feature, value), "contribution": push}
        for feature, value, push in zip(
            features, rows.values[n].tolist(), rows.contributions[n].tolist(), strict=True
        )
    ]
    return sorted(entries, key=lambda entry: -abs(entry["contribution"]))


def _frequency(found: Findings) -> list[Json]:
    """How many declined clients are told each reason; features with one text are one reason."""
    rows: dict[str, Json] = {}
    for place in np.argsort(-found.told.named, kind="stable").tolist():
        clients = int(found.told.named[place])
        if clients:
            entry = _reason(found.features[place])
            row = rows.setdefault(entry["text"], {**entry, "clients": 0})
            row["clients"] += clients
            row["share"] = row["clients"] / found.told.declined
    return sorted(rows.values(), key=lambda row: -row["clients"])


def _withheld(found: Findings) -> list[Json]:
    """Protected features that would have been a reason, had they not been protected."""
    told = found.told
    return [
        {"feature": found.features[place].name, "clients": int(told.withheld[place])}
        for place in np.flatnonzero(told.withheld).tolist()
    ]


def _reason(feature: Feature) -> Json:
    return {"feature": feature.name, "text": reasons.text(feature)}


def _value(feature: Feature, value: float) -> float | str | None:
    """A feature's value as a reader knows it: the code of a category of texts, None if missing."""
    if feature.codes and not np.isnan(value):
        return feature.codes[int(value)]
    return _number(value)


def _number(value: float) -> float | None:
    """A number as JSON holds it."""
    return None if np.isnan(value) else value

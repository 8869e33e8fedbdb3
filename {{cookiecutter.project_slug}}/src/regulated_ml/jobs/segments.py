"""The model in segments of the rows: by each feature and by time.

Among many segments some look bad by chance. So intervals of the rates are wide enough that all of
them hold at once, and a segment counts as off only where its own does not cover its mean score.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import auc, distance, intervals
from regulated_ml.jobs.fairness import LEAST, Decided
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.intervals import Share

if TYPE_CHECKING:
    import numpy.typing as npt

    from regulated_ml.jobs.stability import Compared

    Array = npt.NDArray[Any]

Json = dict[str, Any]
PARTS = 4  # of a number, by its quarters
MOST_CODES = 12  # a feature with more different values is divided by quarters


def of_features(found: "Compared", confidence: float, smallest: int) -> list[Json]:
    """The segments of each feature that have enough rows, in the order of the features."""
    rows = found.drawn
    parts = [
        (feature, low, high, part)
        for place, feature in enumerate(found.features)
        for low, high, mask in _parts(
            feature, found.train.block.values[:, place], found.test.block.values[:, place]
        )
        if (part := rows.take(mask)).labels.size >= smallest
    ]
    level = intervals.joint(confidence, len(parts))
    return [
        {"feature": feature.name, "low": low, "high": high, **_measured(part, confidence, level)}
        for feature, low, high, part in parts
    ]


def of_periods(found: "Compared", confidence: float, smallest: int) -> list[Json]:
    """The periods of the test rows that have enough of them; none where the table has no time."""
    if found.periods is None:
        return []
    ends = distance.cuts(found.train_scores.astype(np.float64))
    expected = distance.binned(found.train_scores, ends)
    parts = [
        (name, part)
        for place, name in enumerate(found.periods.groups)
        if (part := found.rows.take(found.periods.rows(place))).labels.size >= smallest
    ]
    level = intervals.joint(confidence, len(parts))
    return [
        {
            "period": name,
            "psi": distance.psi(expected, distance.binned(part.scores, ends)),
            **_measured(part, confidence, level),
        }
        for name, part in parts
    ]


def _parts(
    feature: Feature, train: "Array", test: "Array"
) -> Iterator[tuple[float | str | None, float | str | None, "Array"]]:
    """Lowest and highest value of each part of a feature, None where it is missing, and its rows.

    The parts are those of the training: the codes, or quarters where there are many values.
    """
    known = np.unique(train[~np.isnan(train)])
    few = feature.type == "category" or len(known) <= MOST_CODES
    ends = known[:-1] if few else distance.cuts(train, PARTS)
    missing = np.isnan(test)
    places = np.where(missing, -1, np.searchsorted(ends, test, "left"))
    for place in range(len(ends) + 1):
        mask = places == place
        if mask.any():
            low, high = float(test[mask].min()), float(test[mask].max())
            yield _named(feature, low), _named(feature, high), mask
    if missing.any():
        yield None, None, missing


def _named(feature: Feature, value: float) -> float | str:
    """The code of a category of texts."""
    return feature.codes[int(value)] if feature.codes else value


def _measured(rows: Decided, confidence: float, level: float) -> Json:
    positives, size = int(rows.labels.sum()), len(rows.labels)
    observed, predicted = Share(positives, size).as_json(level), float(rows.scores.mean())
    enough = min(positives, size - positives) >= LEAST
    return {
        "rows": size,
        "auc": auc.interval(auc.placements(rows.labels, rows.scores), confidence)
        if enough
        else None,
        "predicted": predicted,
        "observed": observed,
        "off": not observed["low"] <= predicted <= observed["high"],
        "selection_rate": rows.rates["selection_rate"].as_json(confidence),
    }

"""Reason codes: what a declined client is told.

The reasons are the features that moved the score furthest towards decline, in the words of
dataset.yaml. Features with the same words are one reason. A protected attribute is never named,
even where a team trains on one; how often one would have been is counted, for those who validate.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.features import Feature

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

NONE = -1  # in place of a feature, where there is no further reason


class Chosen(NamedTuple):
    """The reasons of some clients: clients by reasons, the strongest first."""

    places: "Array"  # of the feature among the model's features, or NONE
    contributions: "Array"  # of that feature, above 0; NaN where there is none

    def of_client(self, row: int) -> list[tuple[int, float]]:
        """The features that one client is told, with their contributions."""
        pairs = zip(self.places[row].tolist(), self.contributions[row].tolist(), strict=True)
        return [(place, value) for place, value in pairs if place != NONE]


class Counts:
    """Counts what declined clients are told, part by part.

    Args:
        features: what the model reads, in its order, with the words to use.
        most: how many reasons a client is told at most.
    """

    def __init__(self, features: Sequence[Feature], most: int) -> None:
        self._features, self._most = features, most
        self.declined = 0
        self.named = np.zeros(len(features), np.int64)  # clients that are told each feature
        self.withheld = np.zeros(len(features), np.int64)  # those who would be, were it allowed

    def add(self, contributions: "Array") -> Chosen:
        """Takes some declined clients in and gives their reasons."""
        chosen = choose(contributions, self._features, self._most)
        self.declined += len(contributions)
        self.named += self._count(chosen)
        alone = [[place] for place in range(len(self._features))]
        everything = self._count(_strongest(contributions, alone, self._most))
        protected = np.array([feature.protected for feature in self._features], bool)
        self.withheld += np.where(protected, everything, 0)
        return chosen

    def _count(self, chosen: Chosen) -> "Array":
        places = chosen.places[chosen.places != NONE]
        return np.bincount(places, minlength=len(self._features))


def text(feature: Feature) -> str:
    """The words for a feature: its description or name where dataset.yaml gives no reason."""
    return feature.reason or feature.description or feature.name


def choose(contributions: "Array", features: Sequence[Feature], most: int) -> Chosen:
    """The reasons of some declined clients, at most `most` each.

    Args:
        contributions: of the features to the margin, clients by features.
        features: what the columns are.
    """
    groups: dict[str, list[int]] = {}
    for place, feature in enumerate(features):
        if not feature.protected:
            groups.setdefault(text(feature), []).append(place)
    return _strongest(contributions, list(groups.values()), most)


def _strongest(contributions: "Array", groups: Sequence[list[int]], most: int) -> Chosen:
    """Of each group its strongest feature, then of these the strongest `most` that are above 0."""
    clients = len(contributions)
    places = np.full((clients, most), NONE, np.int64)
    values = np.full((clients, most), np.nan, np.float32)
    if not groups:
        return Chosen(places, values)
    best = np.column_stack([np.array(g)[contributions[:, g].argmax(1)] for g in groups])
    strength = np.take_along_axis(contributions, best, 1)
    order = np.argsort(-strength, 1, kind="stable")[:, :most]
    found, size = np.take_along_axis(strength, order, 1), order.shape[1]
    places[:, :size] = np.where(found > 0, np.take_along_axis(best, order, 1), NONE)
    values[:, :size] = np.where(found > 0, found, np.nan)
    return Chosen(places, values)

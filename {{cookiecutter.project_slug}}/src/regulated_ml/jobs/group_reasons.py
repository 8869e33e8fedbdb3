"""What the declined clients of each group are told: reason codes by protected attribute.

A reason that one group is told far more often than another is where a proxy would show: the same
feature then decides against one group.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs import intervals, reasons
from regulated_ml.jobs.fairness import LEAST
from regulated_ml.jobs.features import Feature
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.intervals import Share

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Json = dict[str, Any]


class GroupCounts:
    """Counts, by group, the declined clients and what they are told, part by part.

    Args:
        attributes: the groups of all rows of the sample.
        features: what the model reads, in its order, with the words to use.
    """

    def __init__(self, attributes: Sequence[Attribute], features: Sequence[Feature]) -> None:
        self.attributes, self._features = attributes, features
        self._declined = [np.zeros(len(each.groups), np.int64) for each in attributes]
        self._told = [np.zeros((len(each.groups), len(features)), np.int64) for each in attributes]

    def add(self, rows: "Array", chosen: reasons.Chosen) -> None:
        """Takes some declined clients in: their positions in the sample, and their reasons."""
        told, features = chosen.places != reasons.NONE, len(self._features)
        for n, attribute in enumerate(self.attributes):
            groups, size = attribute.places[rows], len(attribute.groups)
            self._declined[n] += np.bincount(groups, minlength=size)
            cells = (groups[:, None] * features + chosen.places)[told]
            counts = np.bincount(cells, minlength=size * features)
            self._told[n] += counts.reshape(size, features)

    def content(self, confidence: float, smallest: int) -> list[Json]:
        """The part `reasons_by_group` of explanation.json."""
        return [
            _attribute(attribute, declined.tolist(), self._texts(counts), confidence, smallest)
            for attribute, declined, counts in zip(
                self.attributes, self._declined, self._told, strict=True
            )
        ]

    def _texts(self, counts: "Array") -> Mapping[str, list[int]]:
        """By reason, how many clients of each group are told it; the most frequent first."""
        texts: dict[str, Any] = {}
        for place, feature in enumerate(self._features):
            text = reasons.text(feature)
            texts[text] = texts.get(text, 0) + counts[:, place]
        found = {text: each.tolist() for text, each in texts.items() if each.any()}
        return dict(sorted(found.items(), key=lambda item: -sum(item[1])))


def _attribute(
    attribute: Attribute,
    declined: Sequence[int],
    texts: Mapping[str, Sequence[int]],
    confidence: float,
    smallest: int,
) -> Json:
    sizes = attribute.sizes.tolist()
    judged = [n for n, size in enumerate(sizes) if size >= smallest and declined[n] >= LEAST]
    groups = [
        {
            "name": attribute.groups[n],
            "rows": size,
            "declined": declined[n],
            "enough": n in judged,
            "reasons": [
                {"text": text, **Share(counts[n], declined[n]).as_json(confidence)}
                for text, counts in texts.items()
            ]
            if n in judged
            else [],
        }
        for n, size in enumerate(sizes)
        if size
    ]
    return {
        "name": attribute.column.name,
        "description": attribute.column.description,
        "groups": groups,
        "gaps": _gaps(attribute.groups, judged, declined, texts, confidence),
    }


def _gaps(
    names: Sequence[str],
    judged: Sequence[int],
    declined: Sequence[int],
    texts: Mapping[str, Sequence[int]],
    confidence: float,
) -> list[Json]:
    """Each reason with the two groups that it is told to most and least often; widest first.

    The intervals of all reasons and pairs of groups hold at once.
    """
    pairs = len(list(combinations(judged, 2)))
    if not pairs:
        return []
    level = intervals.joint(confidence, pairs * len(texts))
    found: list[Json] = []
    for text, counts in texts.items():
        shares = {names[n]: Share(counts[n], declined[n]) for n in judged}
        ranked = sorted(shares, key=lambda name: shares[name].value)
        lowest, highest = ranked[0], ranked[-1]
        gap = intervals.difference(shares[highest], shares[lowest], level)
        found.append({"text": text, **gap, "lowest": lowest, "highest": highest})
    return sorted(found, key=lambda gap: -float(gap["value"]))

"""What each feature adds to a client's score: TreeSHAP contributions, and statistics over them.

Contributions are XGBoost's own (`pred_contribs`), exact for trees: Lundberg et al. (2020), "From
local explanations to global understanding with explainable AI for trees". With the base value they
add up to the margin, the log-odds of the score.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.model import Model

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

TOLERANCE = 1e-4  # of the margin; XGBoost adds in float32
CLEAR = 0.3  # a correlation of value and contribution from here on has a direction


class Explained(NamedTuple):
    """Some rows with what explains their scores."""

    values: "Array"  # of the features, rows by features
    scores: "Array"
    margins: "Array"  # log-odds
    contributions: "Array"  # rows by features
    bases: "Array"  # of each row; the same number throughout

    @property
    def errors(self) -> "Array":
        """How far the contributions of each row are from adding up to its margin."""
        total = self.contributions.sum(1, dtype=np.float64) + self.bases
        return np.asarray(np.abs(total - self.margins))

    def take(self, rows: "Array") -> "Explained":
        """Some of the rows: positions, or a mask."""
        return Explained(*(array[rows] for array in self))


def explained(model: Model, values: "Array", matrix: Any) -> Explained:
    """Explains some rows; `matrix` holds the same values."""
    found = model.booster.predict(matrix, pred_contribs=True)
    margins = model.booster.predict(matrix, output_margin=True)
    return Explained(values, model.scores(matrix), margins, found[:, :-1], found[:, -1])


class Picked:
    """Collects some rows out of all that pass by.

    Args:
        wanted: their positions in the sample, from 0.
    """

    def __init__(self, wanted: "Array") -> None:
        self.rows = np.unique(wanted)
        self._parts: list[Explained] = []

    def add(self, part: Explained, first: int) -> None:
        """Takes what is wanted of some rows, the first of which is at the position `first`."""
        here = self.rows[(self.rows >= first) & (self.rows < first + len(part.scores))]
        self._parts.append(part.take(here - first))

    def collected(self) -> Explained:
        """The wanted rows, in the order of the sample."""
        return Explained(*(np.concatenate(arrays) for arrays in zip(*self._parts, strict=True)))


class Statistics:
    """Statistics over all rows, which pass by piece by piece."""

    def __init__(self, features: int) -> None:
        self.rows = 0
        self.largest_error = 0.0
        self._absolute = np.zeros(features)
        self._sum = np.zeros(features)
        # Of the rows where a feature is not missing: count, and sums of x, y, xx, yy and xy.
        self._moments = np.zeros((6, features))

    def add(self, part: Explained) -> None:
        """Takes some rows in.

        Raises:
            JobError: the contributions of a row do not add up to its margin.
        """
        errors = part.errors
        worst = int(errors.argmax())
        # Written so that an error that is no number is refused too.
        if not errors[worst] <= TOLERANCE:
            raise JobError(
                f"the contributions of row {self.rows + worst + 1} miss its margin by "
                f"{errors[worst]:.2g}, where {TOLERANCE:g} is allowed; so they do not explain it"
            )
        self.rows += len(errors)
        self.largest_error = max(self.largest_error, float(errors[worst]))
        pushes = part.contributions.astype(np.float64)
        self._absolute += np.abs(pushes).sum(0)
        self._sum += pushes.sum(0)
        known = ~np.isnan(part.values)
        x, y = np.where(known, part.values, 0.0).astype(np.float64), np.where(known, pushes, 0.0)
        self._moments += [a.sum(0) for a in (known, x, y, x * x, y * y, x * y)]

    @property
    def mean_absolute(self) -> "Array":
        """The mean size of each feature's contribution: its importance."""
        return self._absolute / self.rows

    @property
    def mean(self) -> "Array":
        """The mean contribution of each feature."""
        return self._sum / self.rows

    def directions(self) -> list[str]:
        """Whether a higher value of each feature `raises` or `lowers` the score, or `mixed`."""
        n, x, y, xx, yy, xy = self._moments
        spread = np.sqrt(np.maximum((n * xx - x * x) * (n * yy - y * y), 0))
        correlation = np.divide(n * xy - x * y, spread, out=np.zeros_like(x), where=spread > 0)
        return [
            "raises" if value >= CLEAR else "lowers" if value <= -CLEAR else "mixed"
            for value in correlation
        ]

"""How the values of a column are distributed, made in one pass and mergeable.

Numbers go into a KLL sketch (Karnin, Lang and Liberty, 2016, "Optimal quantile approximation in
streams", as Apache DataSketches has it); categories are counted. Memory does not grow with rows,
and two distributions merge into the one of all their rows.
"""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from datasketches import kll_doubles_sketch

from regulated_ml.monitoring import cells

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Array = npt.NDArray[Any]

Kind = Literal["number", "category"]
K = 4096  # of the sketch: twice Model Monitor's, since a distance has the errors of two
MOST_CATEGORIES = 10_000  # told apart; what else comes is counted together
OTHER = "(any other)"


def new_sketch() -> kll_doubles_sketch:
    """An empty sketch."""
    return kll_doubles_sketch(K)


@dataclass
class Distribution:
    """The values of one column.

    `present` values were read, `missing` were blank, null or NaN, `unreadable` are texts in the
    place of a number. Infinite values count as present and have their ranks, but mean, deviation,
    minimum and maximum are of the finite ones.
    """

    kind: Kind
    present: int = 0
    missing: int = 0
    unreadable: int = 0
    infinite: int = 0
    minimum: float = math.inf  # of the finite values; math.inf where there are none
    maximum: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0  # the sum of squared deviations from the mean
    whole: bool = True  # every number is a whole one
    sketch: kll_doubles_sketch = field(default_factory=new_sketch)  # of numbers
    counts: dict[str, int] = field(default_factory=dict)  # of categories

    @property
    def rows(self) -> int:
        """All cells, of whatever state."""
        return self.present + self.missing + self.unreadable

    @property
    def completeness(self) -> float:
        """The share of cells that are not missing; 1 where there are none."""
        return 1 - self.missing / self.rows if self.rows else 1.0

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite values (divided by their number); 0 for none."""
        finite = self.present - self.infinite
        return math.sqrt(self.squares / finite) if finite else 0.0

    @property
    def rank_error(self) -> float:
        """How far the sketch's share of values below any value may be off, at 99 % confidence.

        0 as long as the sketch holds every value. DataSketches: `normalized_rank_error`, the best
        fit to the 99th percentile of the largest error over thousands of trials.
        """
        if self.kind == "category" or not self.sketch.is_estimation_mode():
            return 0.0
        return float(self.sketch.normalized_rank_error(False))

    def add(self, column: "pa.Array") -> None:
        """Counts cells in."""
        if self.kind == "category":
            self._add_categories(cells.categories(column))
        else:
            self._add_numbers(cells.numbers(column))

    def merge(self, other: "Distribution") -> None:
        """Counts all cells of another distribution of the same kind in."""
        if self.kind != other.kind:
            raise ValueError(f"a {other.kind} does not merge into a {self.kind}")
        if other.kind == "category":
            values, counts = tuple(other.counts), tuple(other.counts.values())
            self._add_categories(cells.Categories(values, counts, other.missing))
            return
        self._add_moments(other.present - other.infinite, other.mean, other.squares)
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.present += other.present
        self.missing += other.missing
        self.unreadable += other.unreadable
        self.infinite += other.infinite
        self.whole = self.whole and other.whole
        self.sketch.merge(other.sketch)

    def weighted(self) -> tuple["Array", "Array"]:
        """The sketch's values in rising order, each once, and how many values each stands for."""
        if not self.present:
            return np.zeros(0), np.zeros(0)
        flat = itertools.chain.from_iterable(self.sketch)
        kept = np.fromiter(flat, np.float64, 2 * self.sketch.num_retained).reshape(-1, 2)
        values, places = np.unique(kept[:, 0], return_inverse=True)
        return values, np.bincount(places, weights=kept[:, 1])

    def _add_categories(self, found: cells.Categories) -> None:
        for value, count in zip(found.values, found.counts, strict=True):
            is_known = value in self.counts or len(self.counts) < MOST_CATEGORIES
            name = value if is_known else OTHER
            self.counts[name] = self.counts.get(name, 0) + count
            self.present += count
        self.missing += found.missing

    def _add_numbers(self, found: cells.Numbers) -> None:
        self.missing += found.missing
        self.unreadable += found.unreadable
        self.add_values(found.values)

    def add_values(self, values: "Array") -> None:
        """Counts numbers in: float64, no NaN among them."""
        if not len(values):
            return
        self.sketch.update(values)
        with np.errstate(invalid="ignore"):  # infinite values of both signs
            mean = float(values.mean())
        if not math.isfinite(mean):
            finite = values[np.isfinite(values)]
            self.infinite += len(values) - len(finite)
            self.present += len(values) - len(finite)
            values, mean = finite, float(finite.mean()) if len(finite) else 0.0
        if len(values):
            around = values - mean
            self._add_moments(len(values), mean, float(around @ around))
            self.minimum = min(self.minimum, float(values.min()))
            self.maximum = max(self.maximum, float(values.max()))
            self.whole = self.whole and bool((np.rint(values) == values).all())
            self.present += len(values)

    def _add_moments(self, number: int, mean: float, squares: float) -> None:
        """Joins mean and squares of two samples; before `present` grows.

        Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing
        sample variances".
        """
        own = self.present - self.infinite
        total = own + number
        if not number:
            return
        apart = mean - self.mean
        self.mean += apart * number / total
        self.squares += squares + apart * apart * own * number / total


def describe(
    batches: Iterable["pa.RecordBatch"], kinds: Mapping[str, Kind]
) -> dict[str, Distribution]:
    """The distributions of columns, in one pass.

    Args:
        batches: of rows, in text or in types.
        kinds: the columns to describe, by name, and what they hold.

    Returns:
        A distribution for each column of `kinds`. One that no batch has is left out, so that the
        caller sees it; without any batch all are there, and empty.
    """
    found = {name: Distribution(kind) for name, kind in kinds.items()}
    seen: set[str] = set()
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        for name in found.keys() & set(batch.schema.names):
            seen.add(name)
            found[name].add(batch.column(name))
    if rows:
        found = {name: each for name, each in found.items() if name in seen}
    for each in found.values():
        each.missing += rows - each.rows  # a batch without the column
    return found


def merged(parts: Iterable[Mapping[str, Distribution]]) -> dict[str, Distribution]:
    """The distributions of all rows of several parts; the parts stay as they are."""
    whole: dict[str, Distribution] = {}
    for part in parts:
        for name, each in part.items():
            whole.setdefault(name, Distribution(each.kind)).merge(each)
    return whole

"""Draws a synthetic twin from the profile of a table. No row of it is a client.

Rows are drawn in blocks of `BLOCK`, each from a random stream of its own made from the seed and the
number of the block. So memory stays flat, the same seed gives the same rows however they are
written, and a shorter twin is the beginning of a longer one. Only the raw output of the bit
generator is used, which numpy promises never to change; its distributions may.

Within a block each column is drawn from the tree over those before it, then its values are mapped
back by rank to the column's own distribution, which a chain of trees would slowly lose.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from regulated_ml.data.profile import SCORE_UNIT, ColumnProfile, LabelProfile, Margin, Profile
from regulated_ml.data.tables import arrow_schema, arrow_type, is_text
from regulated_ml.data.trees import Walk
from regulated_ml.settings import Dataset

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indexes = npt.NDArray[np.intp]

BLOCK = 10_000  # rows
VERSION = 1  # of the way of drawing; to be raised when the same seed would give other rows


class Stream:
    """Uniform numbers in [0, 1), the same on every machine and with every version of numpy."""

    def __init__(self, seed: int, block: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block,)))

    def uniform(self, size: int) -> "Floats":
        """The next `size` numbers, of 53 random bits each."""
        bits: npt.NDArray[np.uint64] = self._bits.random_raw(size)
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Leaves(NamedTuple):
    """The bins of all leaves of a column, one after the other, for a search by number.

    A bin is found by the number of its leaf plus the share of the leaf's clients before it.
    """

    start: "Floats"  # leaf number + share before the bin
    share: "Floats"  # of the leaf's clients in the bin
    low: "Floats"  # where the bin begins and ends in the column's own distribution, in 0..1
    high: "Floats"

    @classmethod
    def of(cls, column: ColumnProfile, cumulative: "Floats") -> "Leaves":
        """The bins of a column whose cells end at `cumulative`."""
        parts = []
        for number, leaf in enumerate(column.leaves):
            first, last, clients = np.array(leaf).T
            share = clients / clients.sum()
            start = number + np.cumsum(share) - share
            parts.append((start, share, cumulative[first], cumulative[last + 1]))
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def draw(self, leaf: "Indexes", uniform: "Floats") -> "Floats":
        """Where each row falls in the column's distribution, given its leaf."""
        key = leaf + uniform
        found = np.searchsorted(self.start, key, side="right") - 1
        inside = np.clip((key - self.start[found]) / self.share[found], 0, 1)
        return self.low[found] + inside * (self.high[found] - self.low[found])


class Sampler(NamedTuple):
    """One column, ready to be drawn."""

    walk: Walk
    leaves: Leaves
    cumulative: "Floats"  # shape (cells + 1), from 0 to 1
    margin: Margin

    @classmethod
    def of(cls, column: ColumnProfile) -> "Sampler":
        """The column of a profile."""
        clients = np.array(column.margin.clients, np.float64)
        cumulative = np.concatenate([[0.0], np.cumsum(clients) / clients.sum()])
        cumulative[-1] = 1.0
        return cls(Walk.of(column.tree), Leaves.of(column, cumulative), cumulative, column.margin)

    def draw(self, before: "npt.NDArray[np.int32]", stream: Stream) -> tuple["Indexes", "Floats"]:
        """The cell of each row, and where in the cell it lies, in [0, 1)."""
        rows = before.shape[1]
        leaf = self.walk.leaf[self.walk.nodes(before)]
        drawn = self.leaves.draw(leaf, stream.uniform(rows))
        rank = np.empty(rows)
        rank[np.argsort(drawn, kind="stable")] = np.arange(rows)
        place = (rank + stream.uniform(rows)) / rows
        cell = np.searchsorted(self.cumulative, place, side="right") - 1
        width = self.cumulative[cell + 1] - self.cumulative[cell]
        return cell, (place - self.cumulative[cell]) / width

    def values(self, cell: "Indexes", inside: "Floats", kind: pa.DataType) -> pa.Array:
        """The values that the cells stand for."""
        low, high = self.margin.low, self.margin.high
        missing = np.array([value is None for value in low])[cell]
        if is_text(kind):
            return pa.array(np.array(low, object)[cell], kind, mask=missing)
        step, scale = self.margin.step, self.margin.scale
        bottom, top = (np.array([v or 0 for v in ends], np.float64)[cell] for ends in (low, high))
        multiple = np.round((bottom + inside * (top - bottom)) * scale / step) * step
        numbers = multiple / scale if pa.types.is_floating(kind) else multiple.astype(np.int64)
        return pa.array(numbers, mask=missing).cast(kind)


class Ensemble:
    """The label, ready to be drawn."""

    def __init__(self, label: LabelProfile) -> None:
        self._label = label
        self._trees = [
            (Walk.of(part.tree), np.array(part.scores, np.int64)) for part in label.trees
        ]

    def draw(self, cells: "npt.NDArray[np.int32]", stream: Stream) -> list[int | str]:
        """The label of each row.

        The positives of a block are drawn by systematic sampling (Madow 1949) over the rows in the
        order of their probability: each row is positive with its own probability, and their number
        is the expected one, so that the label rate does not depend on luck.
        """
        score = np.zeros(cells.shape[1], np.int64)
        for walk, scores in self._trees:
            score += scores[walk.nodes(cells)]
        log_odds = score / SCORE_UNIT
        probability = _sigmoid(log_odds + _intercept(log_odds, self._label.rate))
        # By the exact score: the last bit of an exponential differs from processor to processor.
        order = np.argsort(score, kind="stable")
        passed = np.floor(np.cumsum(probability[order]) + stream.uniform(1)[0])
        positive = np.empty(len(order), bool)
        positive[order] = np.diff(passed, prepend=0.0) > 0
        codes = (self._label.negative, self._label.positive)
        return [codes[which] for which in positive.tolist()]


def mark(profile_sha256: str, rows: int, seed: int) -> dict[str, Any]:
    """What a file with a twin says about itself, so that nobody takes it for the real table."""
    return {
        "what": "synthetic twin: drawn from an aggregate profile; no row is a client",
        "profile_sha256": profile_sha256,
        "rows": rows,
        "seed": seed,
        "version": VERSION,
    }


def batches(profile: Profile, dataset: Dataset, rows: int, seed: int) -> Iterator[pa.RecordBatch]:
    """The rows of a twin; identifiers count from 1, ignored columns are empty."""
    samplers = [Sampler.of(column) for column in profile.columns]
    ensemble = Ensemble(profile.label)
    for block in range(-(-rows // BLOCK)):
        whole = _block(profile, samplers, ensemble, dataset, Stream(seed, block), block)
        yield whole.slice(0, rows - block * BLOCK)


def _block(
    profile: Profile,
    samplers: list[Sampler],
    ensemble: Ensemble,
    dataset: Dataset,
    stream: Stream,
    block: int,
) -> pa.RecordBatch:
    cells = np.zeros((len(samplers), BLOCK), np.int32)
    arrays: dict[str, pa.Array] = {}
    for number, (sampler, column) in enumerate(zip(samplers, profile.columns, strict=True)):
        cells[number], inside = sampler.draw(cells, stream)
        kind = arrow_type(dataset.column(column.name))
        arrays[column.name] = sampler.values(cells[number], inside, kind)
    label = arrow_type(dataset.label)
    arrays[dataset.label.name] = pa.array(ensemble.draw(cells, stream), label)
    if dataset.identifier:
        numbers = pa.array(np.arange(block * BLOCK + 1, (block + 1) * BLOCK + 1))
        arrays[dataset.identifier.name] = numbers.cast(arrow_type(dataset.identifier))
    schema = arrow_schema(dataset)
    return pa.RecordBatch.from_arrays(
        [arrays.get(field.name, pa.nulls(BLOCK, field.type)) for field in schema], schema=schema
    )


def _sigmoid(log_odds: "Floats") -> "Floats":
    probability: Floats = 1 / (1 + np.exp(-log_odds))
    return probability


def _intercept(log_odds: "Floats", rate: float) -> float:
    """What to add to the log-odds for their mean probability to be `rate`, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        if _sigmoid(log_odds + middle).mean() < rate:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 6)  # without the bits that depend on the processor

"""Rows drawn out of a sample, for what needs no more of them and must not grow with the table."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.matrices import Block, SampleFile

if TYPE_CHECKING:
    import numpy.typing as npt


# Rows that are fitted to or compared; more change no third digit of what is found.
MOST_ROWS = 100_000


class Drawn(NamedTuple):
    """Some rows of a sample, in its order."""

    rows: "npt.NDArray[np.intp]"  # their positions in the sample, from 0
    block: Block


def draw(sample: SampleFile, seed: int) -> Drawn:
    """All rows of a sample, or `MOST_ROWS` of them, drawn at random."""
    keep = np.zeros(sample.rows, bool)
    rng = np.random.default_rng(seed)
    keep[rng.choice(sample.rows, min(sample.rows, MOST_ROWS), replace=False)] = True
    parts, start = [], 0
    for number in range(sample.blocks):
        block = sample.block(number)
        chosen = keep[start : start + len(block.labels)]
        parts.append(Block(block.values[chosen], block.labels[chosen]))
        start += len(block.labels)
    columns: list[Any] = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return Drawn(np.flatnonzero(keep), Block(*columns))

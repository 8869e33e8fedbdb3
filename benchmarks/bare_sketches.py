"""The least that drift needs of DataSketches: sketches of each column, and their distances.

`bare_sketches.py BASELINE WINDOW` reads two Parquet files and prints the distances as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from datasketches import kll_doubles_sketch

K = 4096  # as the standard's


def main() -> None:
    """Prints the largest distance of two columns' distribution functions, by column."""
    baseline, window = (_sketches(path) for path in sys.argv[1:])
    print(json.dumps({name: _distance(each, window[name]) for name, each in baseline.items()}))


def _sketches(path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(65_536):
            for name in batch.schema.names:
                values = np.from_dlpack(batch.column(name)).astype(np.float64)
                found.setdefault(name, kll_doubles_sketch(K)).update(values)
    return found


def _distance(one: Any, other: Any) -> float:
    (left, first), (right, second) = (_shares(each) for each in (one, other))
    both = np.union1d(left, right)
    shares = (
        np.concatenate([[0.0], below])[np.searchsorted(values, both, "right")]
        for values, below in ((left, first), (right, second))
    )
    return float(np.abs(np.subtract(*shares)).max())


def _shares(sketch: Any) -> tuple[Any, Any]:
    kept = np.array(sorted(sketch))
    return kept[:, 0], np.cumsum(kept[:, 1]) / sketch.n


if __name__ == "__main__":
    main()

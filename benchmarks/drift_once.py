"""A baseline and the drift of a window, as the standard does both: `drift_once.py BASELINE WINDOW`.

Reads two Parquet files and prints the distances as JSON.
"""

import json
import sys

import pyarrow.parquet as pq

from regulated_ml.monitoring.distributions import Distribution, Kind, describe
from regulated_ml.monitoring.drift import compare


def main() -> None:
    """Prints the distance of each column."""
    baseline, window = (_described(path) for path in sys.argv[1:])
    print(json.dumps({each.column: each.distance for each in compare(baseline, window, 0.01)}))


def _described(path: str) -> dict[str, Distribution]:
    with pq.ParquetFile(path) as file:
        kinds: dict[str, Kind] = dict.fromkeys(file.schema_arrow.names, "number")
        return describe(file.iter_batches(16_384), kinds)


if __name__ == "__main__":
    main()

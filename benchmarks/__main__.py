"""Prints every figure with its limit; exit status 1 if a limit is not kept.

`python -m benchmarks training` takes the measures of that name only. Two simulate for most of an
hour on the real table: they are taken when they are named.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    drift_alarms,
    drift_power,
    drift_speed,
    guard,
    repository,
    scoring,
    serving,
    training,
)
from benchmarks.figures import Figure

# Each is given a folder of its own and yields its figures as it has them.
MEASURES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "repository": repository.measure,
    "training": training.measure,
    "guard": guard.measure,
    "serving": serving.measure,
    "drift-alarms": drift_alarms.measure,
    "drift-power": drift_power.measure,
    "drift-speed": drift_speed.measure,
    "scoring": scoring.measure,
}
BY_NAME = ("drift-alarms", "drift-power")


def main() -> None:
    """Runs the benchmarks and prints a Markdown table as it goes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "measures", nargs="*", metavar="|".join(MEASURES), help="default: the quick ones"
    )
    names = parser.parse_args().measures or [name for name in MEASURES if name not in BY_NAME]
    if unknown := set(names) - MEASURES.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    print("| what | measured | limit | kept |\n|---|---|---|---|")
    kept = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            for figure in MEASURES[name](Path(folder)):
                print(figure.row(), flush=True)
                kept.append(figure.is_kept)
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()

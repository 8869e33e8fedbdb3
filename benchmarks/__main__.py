"""Prints every figure with its limit; exit status 1 if a limit is not kept."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import repository
from benchmarks.figures import Figure

# Each is given a folder of its own and yields its figures as it has them.
MEASURES: tuple[Callable[[Path], Iterator[Figure]], ...] = (repository.measure,)


def main() -> None:
    """Runs the benchmarks and prints a Markdown table as it goes."""
    print("| what | measured | limit | kept |\n|---|---|---|---|")
    kept = []
    for measure in MEASURES:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            for figure in measure(Path(folder)):
                print(figure.row(), flush=True)
                kept.append(figure.is_kept)
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()

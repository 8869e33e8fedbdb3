"""Prints every figure with its limit; exit status 1 if a limit is not kept."""

import sys
import tempfile
from pathlib import Path

from benchmarks import repository


def main() -> None:
    """Runs the benchmarks and prints a Markdown table as it goes."""
    print("| what | measured | limit | kept |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        kept = []
        for figure in repository.measure(Path(folder)):
            print(figure.row(), flush=True)
            kept.append(figure.is_kept)
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()

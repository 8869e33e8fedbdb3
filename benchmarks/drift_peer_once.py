"""A baseline and the drift of a window by a peer: `drift_peer_once.py TOOL BASELINE WINDOW`."""

import sys

import pandas as pd
from drift_peers import evidently, nannyml


def main() -> None:
    """Runs one of the two on all columns as numbers."""
    tool, *paths = sys.argv[1:]
    baseline, window = (pd.read_parquet(path) for path in paths)
    if tool == "evidently":
        evidently(baseline, window, [])
    else:
        nannyml(baseline, [window], [])


if __name__ == "__main__":
    main()

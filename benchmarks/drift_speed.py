"""Time and memory of a baseline and the drift of a window, against a plain loop and two peers.

Whole processes, from two Parquet files to the findings: 23 columns of numbers, and as many rows in
the window as in the baseline.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import ks_2samp

from benchmarks.drift_alarms import PEERS, TEMPLATE, set_up
from benchmarks.figures import Figure
from benchmarks.training import Cost, cost, environment

HERE = Path(__file__).parent
REPOSITORY = TEMPLATE / "{{cookiecutter.project_slug}}"  # whose standard is measured, in place
COLUMNS = 23
SIZES = {30_000: 5, 300_000: 5, 3_000_000: 3}  # rows, and how often each side runs
PEERS_UP_TO = 300_000  # rows; what they need for more does not fit
ENDED = 0.001  # the largest error of a distance


def measure(folder: Path) -> Iterator[Figure]:
    """Draws tables of each size, and runs all sides in turns."""
    set_up()
    for rows, times in SIZES.items():
        case = folder / f"{rows}" / "0000"  # as the peers are given their cases
        case.mkdir(parents=True)
        paths = [case / "baseline.parquet", case / "w0000.parquet"]
        for seed, path in enumerate(paths):
            _draw(path, rows, seed)
        yield from _sides(rows, times, paths)
        yield Figure(f"largest error of a distance, {rows:,} rows", _error(paths), "", ENDED)


def _sides(rows: int, times: int, paths: list[Path]) -> Iterator[Figure]:
    files = [*map(str, paths)]
    own = {
        "plain datasketches loop": [sys.executable, str(HERE / "bare_sketches.py"), *files],
        "ours": [sys.executable, str(HERE / "drift_once.py"), *files],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in own}
    for _ in range(times):
        for name, command in own.items():
            costs[name].append(cost(command, REPOSITORY))
    if rows <= PEERS_UP_TO:
        for name in ("evidently", "nannyml"):
            script = [str(PEERS / "bin/python"), str(HERE / "drift_peers.py")]
            command = [*script, str(paths[0].parents[1]), "--tool", name]
            costs[name] = [cost(command, REPOSITORY)]
    seconds = {name: statistics.median(each.seconds for each in c) for name, c in costs.items()}
    for name, taken in seconds.items():
        yield Figure(f"baseline and drift by {name}, {rows:,} rows", taken, "s")
        memory = max(each.megabytes for each in costs[name])
        yield Figure(
            f"memory of {name}, {rows:,} rows", memory, "MB", 450 if name == "ours" else None
        )
    ratio = seconds["ours"] / seconds["plain datasketches loop"]
    yield Figure(f"ours / plain datasketches loop, {rows:,} rows", ratio, "times", 1.1)


def _draw(path: Path, rows: int, seed: int) -> None:
    """Skewed amounts, some of them zero, of which the window's are 1 % higher."""
    rng = np.random.default_rng(seed)
    schema = pa.schema([(f"x{number}", pa.float32()) for number in range(COLUMNS)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, 131_072):
            size = min(131_072, rows - start)
            amounts = np.rint(rng.lognormal(9 + seed / 100, 1.2, (COLUMNS, size)))
            amounts[rng.random((COLUMNS, size)) < 0.1] = 0
            writer.write_table(pa.table([*amounts.astype(np.float32)], schema))


def _error(paths: list[Path]) -> float:
    """The largest difference of a distance from the exact one."""
    command = [sys.executable, str(HERE / "drift_once.py"), *map(str, paths)]
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=environment(REPOSITORY),
    )
    found: dict[str, float] = json.loads(done.stdout)
    errors = []
    for name, distance in found.items():
        one, other = (pq.read_table(path, columns=[name])[name].to_numpy() for path in paths)
        errors.append(abs(distance - float(ks_2samp(one, other, method="asymp").statistic)))
    return max(errors)

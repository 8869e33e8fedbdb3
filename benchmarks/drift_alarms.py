"""How often a run reports drift where there is none, on the real table: ours, PSI and two peers.

For each run 24,000 clients are drawn as the baseline and others as the window, so nothing but
chance tells them apart. The peers are slow, so they get the first of these pairs only.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import beta

from benchmarks.drift_table import CATEGORIES, Columns, Table, batch, some
from benchmarks.figures import Figure
from regulated_ml.jobs import distance
from regulated_ml.monitoring.distributions import Distribution, describe
from regulated_ml.monitoring.drift import compare

ROWS = (200, 1000, 5000)  # of a window
RUNS = int(os.environ.get("DRIFT_RUNS", "5000"))
PEER_RUNS = int(os.environ.get("DRIFT_PEER_RUNS", "100"))
RATE = 0.01  # the false-alarm rate that is asked for, over all columns of a run
PSI = 0.2  # "a significant shift", as it is used everywhere and for all sizes
TEMPLATE = Path(__file__).parents[1]
PEERS, SCRIPT = TEMPLATE / ".cache/drift-env", Path(__file__).with_name("drift_peers.py")
MAKE = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/standard/environment.sh"
OURS, FIXED = "ours", f"PSI > {PSI}"
Alarms = dict[str, list[str]]  # tool -> columns that are said to have drifted


def measure(folder: Path) -> Iterator[Figure]:
    """Simulates the runs, and yields the share of them that raise an alarm."""
    table = Table()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(partial(_run, table), range(RUNS), chunksize=25))
    for rows in ROWS:
        for tool, limit in ((OURS, RATE), (FIXED, None)):
            yield _figure(tool, rows, [bool(run[rows][tool]) for run in runs], limit)
        splits = (table.split(seed) for seed in range(PEER_RUNS))
        cases = [(baseline, [_window(left, rows)]) for baseline, left in splits]
        for tool, found in peers(cases, folder / str(rows)).items():
            yield _figure(tool, rows, [bool(columns) for columns in found], None)


def ours(baseline: Mapping[str, Distribution], window: Columns, table: Table) -> list[str]:
    """The columns that drifted."""
    found = compare(baseline, describe([batch(window)], table.kinds), RATE)
    return [each.column for each in found if each.drifted]


def psi(baseline: Columns, window: Columns) -> list[str]:
    """The columns whose population stability index over tenths of the baseline is above 0.2."""
    drifted = []
    for name, values in baseline.items():
        is_code = name in CATEGORIES
        ends = distance.codes(values, window[name]) if is_code else distance.cuts(values)
        both = distance.binned(values, ends), distance.binned(window[name], ends)
        if distance.psi(*both)["value"] > PSI:
            drifted.append(name)
    return drifted


def peers(
    cases: Sequence[tuple[Columns, Sequence[Columns]]], folder: Path
) -> dict[str, list[list[str]]]:
    """What evidently and nannyml report of each window, as they are set by default.

    Args:
        cases: baselines, and the windows that are held against each, all of one size.
        folder: for what they read; is made.
    """
    set_up()
    for number, (baseline, windows) in enumerate(cases):
        place = folder / f"{number:04d}"
        place.mkdir(parents=True)
        pq.write_table(pa.Table.from_batches([batch(baseline)]), place / "baseline.parquet")
        for each, window in enumerate(windows):
            pq.write_table(pa.Table.from_batches([batch(window)]), place / f"w{each:04d}.parquet")
    command = [str(PEERS / "bin/python"), str(SCRIPT), str(folder), *CATEGORIES]
    subprocess.run(command, check=True, stdout=sys.stderr)
    found: dict[str, list[list[str]]] = json.loads((folder / "alarms.json").read_text())
    return found


def set_up() -> None:
    """Makes the environment of the peers, unless it is there."""
    options = ["--environment", str(PEERS), "--lock", str(SCRIPT.with_name("drift.lock"))]
    subprocess.run(
        ["sh", str(MAKE), "setup", *options, "--no-project"],
        cwd=TEMPLATE,
        check=True,
        stdout=sys.stderr,
    )


def interval(alarms: Sequence[bool]) -> tuple[float, float]:
    """The share of runs with an alarm, at 95 % confidence (Clopper and Pearson, 1934)."""
    hits, runs = sum(alarms), len(alarms)
    low = float(beta.ppf(0.025, hits, runs - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, runs - hits)) if hits < runs else 1.0
    return low, high


def _run(table: Table, seed: int) -> dict[int, Alarms]:
    """The alarms of one baseline, by the size of the window."""
    baseline, left = table.split(seed)
    known = describe([batch(baseline)], table.kinds)
    windows = {rows: _window(left, rows) for rows in ROWS}
    return {
        rows: {OURS: ours(known, window, table), FIXED: psi(baseline, window)}
        for rows, window in windows.items()
    }


def _window(left: Columns, rows: int) -> Columns:
    return some(left, slice(rows))


def _figure(tool: str, rows: int, alarms: Sequence[bool], limit: float | None) -> Figure:
    low, high = interval(alarms)
    name = (
        f"false alarms of {tool}, windows of {rows:,}, {len(alarms):,} runs "
        f"({low:.2%} to {high:.2%})"
    )
    return Figure(name, float(np.mean(alarms)) * 100, "%", limit and limit * 100)

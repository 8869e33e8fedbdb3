"""How often a shift of a known size is found, on the real table: ours, PSI and two peers.

Leaves docs/drift-power.csv and docs/images/drift-power.png.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.drift_alarms import FIXED, OURS, TEMPLATE, Alarms, ours, peers, psi
from benchmarks.drift_table import Columns, Shift, Table, batch, some
from benchmarks.figures import Figure
from regulated_ml.monitoring.distributions import describe

ROWS = 1000  # of a window
RUNS = int(os.environ.get("DRIFT_POWER_RUNS", "100"))
PEER_RUNS = int(os.environ.get("DRIFT_POWER_PEER_RUNS", "20"))
ONE = ("LIMIT_BAL",)
FIVE = ("LIMIT_BAL", "AGE", "PAY_0", "BILL_AMT1", "PAY_AMT1")
SHIFTS = [
    *(Shift("mean", ONE, size) for size in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)),
    *(Shift("mean", FIVE, size) for size in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)),
    *(Shift("scale", ("BILL_AMT1",), size) for size in (0.05, 0.1, 0.2, 0.5, 1.0)),
    *(Shift("mix", ("EDUCATION",), size) for size in (0.02, 0.05, 0.1, 0.2, 0.3)),
]
CSV, PICTURE = TEMPLATE / "docs/drift-power.csv", TEMPLATE / "docs/images/drift-power.png"


class Power(NamedTuple):
    """How often one tool found one shift."""

    shift: str  # mean, scale or mix
    columns: int
    size: float
    tool: str
    runs: int
    found: float  # the share of runs that name a column that was shifted
    others: float  # the share of runs that name another column


def measure(folder: Path) -> Iterator[Figure]:
    """Shifts windows, asks every tool about each, and draws the curves."""
    table = Table()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(partial(_own, table), range(RUNS)))
    rows = [
        _power(shift, tool, [run[place][tool] for run in runs])
        for place, shift in enumerate(SHIFTS)
        for tool in (OURS, FIXED)
    ]
    cases = []
    for seed in range(PEER_RUNS):
        baseline, left = table.split(seed)
        cases.append((baseline, list(_windows(left, seed))))
    for tool, found in peers(cases, folder / "peers").items():
        for place, shift in enumerate(SHIFTS):
            rows.append(_power(shift, tool, found[place :: len(SHIFTS)]))
    rows.sort()
    with CSV.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Power._fields)
        writer.writerows(rows)
    draw(rows)
    for each in rows:
        name = f"{each.tool} finds {each.shift} {each.size:g} in {each.columns}, {each.runs} runs"
        yield Figure(name, 100 * each.found, "%")


def draw(rows: Sequence[Power]) -> None:
    """A picture for each kind of shift, a curve for each tool."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [
        ("mean", 1, "mean of one column", "standard deviations"),
        ("mean", 5, "mean of five columns", "standard deviations"),
        ("scale", 1, "scale of one column", "share by which it grows"),
        ("mix", 1, "mix of a category", "share that moves"),
    ]
    figure, axes = plt.subplots(1, 4, figsize=(14, 3.4), sharey=True, layout="constrained")
    styles = {OURS: "o-", FIXED: "s--", "evidently": "^:", "nannyml": "v-."}
    for axis, (kind, columns, title, unit) in zip(axes, panels, strict=True):
        for tool, style in styles.items():
            own = [e for e in rows if (e.shift, e.columns, e.tool) == (kind, columns, tool)]
            axis.plot([e.size for e in own], [e.found for e in own], style, label=tool, ms=4)
        axis.set(title=title, xlabel=unit, ylim=(-0.03, 1.03))
        axis.set_xscale("log")
        sizes = sorted({e.size for e in rows if (e.shift, e.columns) == (kind, columns)})
        axis.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axis.minorticks_off()
    axes[0].set_ylabel(f"found, windows of {ROWS:,}")
    axes[0].legend(fontsize=8)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _own(table: Table, seed: int) -> list[Alarms]:
    """What our own and PSI say of each shift, for one baseline."""
    baseline, left = table.split(seed)
    known = describe([batch(baseline)], table.kinds)
    return [
        {OURS: ours(known, window, table), FIXED: psi(baseline, window)}
        for window in _windows(left, seed)
    ]


def _windows(left: Columns, seed: int) -> Iterator[Columns]:
    """A window with each of the shifts; the same for every tool."""
    for place, shift in enumerate(SHIFTS):
        rng = np.random.default_rng([seed, place])
        window = some(left, rng.choice(len(left["AGE"]), ROWS, replace=False))
        yield shift.apply(window, left, rng)


def _power(shift: Shift, tool: str, found: Sequence[Sequence[str]]) -> Power:
    hits = [bool({*columns} & {*shift.columns}) for columns in found]
    others = [bool({*columns} - {*shift.columns}) for columns in found]
    return Power(
        shift.kind,
        len(shift.columns),
        shift.size,
        tool,
        len(found),
        float(np.mean(hits)),
        float(np.mean(others)),
    )

"""The table of an earlier run, found again by its fingerprint, whatever file it lies in by now.

It is looked for where the record says, in the folder data/, and in a file that is handed over. Else
it is made again by the code of the run's own commit: a twin is drawn, the real table is fetched
from the addresses of that commit. What comes has the fingerprint of the record, or is not taken.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from regulated_ml.data import source, tables
from regulated_ml.data.fingerprint import fingerprint
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.platforms.interface import Report
from regulated_ml.settings import LOCAL, Dataset, Settings
from regulated_ml.settings import loading as settings_of
from regulated_ml.tracking.records import Record
from regulated_ml.workflow.requests import TABLE

DATA = "data"  # the folder of tables, below the repository's root


def table(
    settings: Settings,
    run: Record,
    tree: Path,
    python: Path,
    report: Report,
    given: Path | None = None,
) -> Path:
    """The table that a run has read, as canonical Parquet.

    Args:
        settings: of the repository.
        run: which has read it.
        tree: the files of its commit.
        python: what draws the twin or fetches the table.
        given: a file to take it from.

    Raises:
        UserError: it is nowhere, or the file that was handed over is another table.
    """
    report(0, None, "finding the table")
    dataset = _declared(run, tree)
    if given is not None:
        return _given(settings, dataset, run, given)
    found = (path for path in _candidates(settings, run) if _is_it(path, run, dataset))
    return next(found, None) or _made_again(run, dataset, tree, python, report)


def _declared(run: Record, tree: Path) -> Dataset:
    """The columns as they were declared then, which is what the rows are read and counted by.

    Whether a code was a whole number, dataset.yaml of the commit says, if it is the one of the run;
    else it is told from the record.
    """
    declared = run.parameters["dataset"]
    committed = settings_of.dataset(tree)
    if committed and committed.model_dump(mode="json") == declared:
        return committed
    return Dataset.of_json(declared)


def _candidates(settings: Settings, run: Record) -> Iterator[Path]:
    """Files that may be it, the likeliest first."""
    named = settings.root / run.data.file  # an absolute one stays what it is
    yield named
    folder = settings.root / DATA
    yield from (path for path in sorted(folder.rglob("*.parquet")) if path != named)


def _is_it(path: Path, run: Record, dataset: Dataset) -> bool:
    """Whether a file has the rows of the record: the same bytes, or the same fingerprint."""
    if not path.is_file():
        return False
    read = [file for each in run.inputs if each.channel == TABLE for file in each.files]
    if any(path.stat().st_size == file.bytes and sha256(path) == file.sha256 for file in read):
        return True
    try:
        if not tables.is_canonical(path, dataset):
            return False
        return fingerprint(tables.batches(path, dataset)).sha256 == run.data.fingerprint
    except UserError:
        return False  # another table, or a damaged one


def _given(settings: Settings, dataset: Dataset, run: Record, path: Path) -> Path:
    found = source.canonical(path, settings.model_copy(update={"dataset": dataset}))
    if found.fingerprint != run.data.fingerprint:
        value = f"fingerprint {found.fingerprint}, {found.rows:,} rows"
        rule = f"the run has read {run.data.fingerprint}, {run.data.rows:,} rows"
        raise UserError.one("--data", value, rule, "hand over the table that the run has read")
    return found.path


def _made_again(run: Record, dataset: Dataset, tree: Path, python: Path, report: Report) -> Path:
    """A twin drawn, or the real table fetched, by the code of the run's own commit."""
    twin = tree / DATA / "twin-again.parquet"
    ways = {  # by the state of the table: what makes it, and where it lies then
        "synthetic": (("twin", "--rows", str(run.data.rows), "--output", str(twin)), twin),
        "real": (("fetch",), tree / dataset.file),
    }
    said = ""
    if way := ways.get(run.data.state):
        verb, path = way
        report(0, None, f"rml data {verb[0]}, by the code of the commit")
        done = subprocess.run(
            [str(python), "-m", "regulated_ml", "data", *verb],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree / "src"), "RML_ENV": LOCAL},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0 and _is_it(path, run, dataset):
            return path
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        why = f": {' '.join(lines)}" if done.returncode else " makes another table"
        said = f"; `rml data {verb[0]}` of the run's commit{why}"
    rule = f"the table that {run.id} has read is neither there nor in data/{said}"
    fix = "hand it over in any form: --data FILE; its fingerprint tells whether it is the one"
    value = f"{run.data.file}, fingerprint {run.data.fingerprint}"
    raise UserError.one("data", value, rule, fix, ExitStatus.DATA)

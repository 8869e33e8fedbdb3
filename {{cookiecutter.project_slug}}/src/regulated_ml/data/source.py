"""The table that work is done on: the one fetched, one that was given, or else the synthetic twin.

All of them end as a canonical Parquet file, which is what jobs read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.data import profile, tables, twin
from regulated_ml.data.fingerprint import Fingerprint, Fingerprinter, fingerprint
from regulated_ml.data.state import SYNTHETIC, State, mark_of, state_of
from regulated_ml.errors import UserError
from regulated_ml.files import replacing, sha256
from regulated_ml.settings import Dataset, Settings

TWIN_SEED = 42  # of the twin that is drawn where there is no table
TWIN_ROWS = 100_000  # at most; as many as the real table has, where these are fewer
GIVEN = "data/given"  # canonical copies of tables that were handed in


class Located(NamedTuple):
    """A canonical Parquet file, and what it holds."""

    path: Path
    state: State
    fingerprint: str
    rows: int


def locate(settings: Settings, given: Path | None = None) -> Located:
    """The table to work on, as a canonical Parquet file.

    Args:
        given: a table in any form; without one, the dataset's own file, else its synthetic twin,
            which is drawn once and kept beside where that file would be.

    Raises:
        UserError: the table cannot be read, or there is neither a table nor a profile.
    """
    own = settings.root / settings.dataset.file
    if given is not None:
        return canonical(given, settings)
    if own.is_file():
        return canonical(own, settings)
    return _twin(settings)


def canonical(path: Path, settings: Settings) -> Located:
    """A table as canonical Parquet: the file itself where it is that, else a copy below data/."""
    dataset = settings.dataset
    if path.is_file() and tables.is_canonical(path, dataset):
        found = fingerprint(tables.batches(path, dataset))
        return _located(path, found, dataset, mark_of(path))
    name = sha256(path)[:16] if path.is_file() else path.stem
    return convert(path, settings.root / GIVEN / f"{name}.parquet", dataset)


def convert(path: Path, target: Path, dataset: Dataset, *, only: str = "", **notes: Any) -> Located:
    """Writes a table of any form as canonical Parquet, atomically.

    Args:
        only: the fingerprint that the table must have, where there is one.
        notes: what the file is to say about itself.

    Raises:
        UserError: the table cannot be read, is empty, or is another one; `target` stays as it was.
    """
    passing = Fingerprinter()
    mark = mark_of(path) if path.is_file() else None
    if mark is not None:
        notes[SYNTHETIC] = mark
    with replacing(target) as temporary:
        rows = passing.passing(tables.batches(path, dataset))
        tables.write_parquet(temporary, rows, dataset, notes)
        found = passing.result
        if not found.rows:
            raise UserError.one(str(path), path.name, "one row or more", "export the table again")
        if only and found.sha256 != only:
            raise UserError.one(
                str(path),
                f"sha256 {found.sha256}, {found.rows:,} rows",
                f"the table of config/dataset.yaml, source.sha256 {only}",
                "get the unchanged table; or, for another table, change its entry in dataset.yaml",
            )
    return _located(target, found, dataset, mark)


def twin_path(settings: Settings) -> Path:
    """Where the twin lies that is drawn when there is no table."""
    own = settings.root / settings.dataset.file
    return own.with_name(f"{own.stem}-twin.parquet")


def _twin(settings: Settings) -> Located:
    """The synthetic twin, drawn unless the one that is there comes from the same profile."""
    dataset = settings.dataset
    if not dataset.profile:
        raise UserError.one(
            dataset.file,
            "",
            "the table is missing, and config/dataset.yaml names no profile to draw a twin from",
            "get the table: rml data fetch FILE",
        )
    described, digest = profile.load(settings.root / dataset.profile, dataset)
    rows = min(described.table_rows, TWIN_ROWS)
    path, mark = twin_path(settings), twin.mark(digest, rows, TWIN_SEED)
    if not (path.is_file() and tables.is_canonical(path, dataset) and mark_of(path) == mark):
        drawn = twin.batches(described, dataset, rows, TWIN_SEED)
        tables.write(path, drawn, dataset, {SYNTHETIC: mark})
    return _located(path, fingerprint(tables.batches(path, dataset)), dataset, mark)


def _located(path: Path, found: Fingerprint, dataset: Dataset, mark: Any) -> Located:
    state = state_of(found.sha256, dataset, synthetic=mark is not None)
    return Located(path, state, found.sha256, found.rows)

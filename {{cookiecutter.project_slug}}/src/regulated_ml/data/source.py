"""The table that work is done on: the one fetched, one that was given, or else the synthetic twin.

All of them end as a canonical Parquet file, which is what jobs read.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from regulated_ml.data import download, formats, profile, space, tables, twin
from regulated_ml.data.fingerprint import Fingerprint, Fingerprinter, fingerprint, write_csv
from regulated_ml.data.state import SYNTHETIC, State, mark_of, sidecar, state_of
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing, sha256, write_json
from regulated_ml.identifiers import Problem
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
    dataset, path = settings.dataset, path.absolute()
    if path.is_file() and tables.is_canonical(path, dataset):
        found = fingerprint(tables.batches(path, dataset))
        return _located(path, found, dataset, mark_of(path))
    if not path.is_file():
        return convert(path, settings.root / GIVEN / "missing.parquet", dataset)  # says what it is
    origin = {"sha256": sha256(path), "member": dataset.source.member}
    copy = settings.root / GIVEN / f"{origin['sha256'][:16]}.parquet"
    return _copied(copy, origin, mark_of(path), dataset) or convert(
        path, copy, dataset, notes={"source": origin}
    )


def _copied(copy: Path, origin: Mapping[str, str], mark: Any, dataset: Dataset) -> Located | None:
    """The canonical copy of a table that was handed in before; None where it must be made again."""
    if not copy.is_file():
        return None
    try:
        if not tables.is_canonical(copy, dataset) or mark_of(copy) != mark:
            return None
        if tables.note(copy, "source") != origin:
            return None
        return _located(copy, fingerprint(tables.batches(copy, dataset)), dataset, mark)
    except UserError:  # damaged; the table that it was made of is at hand
        return None


def convert(
    path: Path,
    target: Path,
    dataset: Dataset,
    *,
    only: str = "",
    notes: Mapping[str, Any] | None = None,
) -> Located:
    """Writes a table of any form as canonical Parquet, atomically.

    Args:
        only: the fingerprint that the table must have, where there is one.
        notes: what the file is to say about itself.

    Raises:
        UserError: the table cannot be read, is empty, is another one, or has no room on the disk;
            `target` stays as it was.
    """
    batches = tables.batches(path, dataset)
    first = next(batches, None)  # before a file or folder is made for it
    if first is None:
        raise UserError.one(str(path), path.name, "one row or more", "export the table again")
    size = formats.unpacked_size(path, dataset)
    if size > space.free(target.parent):
        raise space.no_room(str(path), size, target.parent)
    mark = mark_of(path)
    notes = {**(notes or {}), **({SYNTHETIC: mark} if mark is not None else {})}
    passing = Fingerprinter()
    with replacing(target) as temporary:
        tables.write_parquet(temporary, passing.passing(chain([first], batches)), dataset, notes)
        found = passing.result
        if only and found.sha256 != only:
            raise UserError.one(
                str(path),
                f"sha256 {found.sha256}, {found.rows:,} rows",
                f"the table of config/dataset.yaml, source.sha256 {only}",
                "get the unchanged table; or, for another table, change its entry in dataset.yaml",
            )
    return _located(target, found, dataset, mark)


def fetched(settings: Settings) -> Located | None:
    """The dataset's own file, where it is there and real."""
    own = settings.root / settings.dataset.file
    if not own.is_file():
        return None
    try:
        found = canonical(own, settings) if tables.is_canonical(own, settings.dataset) else None
    except UserError:  # damaged, so that it is to be fetched again
        return None
    return found if found and found.state == "real" else None


def fetch(settings: Settings, progress: download.Progress = lambda done, total: None) -> Located:
    """Downloads the real table from the first address that has it, to the dataset's file.

    The table must have the fingerprint in dataset.yaml, where there is one; else the file stays as
    it was.

    Raises:
        UserError: what went wrong at each of the addresses, with the status of the last of them.
    """
    dataset = settings.dataset
    problems: list[Problem] = []
    status = ExitStatus.CONFIGURATION
    for address in dataset.source.addresses:
        name = hashlib.sha256(address.encode()).hexdigest()[:16]
        part = (settings.root / dataset.file).with_name(f".fetch-{name}.part")
        try:
            download.download(address, part, progress)
            return _keep(part, download.shown(address), settings)
        except UserError as error:
            problems += error.problems
            status = error.status
    if not problems:
        rule = "an address to fetch the table from; there is none"
        fix = "add it, or hand over a file: rml data fetch FILE"
        raise UserError.one("config/dataset.yaml: source.addresses", "", rule, fix, status)
    raise UserError(problems, status)


def take(path: Path, settings: Settings) -> Located:
    """Makes a given file the dataset's own, after the same checks as `fetch`."""
    return _adopt(path, path.name, settings)


def _keep(part: Path, origin: str, settings: Settings) -> Located:
    """Adopts what was downloaded. A wrong file is not kept, or the next fetch would resume it."""
    try:
        return _adopt(part, origin, settings)
    finally:
        download.discard(part)


def _adopt(path: Path, origin: str, settings: Settings) -> Located:
    dataset = settings.dataset
    notes = {"source": {"from": origin, "sha256": sha256(path) if path.is_file() else ""}}
    target = settings.root / dataset.file
    return convert(path, target, dataset, only=dataset.source.sha256, notes=notes)


def twin_path(settings: Settings) -> Path:
    """Where the twin lies that is drawn when there is no table."""
    own = settings.root / settings.dataset.file
    return own.with_name(f"{own.stem}-twin.parquet")


def draw(
    settings: Settings,
    path: Path,
    rows: int,
    seed: int,
    profile_path: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Located:
    """Draws a twin to a file, as Parquet or, by its suffix, as CSV with a sidecar; flat in memory.

    Raises:
        UserError: there is no profile, or it does not fit config/dataset.yaml; the file would be
            the dataset's own, or is of another form.
    """
    dataset = settings.dataset
    if path.suffix.lower() not in (".csv", ".parquet"):
        fix = "let its name end in .parquet or .csv"
        raise UserError.one("--output", path, "Parquet or CSV", fix, ExitStatus.USAGE)
    if path.resolve() == (settings.root / dataset.file).resolve():
        rule = "a twin never takes the place of the real table"
        raise UserError.one("--output", path, rule, "choose another name", ExitStatus.USAGE)
    described, digest = _profile(settings, profile_path)
    mark = twin.mark(digest, rows, seed)
    passing = Fingerprinter()
    drawn = passing.passing(
        _reporting(twin.batches(described, dataset, rows, seed), rows, progress)
    )
    if path.suffix.lower() == ".csv":
        write_json(sidecar(path), {SYNTHETIC: mark})  # first, so that no unmarked twin ever exists
        write_csv(path, drawn)
    else:
        tables.write(path, drawn, dataset, {SYNTHETIC: mark})
    return _located(path, passing.result, dataset, mark)


def _twin(settings: Settings) -> Located:
    """The synthetic twin, drawn unless the one that is there comes from the same profile."""
    dataset = settings.dataset
    described, digest = _profile(settings)
    rows, path = min(described.table_rows, TWIN_ROWS), twin_path(settings)
    mark = twin.mark(digest, rows, TWIN_SEED)
    if path.is_file() and tables.is_canonical(path, dataset) and mark_of(path) == mark:
        return _located(path, fingerprint(tables.batches(path, dataset)), dataset, mark)
    return draw(settings, path, rows, TWIN_SEED)


def _profile(settings: Settings, path: Path | None = None) -> tuple[profile.Profile, str]:
    dataset = settings.dataset
    if path is None and not dataset.profile:
        raise UserError.one(
            dataset.file,
            "",
            "the table is missing, and config/dataset.yaml names no profile to draw a twin from",
            "get the table: rml data fetch FILE",
        )
    return profile.load(path or settings.root / dataset.profile, dataset)


def _reporting(
    batches: Iterable[pa.RecordBatch], rows: int, progress: Callable[[int, int], None]
) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        progress(done, rows)


def _located(path: Path, found: Fingerprint, dataset: Dataset, mark: Any) -> Located:
    state = state_of(found.sha256, dataset, synthetic=mark is not None)
    return Located(path, state, found.sha256, found.rows)

"""Whether a table is the real one, a synthetic twin, or nobody knows."""

from pathlib import Path
from typing import Any, Literal

from regulated_ml.data.tables import note
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.settings import Dataset

State = Literal["real", "synthetic", "unverified"]

SYNTHETIC = "synthetic"  # the mark of a twin: in Parquet's metadata, or in a file beside a CSV


def state_of(fingerprint: str, dataset: Dataset, *, synthetic: bool) -> State:
    """The state of a table: `real` by its rows alone, never by what a file says about itself."""
    if dataset.source.sha256 and fingerprint == dataset.source.sha256:
        return "real"
    return "synthetic" if synthetic else "unverified"


def mark_of(path: Path) -> Any:
    """What a twin says about itself (profile, seed, rows); None for a file without such a mark.

    Raises:
        UserError: the metadata or the file beside it cannot be read. It may have said that the
            table is a twin, so it is not passed over.
    """
    if (mark := note(path, SYNTHETIC)) is not None:
        return mark
    beside = sidecar(path)
    if not beside.is_file():
        return None
    try:
        return read_json(beside).get(SYNTHETIC)
    except (ValueError, AttributeError, RecursionError) as error:  # no JSON, or no object
        raise UserError.one(
            str(beside),
            beside.name,
            f"a JSON object that says where {path.name} comes from",
            "restore it; or remove it, if you know that the table is no twin",
        ) from error


def sidecar(path: Path) -> Path:
    """The file beside a table that says where it comes from, for forms without metadata."""
    return path.with_name(path.name + ".source.json")

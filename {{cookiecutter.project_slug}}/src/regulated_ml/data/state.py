"""Whether a table is the real one, a synthetic twin, or nobody knows."""

from pathlib import Path
from typing import Any, Literal

from regulated_ml.data.tables import note
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
    """What a twin says about itself (profile, seed, rows); None for a file without such a mark."""
    if (mark := note(path, SYNTHETIC)) is not None:
        return mark
    return read_json(sidecar(path)).get(SYNTHETIC) if sidecar(path).is_file() else None


def sidecar(path: Path) -> Path:
    """The file beside a table that says where it comes from, for forms without metadata."""
    return path.with_name(path.name + ".source.json")

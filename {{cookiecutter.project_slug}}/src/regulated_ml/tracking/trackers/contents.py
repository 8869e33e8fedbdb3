"""What trackers show of a record: parameters and facts, numbers, files with their hashes."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.files import sha256
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RECORD, RunStore

FACTS = "record."  # what stands before the name of a fact, so that it is no parameter's
MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".md": "text/markdown",
    ".html": "text/html",
}
OTHER_TYPE = "application/octet-stream"


class File(NamedTuple):
    """A file that a run has read or made, by its content."""

    name: str
    sha256: str
    media_type: str


def origin(record: Record, known: Mapping[str, Record]) -> str:
    """The run that a record's line of runs begins with: it groups all that was made from it.

    Args:
        record: of any step, or an act.
        known: the runs by their ids; the line ends where the record of a parent is lost.
    """
    return origin_of(record.parents, known) or record.id


def origin_of(parents: Sequence[str], known: Mapping[str, Record]) -> str:
    """The same of a run that is not there yet; empty where it has no parents."""
    name = ""
    while parents:
        name = parents[0]
        parents = known[name].parents if name in known else ()
    return name


def training(record: Record, known: Mapping[str, Record]) -> str:
    """The run that trained the model a record is about; empty where it is about none."""
    waiting = list(record.parents)
    while waiting:
        parent = known.get(waiting.pop(0))
        if parent and parent.step == "train":
            return parent.id
        waiting += parent.parents if parent else ()
    return ""


def parameters(record: Record) -> dict[str, Any]:
    """The parameters of the job or the act, nested ones with dotted names."""
    return dict(_flat(record.parameters))


def facts(record: Record, store: RunStore) -> dict[str, str]:
    """What else a reader looks for: code, data, person, machine, and the hash of the record."""
    commit, data, remote = record.commit, record.data, record.remote
    found: dict[str, object] = {
        "run": record.id,
        "step": record.step,
        "environment": record.environment,
        "sha256": sha256(store.folder_of(record) / RECORD),
        "parents": " ".join(record.parents),
        "commit": commit.sha or f"none: {commit.note}",
        "dirty": commit.dirty,
        "code": record.code,
        "module": record.module,
        "data": data.name,
        "data.state": data.state,
        "data.rows": data.rows,
        "data.fingerprint": data.fingerprint,
        "person": record.identity.aws or f"{record.identity.user}@{record.identity.host}",
        "standard": record.standard,
        "python": record.dependencies.python,
        "system": record.dependencies.system,
        "lock": record.dependencies.lock,
        "image_digest": record.dependencies.image_digest,
        "seconds": record.seconds,
        "job": remote and remote.name,
        "instance": remote and remote.facts.get("instance"),
        "outputs": remote and remote.facts.get("outputs"),
        "cost": remote and remote.cost,
        "warnings": " ".join(record.warnings),
    }
    return {FACTS + name: text(value) for name, value in found.items() if value not in (None, "")}


def numbers(record: Record) -> dict[str, float]:
    """The metrics that are finite numbers."""
    return {
        name: float(value)
        for name, value in record.metrics.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def words(record: Record) -> dict[str, str]:
    """The metrics that are none."""
    return {k: str(v) for k, v in record.metrics.items() if k not in numbers(record)}


def inputs(record: Record) -> list[File]:
    """The files that the channels were given."""
    return [
        _file(f"{each.channel}: {file.path}", file.sha256)
        for each in record.inputs
        for file in each.files
    ]


def outputs(record: Record) -> list[File]:
    """The artefacts."""
    return [_file(item.path, item.sha256) for item in record.artifacts]


def text(value: object) -> str:
    """A value as text: of JSON what is a truth value, a list or nothing."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def shortened(value: str, limit: int) -> str:
    """A text of at most `limit` characters, one that was cut ends with an ellipsis."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _file(name: str, digest: str) -> File:
    suffix = f".{name.rpartition('.')[2]}"
    return File(name, digest, MEDIA_TYPES.get(suffix, OTHER_TYPE))


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value

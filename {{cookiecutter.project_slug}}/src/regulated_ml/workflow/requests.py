"""What decides the result of a step, gathered before it runs: inputs, parameters, code, packages.

A request's key covers all of it. When a finished run with the same key is there, undamaged, the
step is up to date.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.files import sha256
from regulated_ml.settings import Settings
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import Artifact, Data, Input, Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.steps import Step

TABLE = "data/table.parquet"  # the channel, and the file in it, of a step without parents


class Table(NamedTuple):
    """The table that the step `prepare` reads."""

    path: Path  # canonical Parquet
    data: Data


@dataclass(frozen=True)
class Order:
    """A step that is to be done, and what it is to be done on."""

    step: Step
    parents: Sequence[Record]  # the runs whose artefacts it reads
    table: Table | None = None  # of a step without parents
    changes: Mapping[str, Any] = field(default_factory=dict)  # of parameters, for this run only
    # By channel, a run whose artefacts are read instead of a parent's.
    instead: Mapping[str, Record] = field(default_factory=dict)
    force: bool = False  # whether it is done even when it is up to date


class Subject(NamedTuple):
    """What a record is of: the request for a job, or the act of a person."""

    step: str
    module: str
    key: str
    parents: tuple[str, ...]
    tables: tuple[Data, ...]  # the one that was read, or those of the parents; the last one counts
    code: str
    parameters: Mapping[str, Any]
    inputs: tuple[Input, ...]


class Request(NamedTuple):
    """A step, with everything that decides its result."""

    step: Step
    module: str
    channels: Mapping[str, Path]
    inputs: tuple[Input, ...]
    parameters: Mapping[str, Any]
    parents: Sequence[Record]
    data: Data
    code: str
    key: str

    @property
    def subject(self) -> Subject:
        """What a record says of it."""
        return Subject(
            step=self.step.name,
            module=self.module,
            key=self.key,
            parents=tuple(run.id for run in self.parents),
            tables=(*(run.data for run in self.parents), self.data),
            code=self.code,
            parameters=self.parameters,
            inputs=self.inputs,
        )


def gather(
    settings: Settings, store: RunStore, packages: Mapping[str, str], order: Order
) -> Request:
    """The request for a step; `packages` is what the platform runs jobs with.

    Raises:
        UserError: artefacts of the parents are missing or damaged.
    """
    step, instead = order.step, order.instead
    by_step = {run.step: run for run in order.parents}
    sources = {item: instead.get(item.channel) or by_step[item.step] for item in step.inputs}
    channels = {item.channel: store.folder_of(run) / item.path for item, run in sources.items()}
    read = {
        item: [a for a in run.artifacts if f"{a.path}/".startswith(f"{item.path}/")]
        for item, run in sources.items()
    }
    for item, run in sources.items():
        store.check_whole(run, read[item])
    inputs = [
        Input(channel=item.channel, run=sources[item].id, files=tuple(found))
        for item, found in read.items()
    ]
    parents = [*order.parents, *instead.values()]
    data = parents[-1].data if parents else None
    if order.table:
        channels[TABLE] = order.table.path
        data = order.table.data
        table = _described(settings, order.table.path)
        inputs.append(Input(channel=TABLE, run=None, files=(table,)))
    if data is None:
        raise ValueError(f"step {step.name} was given neither parents nor a table")
    chosen = module(settings, step)
    parameters = {**step.parameters(settings), **order.changes}
    code = code_hash(settings)
    key = _hash(
        {
            "step": step.name,
            "module": chosen,
            "inputs": {
                each.channel: [(file.path, file.sha256) for file in each.files]
                for each in inputs
                if each.run  # the table counts by its fingerprint, whatever form it lies in
            },
            # Equal bytes of another run are another origin, which the record has to name.
            "parents": [run.id for run in parents],
            "data": data.fingerprint,
            "parameters": parameters,
            "code": code,
            "packages": packages,
        }
    )
    return Request(step, chosen, channels, tuple(inputs), parameters, parents, data, code, key)


def _described(settings: Settings, path: Path) -> Artifact:
    """A file of the repository, or one from elsewhere, by path, size and hash."""
    place = path.relative_to(settings.root) if path.is_relative_to(settings.root) else path
    return Artifact(path=place.as_posix(), bytes=path.stat().st_size, sha256=sha256(path))


def code_files(root: Path) -> list[Path]:
    """The files that decide what a job does: all below src/ but the standard's other rooms."""
    source = root / "src"
    standard, jobs = source / "regulated_ml", source / "regulated_ml/jobs"
    return [
        path
        for path in facts.source_files(source)
        if jobs in path.parents or standard not in path.parents
    ]


def code_hash(settings: Settings) -> str:
    """SHA-256 over these files."""
    return facts.code_hash(settings.root, code_files(settings.root))


def module(settings: Settings, step: Step) -> str:
    """The module of a step: a bare name lies in the team's package."""
    name: str = getattr(settings.model.steps, step.module).module
    return name if "." in name else f"{settings.project.package_name}.{name}"


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""What decides the result of a step, gathered before it runs: inputs, parameters, code, packages.

A request's key covers all of it. When a finished run with the same key is there, undamaged, the
step is up to date.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.settings import Settings
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import Data, Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.steps import Step


class Table(NamedTuple):
    """The table that the step `prepare` reads."""

    path: Path  # canonical Parquet
    data: Data


class Request(NamedTuple):
    """A step, with everything that decides its result."""

    step: Step
    module: str
    channels: Mapping[str, Path]
    parameters: Mapping[str, Any]
    parents: Sequence[Record]
    data: Data
    code: str
    key: str


def gather(
    settings: Settings,
    store: RunStore,
    packages: Mapping[str, str],
    step: Step,
    parents: Sequence[Record],
    table: Table | None,
    changes: Mapping[str, Any],
    instead: Mapping[str, Record],
) -> Request:
    """The request for a step.

    Args:
        settings: of the environment.
        store: where the parents lie.
        packages: what the platform runs jobs with.
        step: the step.
        parents: the runs whose artefacts it reads.
        table: given to a step without parents.
        changes: replace parameters of this run only.
        instead: by channel, a run whose artefacts are read instead of a parent's.

    Raises:
        UserError: artefacts of the parents are missing or damaged.
    """
    by_step = {run.step: run for run in parents}
    sources = {item: instead.get(item.channel) or by_step[item.step] for item in step.inputs}
    channels = {item.channel: store.folder_of(run) / item.path for item, run in sources.items()}
    read = {
        item: [a for a in run.artifacts if f"{a.path}/".startswith(f"{item.path}/")]
        for item, run in sources.items()
    }
    for item, run in sources.items():
        store.check_whole(run, read[item])
    inputs = {
        item.channel: [(artifact.path, artifact.sha256) for artifact in found]
        for item, found in read.items()
    }
    parents = [*parents, *instead.values()]
    data = parents[-1].data if parents else None
    if table:
        channels["data/table.parquet"] = table.path
        data = table.data
    if data is None:
        raise ValueError(f"step {step.name} was given neither parents nor a table")
    module = _module(settings, step)
    parameters = {**step.parameters(settings), **changes}
    code = code_hash(settings)
    key = _hash(
        {
            "step": step.name,
            "module": module,
            "inputs": inputs,
            # Equal bytes of another run are another origin, which the record has to name.
            "parents": [run.id for run in parents],
            "data": data.fingerprint,
            "parameters": parameters,
            "code": code,
            "packages": packages,
        }
    )
    return Request(step, module, channels, parameters, parents, data, code, key)


def code_files(settings: Settings) -> list[Path]:
    """The files that decide what a job does: all below src/ but the standard's other rooms."""
    source = settings.root / "src"
    standard, jobs = source / "regulated_ml", source / "regulated_ml/jobs"
    return [
        path
        for path in facts.source_files(source)
        if jobs in path.parents or standard not in path.parents
    ]


def code_hash(settings: Settings) -> str:
    """SHA-256 over these files."""
    return facts.code_hash(settings.root, code_files(settings))


def _module(settings: Settings, step: Step) -> str:
    """The module of the step: a bare name lies in the team's package."""
    name: str = getattr(settings.model.steps, step.module).module
    return name if "." in name else f"{settings.project.package_name}.{name}"


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""Runs a step: hands a job to the platform and keeps what comes out as a run with its record.

A run's key covers all that decides its result: inputs, parameters, the job's code and the packages
it uses. When a finished run with the same key is there, undamaged, the step is up to date.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml import __version__
from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.platforms.interface import LOG, Job, Platform, Report
from regulated_ml.settings import Settings
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import Data, Record
from regulated_ml.tracking.store import RunStore, Unfinished, artifacts, exclusive
from regulated_ml.workflow.steps import STEP, Metric, Step

# The packages that a job may import; those of the managed container.
JOB_PACKAGES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost", "xgboost-cpu")


class Table(NamedTuple):
    """The table that the step `prepare` reads."""

    path: Path  # canonical Parquet
    data: Data


class Outcome(NamedTuple):
    """What became of a step."""

    run: Record
    fresh: bool  # False: it was up to date, and `run` is the earlier run


@dataclass(frozen=True)
class Workflow:
    """One repository's steps, where their runs are kept, and where their jobs run."""

    settings: Settings
    store: RunStore
    platform: Platform

    def run(
        self,
        step: Step,
        parents: Sequence[Record],
        table: Table | None,
        report: Report,
        *,
        changes: Mapping[str, Any] | None = None,
        instead: Mapping[str, Record] | None = None,
        force: bool = False,
    ) -> Outcome:
        """Runs `step` on its parents' artefacts, unless it is up to date.

        `table` is given to a step without parents. `changes` replace parameters of this run only,
        `instead` names, by channel, a run whose artefacts are read instead of a parent's.
        """
        request = self._request(step, parents, table, changes or {}, instead or {})
        with ExitStack() as held:
            locks: list[int] = []
            if step.kind == "training":
                # One training of the same inputs at a time: they share their checkpoints.
                lock = self._checkpoints(request.key).with_suffix(".lock")
                waiting = partial(report, 0, None, "waiting for another training of the same rows")
                locks.append(held.enter_context(exclusive(lock, waiting)))
            run = None if force else self.store.current(step.name, request.key)
            outcome = Outcome(run, fresh=False) if run else None
            if outcome is None:
                unfinished = held.enter_context(self.store.writing(step.name))
                run = self._execute(request, unfinished, (*locks, unfinished.lock), report)
                shutil.rmtree(self._checkpoints(request.key), ignore_errors=True)
                outcome = Outcome(run, fresh=True)
            if not instead:
                self.store.point_to(outcome.run)
        return outcome

    def parents(self, step: Step) -> list[Record]:
        """The latest run of each step that `step` reads from, fitting together.

        The rows are those of the training's own preparation, not of a later one.
        """
        found = {name: self.store.latest(name) for name in step.parents}
        if model := found.get("train"):
            by_id = {run.id: run for run in self.store.all()}
            found["prepare"] = next((by_id[i] for i in model.parents if i in by_id), None)
        missing = [name for name, run in found.items() if run is None]
        if missing:
            rule = f"{step.name} reads what {' and '.join(missing)} makes, and there is no such run"
            raise UserError.one("run", step.name, rule, f"start `rml {missing[0]}`, or `rml run`")
        return [run for run in found.values() if run]

    def stale(self, run: Record) -> bool:
        """Whether the code or the configuration has changed since `run` was made."""
        step = STEP[run.step]
        code = facts.code_hash(self.settings.root, self._code())
        return run.code != code or run.parameters != step.parameters(self.settings)

    def _request(
        self,
        step: Step,
        parents: Sequence[Record],
        table: Table | None,
        changes: Mapping[str, Any],
        instead: Mapping[str, Record],
    ) -> "_Request":
        by_step = {run.step: run for run in parents}
        sources = {item: instead.get(item.channel) or by_step[item.step] for item in step.inputs}
        channels = {
            item.channel: self.store.folder_of(run) / item.path for item, run in sources.items()
        }
        read = {
            item: [a for a in run.artifacts if f"{a.path}/".startswith(f"{item.path}/")]
            for item, run in sources.items()
        }
        for item, run in sources.items():
            self.store.check_whole(run, read[item])
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
        module = self._module(step)
        parameters = {**step.parameters(self.settings), **changes}
        code = facts.code_hash(self.settings.root, self._code())
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
                "packages": _job_packages(),
            }
        )
        return _Request(step, module, channels, parameters, parents, data, code, key)

    def _execute(
        self, request: "_Request", unfinished: Unfinished, locks: tuple[int, ...], report: Report
    ) -> Record:
        step, root = request.step, self.settings.root
        started = datetime.now(UTC)
        training = step.kind == "training"
        job = Job(
            name=unfinished.id,
            kind=step.kind,
            module=request.module,
            channels=request.channels,
            parameters=request.parameters,
            checkpoints=self._checkpoints(request.key) if training else None,
        )
        running = self.platform.start(job, unfinished.folder, locks)
        try:
            # Gathered while the job runs, so that keeping a record costs no time of its own.
            commit, installed = facts.commit(root), facts.dependencies(root)
            running.wait(report)
        except BaseException:
            running.stop()
            raise
        ended = datetime.now(UTC)
        record = Record(
            id=unfinished.id,
            step=step.name,
            key=request.key,
            parents=tuple(run.id for run in request.parents),
            environment=self.settings.environment,
            standard=__version__,
            module=request.module,
            command=tuple(sys.argv[1:]),
            started=started.isoformat(timespec="milliseconds"),
            ended=ended.isoformat(timespec="milliseconds"),
            seconds=round((ended - started).total_seconds(), 3),
            identity=facts.identity(),
            commit=commit,
            data=request.data,
            code=request.code,
            parameters=request.parameters,
            dependencies=installed,
            metrics=_metrics(unfinished.folder, step.metrics),
            artifacts=artifacts(unfinished.folder, leave_out=LOG),
            warnings=(
                *facts.commit_warnings(commit),
                *facts.dependency_warnings(root, installed),
                *_data_warnings([request.data, *(run.data for run in request.parents)]),
            ),
        )
        return self.store.finish(unfinished.folder, record)

    def _module(self, step: Step) -> str:
        """The module of the step: a bare name lies in the team's package."""
        name: str = getattr(self.settings.model.steps, step.module).module
        return name if "." in name else f"{self.settings.project.package_name}.{name}"

    def _code(self) -> list[Path]:
        """The files that decide what a job does: all below src/ but the standard's other rooms."""
        source = self.settings.root / "src"
        standard, jobs = source / "regulated_ml", source / "regulated_ml/jobs"
        return [
            path
            for path in facts.source_files(source)
            if jobs in path.parents or standard not in path.parents
        ]

    def _checkpoints(self, key: str) -> Path:
        return self.store.folder / ".checkpoints" / key[:16]


class _Request(NamedTuple):
    """A step, with everything that decides its result."""

    step: Step
    module: str
    channels: Mapping[str, Path]
    parameters: Mapping[str, Any]
    parents: Sequence[Record]
    data: Data
    code: str
    key: str


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _job_packages() -> dict[str, str]:
    """The Python minor version, and the version of each package that a job may import."""
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in JOB_PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # xgboost and xgboost-cpu are the same package by two names
    return versions


def _metrics(folder: Path, rows: Sequence[Metric]) -> dict[str, Any]:
    """The numbers of the record, read from what the job wrote; one that is null is left out."""
    contents = {name: read_json(folder / name) for name in {row.file for row in rows}}
    values = {}
    for row in rows:
        value = contents[row.file]
        for part in row.path:
            value = value.get(part) if value is not None else None
        if value is not None:
            values[row.name] = value
    return values


# What a reader should know of the table that a run, or a run that it goes back to, has read.
STATE_WARNINGS = {
    "synthetic": "Rows are synthetic: nothing here says how the model does on real clients.",
    "unverified": "A table is unverified: its hash is not the one in dataset.yaml.",
}


def _data_warnings(tables: Sequence[Data]) -> list[str]:
    states = {table.state for table in tables}
    said = [sentence for state, sentence in STATE_WARNINGS.items() if state in states]
    if violations := max(table.violations for table in tables):
        said.append(
            f"A table breaks rules of dataset.yaml in {violations} places: `rml data check`."
        )
    return said

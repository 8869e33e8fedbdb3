"""Where a run comes from, as rows: the source, and every step from it to the run and beyond.

What persons did with the model - register, approve, release - are steps like those of jobs.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.registry import ACTS, NOT_PUSHED, RELEASE, VERSION, Version, told
from regulated_ml.tracking.trail import Finding, about

if TYPE_CHECKING:
    import pandas as pd

SOURCE, PREDICTION = "source data", "prediction"
PLACED = ("promote", "deploy")  # acts that are about an environment


class Row(NamedTuple):
    """A step of the lineage; the table itself is the first."""

    step: str
    id: str  # of the run; of the table, its fingerprint
    parents: tuple[str, ...]
    environment: str
    started: str
    ended: str
    seconds: float | None
    user: str
    commit: str | None
    dirty: bool | None
    code: str | None  # SHA-256 of the job's source
    inputs: Mapping[str, str]  # channel and path -> SHA-256
    outputs: Mapping[str, str]  # path -> SHA-256
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    job: str | None  # its name on AWS; None: it ran on this machine
    warnings: tuple[str, ...]
    pushed: tuple[str, ...] = ()  # of a release: the addresses of remotes that have its tag
    finding: str = ""  # why the record is not as the audit trail has it; empty: it is

    @property
    def version(self) -> str:
        """The model version that an act is about, as persons write it; empty for a job."""
        return f"v{self.parameters[VERSION]}" if self.step in ACTS else ""

    @property
    def title(self) -> str:
        """The step in words: what was done, with which version, and where that is part of it."""
        if self.step not in ACTS:
            return self.step
        act = told(f"{self.step} {self.version}", self.parameters)
        if self.step == "release" and not self.pushed:
            return f"{act}, {NOT_PUSHED}"
        return f"{act} to {self.environment}" if self.step in PLACED else act


def rows(target: Record, known: Sequence[Record]) -> list[Row]:
    """The lineage of a run: all it goes back to, itself, and what was made from it.

    Of jobs on what was made from it, each step is there once, by its latest run; of what persons
    did, everything. `known` are all runs, the oldest first.
    """
    after: dict[str, Record] = {}
    made = {target.id}
    for run in known:
        if made & set(run.parents):
            made.add(run.id)
            after[run.id if run.step in ACTS else run.step] = run
    return _chain([target, *after.values()], known)


def of_version(version: Version, known: Sequence[Record]) -> list[Row]:
    """The lineage of a model version: what its registration rests on, and what was done with it."""
    acts = {run.id: run for run in version.acts}
    for run in known:
        # Monitoring rests on a deployment, and does not name the registration itself.
        if run.step in ACTS and run.step != "register" and acts.keys() & set(run.parents):
            acts[run.id] = run
    return _chain([version.registered, *acts.values()], known)


def _chain(ends: Sequence[Record], known: Sequence[Record]) -> list[Row]:
    """Rows of these runs and all that they go back to, in the order of the known ones."""
    by_id = {run.id: run for run in known}
    found = {run.id: run for run in ends}
    for run in ends:
        found |= {earlier.id: earlier for earlier in _ancestors(run, by_id)}
    places = {name: number for number, name in enumerate(by_id)}
    chain = sorted(found.values(), key=lambda run: places.get(run.id, len(places)))
    tables = {run.data.fingerprint: _source(run) for run in chain if not run.parents}
    return [*tables.values(), *(_row(run, known) for run in chain)]


def marked(found: Sequence[Row], findings: Sequence[Finding]) -> list[Row]:
    """The rows, each with what speaks against its record."""
    against = about(findings)
    return [row._replace(finding=against.get(row.id, "")) for row in found]


def frame(found: Sequence[Row]) -> "pd.DataFrame":
    """The rows as a DataFrame: one row a step, one column a member of `Row`."""
    import pandas as pd

    return pd.DataFrame([row._asdict() for row in found], columns=list(Row._fields))


def flat(found: Sequence[Row]) -> "pd.DataFrame":
    """The same for a file of text: mappings and lists as JSON, parents with blanks between."""
    table = frame(found)
    table["parents"] = table["parents"].map(" ".join)
    for name in ("inputs", "outputs", "parameters", "metrics", "warnings", "pushed"):
        table[name] = table[name].map(json.dumps)
    return table


def _ancestors(run: Record, by_id: Mapping[str, Record]) -> list[Record]:
    """Every run that a run goes back to, each once."""
    found: dict[str, Record] = {}
    waiting = list(run.parents)
    while waiting:
        name = waiting.pop()
        if name in by_id and name not in found:
            found[name] = by_id[name]
            waiting += by_id[name].parents
    return list(found.values())


def _source(run: Record) -> Row:
    """The table that a run without parents has read."""
    data = run.data
    files = [file for each in run.inputs if each.run is None for file in each.files]
    return Row(
        step=SOURCE,
        id=data.fingerprint,
        parents=(),
        environment=run.environment,
        started="",
        ended="",
        seconds=None,
        user="",
        commit=None,
        dirty=None,
        code=None,
        inputs={},
        outputs=_hashes(files) or {data.file: ""},
        parameters={"name": data.name, "state": data.state, "rows": data.rows},
        metrics={"violations": data.violations},
        job=None,
        warnings=(),
    )


def _row(run: Record, known: Sequence[Record]) -> Row:
    inputs = {
        f"{each.channel}: {file.path}": file.sha256 for each in run.inputs for file in each.files
    }
    return Row(
        step=run.step,
        id=run.id,
        parents=run.parents or (run.data.fingerprint,),
        environment=run.environment,
        started=run.started,
        ended=run.ended,
        seconds=run.seconds,
        user=run.identity.aws or f"{run.identity.user}@{run.identity.host}",
        commit=run.commit.sha,
        dirty=run.commit.dirty,
        code=run.code,
        inputs=inputs,
        outputs=_hashes(run.artifacts),
        parameters=run.parameters,
        metrics=run.metrics,
        job=run.remote.name if run.remote else None,
        warnings=run.warnings,
        pushed=_pushed(run, known),
    )


def _pushed(run: Record, known: Sequence[Record]) -> tuple[str, ...]:
    """Where the tag of a release went to."""
    if run.step != "release":
        return ()
    pushes = (each for each in known if each.step == "push")
    return tuple(p.parameters["address"] for p in pushes if p.parameters[RELEASE] == run.id)


def _hashes(files: Sequence[Artifact]) -> dict[str, str]:
    return {file.path: file.sha256 for file in files}


def broken(found: Sequence[Row]) -> list[str]:
    """Where the chain does not close: a run is lost, or read what none of its parents has made."""
    made = {row.id: row for row in found}
    said = []
    for row in found:
        for parent in row.parents:
            if parent not in made:
                said.append(f"{row.id} goes back to {parent}, of which there is no record")
        earlier = {h for p in row.parents if p in made for h in made[p].outputs.values()}
        for place, digest in row.inputs.items() if earlier - {""} else ():
            if digest not in earlier:
                said.append(f"{row.id} has read {place}, which none of its parents has made")
    return said

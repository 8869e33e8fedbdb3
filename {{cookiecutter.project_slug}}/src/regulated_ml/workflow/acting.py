"""What persons do with a model - register, approve, release - kept as records like those of jobs.

An act has no job and no result that could be up to date: each is a record of its own, with who,
when, on which commit, on what grounds. Files that belong to it are written before the record and
become part of it by one rename, so a kill at any moment leaves the whole act or nothing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Identity, Input, Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import recording, requests


@dataclass(frozen=True)
class Act:
    """What is done: the name of the act is the step of its record."""

    name: str  # register, approve, reject, promote, release, push: a row of `registry.ACTS`
    parents: Sequence[Record]  # the records that it rests on, the oldest first; at least one
    parameters: Mapping[str, Any]  # what was said: version, reason, address
    inputs: tuple[Input, ...] = ()  # files that were looked at, with their hashes
    metrics: Mapping[str, float | int | str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  # what a reader of the record should know
    module: str = ""  # no job runs

    @property
    def key(self) -> str:
        """A hash of the act, its grounds and what was said."""
        content = {
            "act": self.name,
            "parents": [run.id for run in self.parents],
            "parameters": self.parameters,
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def perform(
    settings: Settings,
    store: RunStore,
    act: Act,
    write: Callable[[Path], None] | None = None,
    caller: str | None = None,
) -> Record:
    """Keeps an act as a record.

    Args:
        settings: of the environment that it is done in.
        store: where records are kept.
        act: what is done.
        write: writes the files that belong to it into a folder, which becomes the record's own.
        caller: who AWS takes the person for, where it was asked.

    Raises:
        UserError: the store cannot take it, or whatever `write` raises; nothing is kept then.
    """
    with store.writing(act.name) as unfinished:
        started = datetime.now(UTC)
        if write:
            write(unfinished.folder)
        begun = recording.begun(
            settings,
            requests.Subject(
                step=act.name,
                module=act.module,
                key=act.key,
                parents=tuple(run.id for run in act.parents),
                tables=tuple(run.data for run in act.parents),
                code=requests.code_hash(settings),
                parameters=act.parameters,
                inputs=act.inputs,
            ),
            unfinished.id,
            started,
            caller=caller,
        )
        warnings = tuple(dict.fromkeys((*begun.warnings, *act.warnings)))
        begun = begun.model_copy(update={"warnings": warnings})
        ended = datetime.now(UTC)
        seconds = (ended - started).total_seconds()
        record = recording.finished(begun, unfinished.folder, ended, seconds, metrics=act.metrics)
        return store.finish(unfinished.folder, record)


def same_person(one: Identity, other: Identity) -> bool:
    """Whether two identities are, or may be, one person.

    On AWS the name of a session tells the person (AssumedRole/ROLE/SESSION), so one person in two
    roles is still one. Where either was not known to AWS, the user's name has to tell.
    """
    if one.aws and other.aws:
        return one.aws == other.aws or _session(one.aws) == _session(other.aws)
    return one.user.casefold() == other.user.casefold()


def same_account(one: Identity, other: Identity) -> bool:
    """Whether two acts came from one account of one machine, whatever names were given there."""
    return one.host == other.host and account(one) == account(other)


def account(person: Identity) -> str:
    """The machine's account; records of earlier versions have the claimed name alone."""
    return person.account or person.user


def _session(arn: str) -> str:
    return arn.rpartition("/")[2].casefold()

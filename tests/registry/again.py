"""A double of another run: its files under a new id, in a record that says what a test needs.

It goes through the store, so that the trail has it. Running the steps again would take a minute.
"""

import shutil
from collections.abc import Callable
from typing import Any

from regulated_ml.tracking.records import Commit, Record
from regulated_ml.tracking.store import RECORD, RunStore

Changed = Callable[[Record], dict[str, Any]]  # members of a record that depend on its id

STEPS = ("prepare", "train", "evaluate", "explain")


def _nothing(run: Record) -> dict[str, Any]:
    return {}


def again(store: RunStore, run: Record, changed: Changed = _nothing, **changes: Any) -> Record:
    """The run once more, with some members of its record changed."""
    with store.writing(run.step) as unfinished:
        shutil.copytree(store.folder_of(run), unfinished.folder, dirs_exist_ok=True)
        (unfinished.folder / RECORD).unlink()
        record = run.model_copy(update={"id": unfinished.id, **changes})
        record = record.model_copy(update=changed(record))
        store.finish(unfinished.folder, record)
    store.point_to(record)
    return record


def all_again(store: RunStore, runs: dict[str, Record], **changes: Any) -> dict[str, Record]:
    """All steps once more, each on those before; `runs` are found by their steps."""
    ids: dict[str, str] = {}
    made = {}
    for step in STEPS:
        parents = tuple(ids[parent] for parent in runs[step].parents)
        made[step] = again(store, runs[step], parents=parents, **changes)
        ids[runs[step].id] = made[step].id
    return made


def latest(store: RunStore) -> dict[str, Record]:
    """The latest run of each step."""
    return {step: store.get(step) for step in STEPS}


def dirty(commit: Commit) -> Commit:
    """The commit, with a file that differed."""
    return commit.model_copy(update={"dirty": True, "changed": ("src/credit_default/train.py",)})

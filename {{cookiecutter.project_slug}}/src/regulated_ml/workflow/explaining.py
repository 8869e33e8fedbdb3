"""Why a run that was made again may have come out otherwise: what is not as the record says."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from regulated_ml.platforms.local import JOB_PACKAGES
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import Dependencies, Record
from regulated_ml.workflow.interpreters import Interpreter
from regulated_ml.workflow.requests import code_files

CHANGED_SHOWN = 5  # files


def notes(
    run: Record, tree: Path, interpreter: Interpreter, parents: Sequence[str]
) -> Iterator[str]:
    """What is not as it was, a sentence each, the likeliest to matter first.

    Args:
        run: the earlier run.
        tree: the files of its commit, which it was made again from.
        interpreter: which it was made again with.
        parents: the steps it goes back to whose artefacts already differ.
    """
    if parents:
        yield f"it has read what {' and '.join(parents)} made, which differs already"
    yield from _code(run, tree)
    yield from _lock(run, interpreter)
    yield from _versions(run.dependencies, interpreter.installed)
    yield from _machine(run, interpreter.installed)


def _code(run: Record, tree: Path) -> Iterator[str]:
    is_same = facts.code_hash(tree, code_files(tree)) == run.code
    if run.commit.dirty:
        files = ", ".join(run.commit.changed[:CHANGED_SHOWN]) or "its files"
        jobs = "; the code of the jobs is the commit's all the same" if is_same else ""
        yield f"the run was made from a dirty tree: {files} differed from the commit{jobs}"
    elif not is_same:
        yield "the code of the jobs is not that of the run: files were left out of the commit"


def _lock(run: Record, interpreter: Interpreter) -> Iterator[str]:
    if run.dependencies.lock != interpreter.installed.lock:
        yield "requirements.lock was another one when the run was made"
    if not interpreter.as_locked:
        yield "the installed packages are not those of requirements.lock"


def _versions(before: Dependencies, after: Dependencies) -> Iterator[str]:
    if before.python != after.python:
        yield f"Python {after.python} instead of {before.python}"
    old, new = (
        {canonicalize_name(k): v for k, v in each.packages.items()} for each in (before, after)
    )
    for name in map(canonicalize_name, JOB_PACKAGES):
        # A container's record lists what jobs may import, and calls XGBoost by one name only.
        if name in old and name in new and old[name] != new[name]:
            yield f"{name} {new[name]} instead of {old[name]}"


def _machine(run: Record, after: Dependencies) -> Iterator[str]:
    if run.remote:
        instance = run.remote.facts.get("instance", "an instance")
        yield f"this machine instead of {instance} of SageMaker"
    elif run.dependencies.system != after.system:
        yield f"{after.system} instead of {run.dependencies.system}"

"""Makes a version of a model: a record that names the runs that it rests on.

The record comes first, then SageMaker's Model Registry, which is derived from it. The same command
started again finds the record and completes what a kill, or the way to AWS, has left out.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.interface import MODEL_ARCHIVE, ModelRegistry, Report
from regulated_ml.settings import Settings
from regulated_ml.tracking import registry, sbom
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Artifact, Input, Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import evidence
from regulated_ml.workflow.acting import Act, perform


class Registered(NamedTuple):
    """A version, and what became of it."""

    version: Version
    fresh: bool  # False: these runs had been registered before
    package: str | None  # its ARN in SageMaker's Model Registry; None in `local`


def register(
    settings: Settings,
    store: RunStore,
    model: Record,
    packages: ModelRegistry | None,
    report: Report,
) -> Registered:
    """Registers a model with the latest evidence for it, for approval.

    Args:
        settings: of the model's environment.
        store: where the environment's runs are kept.
        model: the run that trained it.
        packages: SageMaker's Model Registry; None in `local`.
        report: is told what is being done.

    Raises:
        UserError: no version can be made of it, with every reason.
    """
    if model.step != "train":
        rule = f"a version is made of a run of train; this is one of {model.step}"
        fix = "`rml runs list --step train` shows them"
        raise UserError.one("--run", model.id, rule, fix, ExitStatus.USAGE)
    evidence.check_gates(settings)
    with deciding(store, report):
        runs = evidence.gather(store, model)
        if found := _made_of(store, runs):
            package = _package(found, runs, packages, report) if packages else None
            return Registered(found, fresh=False, package=package)
        report(0, None, "checking the runs")
        if mistakes := [*evidence.problems(settings, store, model.id, runs)]:
            raise UserError(mistakes, ExitStatus.DATA)
        if packages:
            packages.check(runs, report)
        version = _perform(settings, store, model, runs, packages)
        package = _package(version, runs, packages, report) if packages else None
    return Registered(version, fresh=True, package=package)


def deciding(store: RunStore, report: Report) -> AbstractContextManager[int]:
    """One act on the registry at a time, so that each rests on what the one before left."""
    waiting = partial(report, 0, None, "waiting for another command that writes to the registry")
    return exclusive(store.folder / ".registry.lock", waiting)


def archive_of(model: Record) -> Artifact:
    """The model's archive.

    Raises:
        UserError: the run made none.
    """
    if found := model.artifact(MODEL_ARCHIVE):
        return found
    rule = f"a training leaves {MODEL_ARCHIVE}, and the record names none"
    raise UserError.one(f"runs/{model.id}", MODEL_ARCHIVE, rule, "train again, and register that")


def _made_of(store: RunStore, runs: Sequence[Record]) -> Version | None:
    """The version that was registered with these very runs."""
    ids = tuple(run.id for run in runs)
    found = (each for each in registry.versions(store.all()) if each.registered.parents == ids)
    return next(found, None)


def _perform(
    settings: Settings,
    store: RunStore,
    model: Record,
    runs: Sequence[Record],
    packages: ModelRegistry | None,
) -> Version:
    known = [version.number for version in registry.versions(store.all())]
    # Another clone of the repository may have registered versions that this one has not seen.
    number = max([0, *known, *(packages.numbers() if packages else ())]) + 1
    archive = archive_of(model)
    act = Act(
        name="register",
        parents=runs,
        parameters={
            VERSION: number,
            "model": model.id,
            "model_sha256": archive.sha256,
            "exceptions": evidence.exceptions_for(settings, runs),
        },
        inputs=(Input(channel="model", run=model.id, files=(archive,)),),
        metrics=evidence.metrics(runs),
        warnings=tuple(dict.fromkeys(sentence for run in runs for sentence in run.warnings)),
    )
    caller = packages.caller() if packages else None
    record = perform(
        settings, store, act, lambda folder: sbom.write(settings, model, folder / sbom.FILE), caller
    )
    return Version(number, record, ())


def _package(
    version: Version, runs: Sequence[Record], packages: ModelRegistry, report: Report
) -> str:
    report(0, None, "registering with SageMaker")
    return packages.put(version, runs)

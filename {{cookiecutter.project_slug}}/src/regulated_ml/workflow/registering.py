"""Makes a version of a model: a record that names the runs that it rests on.

The record comes first, then SageMaker's Model Registry, which is derived from it. The same command
started again finds the record and completes what a kill, or the way to AWS, has left out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import MODEL_ARCHIVE, ModelRegistry, Report
from regulated_ml.settings import Settings
from regulated_ml.tracking import facts, registry, sbom
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Artifact, Identity, Input, Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import evidence
from regulated_ml.workflow.acting import Act, perform


class Registered(NamedTuple):
    """A version, and what became of it."""

    version: Version
    fresh: bool  # False: these runs had been registered before
    package: str | None  # its ARN in SageMaker's Model Registry; None in `local`


class Registrar(NamedTuple):
    """What it takes to write to the registry of an environment."""

    settings: Settings
    store: RunStore  # of the environment's runs
    packages: ModelRegistry | None  # SageMaker's Model Registry; None in `local`
    report: Report  # is told what is being done

    def person(self) -> Identity:
        """Who acts, as the machine and AWS know them."""
        caller = self.packages.caller() if self.packages else None
        return facts.identity().model_copy(update={"aws": caller})


def register(registrar: Registrar, model: Record) -> Registered:
    """Registers the model of a training with the latest evidence for it, for approval.

    Raises:
        UserError: no version can be made of it, with every reason.
    """
    settings, store, packages, report = registrar
    if model.step != "train":
        rule = f"a version is made of a run of train; this is one of {model.step}"
        fix = "`rml runs list --step train` shows them"
        raise UserError.one("--run", model.id, rule, fix, ExitStatus.USAGE)
    evidence.check_gates(settings)
    with deciding(store, report):
        runs = evidence.gather(store, model)
        version = _made_of(registrar, runs)
        is_new = version is None
        report(0, None, "checking the runs")
        if is_new and (mistakes := [*evidence.problems(settings, store, model.id, runs)]):
            raise UserError(mistakes, ExitStatus.DATA)
        if mistakes := [*on_aws(registrar, runs)]:
            raise UserError(mistakes, ExitStatus.DATA)
        version = version or _perform(registrar, model, runs)
        report(0, None, "writing to the registry")
        package = packages.put(version, runs) if packages else None
        if mistakes := [*shared_number(registrar, version)]:
            raise UserError(mistakes, ExitStatus.DATA)
    return Registered(version, is_new, package)


def on_aws(registrar: Registrar, runs: Sequence[Record]) -> Iterator[Problem]:
    """Where what lies on AWS is not what the records of these runs say; nothing in `local`."""
    settings, store, packages, report = registrar
    if packages:
        yield from evidence.bucket_problems(settings, store, runs)
        yield from packages.check(runs, report)


def shared_number(registrar: Registrar, version: Version) -> Iterator[Problem]:
    """That another clone, at the same time, has given a version's number to another one."""
    if registrar.packages and (others := registrar.packages.others(version)):
        registered = version.registered
        rule = f"one version has the number; {', '.join(others)} has it as well as {registered.id}"
        rml = evidence.command(registered.environment)
        run = registered.parameters["model"]
        fix = f"start `{rml} model register --run {run}` again: the next free number is taken"
        yield Problem("VERSION", version.name, rule, fix)


@contextmanager
def deciding(store: RunStore, report: Report) -> Iterator[int]:
    """One act on the registry at a time, so that each rests on what the one before left."""
    waiting = partial(report, 0, None, "waiting for another command that writes to the registry")
    with exclusive(store.folder / ".registry.lock", waiting) as lock:
        store.settle()  # an act that a kill kept from its place is done all the same
        yield lock


def archive_of(model: Record) -> Artifact:
    """The model's archive.

    Raises:
        UserError: the run made none.
    """
    if found := model.artifact(MODEL_ARCHIVE):
        return found
    rule = f"a training leaves {MODEL_ARCHIVE}, and the record names none"
    raise UserError.one(f"runs/{model.id}", MODEL_ARCHIVE, rule, "train again, and register that")


def _made_of(registrar: Registrar, runs: Sequence[Record]) -> Version | None:
    """The version that was registered with these very runs, under a number of its own."""
    ids, known = tuple(run.id for run in runs), registrar.store.all()
    found = (
        version
        for version in registry.versions(known)
        if version.registered.parents == ids
        and not registry.shared(known, version)
        and not any(shared_number(registrar, version))
    )
    return next(found, None)


def _perform(registrar: Registrar, model: Record, runs: Sequence[Record]) -> Version:
    from regulated_ml.workflow import baselining

    settings, store, packages, report = registrar
    known = [version.number for version in registry.versions(store.all())]
    # Another clone of the repository may have registered versions that this one has not seen.
    number = max([0, *known, *(packages.numbers() if packages else ())]) + 1
    archive = archive_of(model)
    report(0, None, "describing the rows that it was trained on")
    baseline = baselining.make(store, number, model, archive.sha256)
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

    def write(folder: Path) -> None:
        sbom.write(settings, model, folder / sbom.FILE)
        baselining.write(baseline, folder)

    return Version(number, perform(settings, store, act, write, registrar.person().aws), ())

"""Brings an approved version to another environment: the same bytes, without retraining.

The environment may be another account. The model is read from the training's run on this machine,
where its hash is held against the record, so nobody needs rights in two accounts at once. What is
uploaded lies under that environment's key, and is read back before anything is said of it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.tracking import registry
from regulated_ml.tracking.records import Input, Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.workflow import evidence
from regulated_ml.workflow.acting import Act, perform
from regulated_ml.workflow.approving import REHEARSAL
from regulated_ml.workflow.objections import four_eyes, shown
from regulated_ml.workflow.registering import Registrar, archive_of, deciding, shared_number

# An environment, and the one that a version has been in before it.
BEFORE = {"prod": "test"}
OF_REAL_ROWS = ("prod",)  # environments that take no model of synthetic rows


class Promoted(NamedTuple):
    """A version in an environment, and what became of it."""

    version: Version  # with the promotion among its acts
    record: Record
    fresh: bool  # False: it had been promoted there before
    package: str | None  # its ARN there; None in `local`


def promote(registrar: Registrar, name: str, own: str | None = None) -> Promoted:
    """Promotes the version called so to the registrar's environment.

    The record comes last, since only then the version is there: what it says has been read back.
    The same command started again completes what a kill, or the way to AWS, has left out.

    Args:
        registrar: of the environment that it is brought to.
        name: of the version.
        own: the environment of the version, where several have one of this name.

    Raises:
        UserError: everything that speaks against it.
    """
    settings, store, packages, report = registrar
    with deciding(store, report):
        version = registry.named(store.all(), name, own)
        runs = evidence.of_version(store, version.registered)
        decision = _checked(registrar, version, runs)
        origin = {
            "source_environment": version.registered.environment,
            "source_package": decision.parameters.get("package", ""),
            "approve": decision.id,
            "approved_by": shown(decision.identity),
        }
        arn = packages.promote(version, runs, origin, report) if packages else None
        done = version.done("promote", settings.environment)
        record = done[-1] if done else _perform(registrar, version, runs, arn)
    acts = version.acts if done else (*version.acts, record)
    return Promoted(version._replace(acts=acts), record, not done, arn)


def _checked(registrar: Registrar, version: Version, runs: Sequence[Record]) -> Record:
    """The approval of a version, once nothing speaks against its promotion."""
    settings, store, _, report = registrar
    report(0, None, f"checking {version.name}")
    model = version.registered.parameters["model"]
    mistakes = [*_objections(settings, version), *evidence.problems(settings, store, model, runs)]
    if mistakes or version.decision is None:
        raise UserError(mistakes, ExitStatus.FOUND)  # before the account is asked anything
    mistakes = [*four_eyes(store, version, registrar.person(), "promote")]
    mistakes += evidence.bucket_problems(settings, store, runs)
    mistakes += shared_number(registrar, version)
    if mistakes:
        raise UserError(mistakes, ExitStatus.FOUND)
    return version.decision


def _perform(
    registrar: Registrar, version: Version, runs: Sequence[Record], package: str | None
) -> Record:
    settings, store, *_ = registrar
    model = next(run for run in runs if run.step == "train")
    archive = archive_of(model)
    decisions = [version.decision] if version.decision else []
    act = Act(
        name="promote",
        parents=(version.registered, *decisions),
        parameters={
            VERSION: version.number,
            "from": version.registered.environment,
            "to": settings.environment,
            "model_sha256": archive.sha256,
            "package": package,
        },
        inputs=(Input(channel="model", run=model.id, files=(archive,)),),
        warnings=(REHEARSAL,) if settings.environment == LOCAL else (),
    )
    return perform(settings, store, act, caller=registrar.person().aws)


def _objections(settings: Settings, version: Version) -> Iterator[Problem]:
    own, target = version.registered.environment, settings.environment
    if version.status != "approved":
        rule = f"only an approved version is promoted; {version.name} is {version.status}"
        fix = f"have it approved: {evidence.command(own)} model approve {version.name}"
        yield Problem(version.name, version.status, rule, fix)
    if (own == LOCAL) != (target == LOCAL):
        rule = (
            "a version of an environment on AWS goes to one on AWS; in local, whose four eyes are "
            "a rehearsal, promotion is one too (--to local)"
        )
        fix = "run all steps in dev, and register that model: rml --env dev model register"
        yield Problem("--to", target, rule, fix)
    elif own == target != LOCAL:
        rule = f"another environment than {own}, in which {version.name} was made"
        yield Problem("--to", target, rule, "name the next one, for example test")
    first = BEFORE.get(target)
    if first and not version.done("promote", first) and own != first:
        rule = f"a version goes to {target} after it has been in {first}"
        fix = f"rml model promote {version.name} --to {first}"
        yield Problem("--to", target, rule, fix)
    if target in OF_REAL_ROWS and version.registered.data.state != "real":
        rule = f"{target} takes models of real rows, whose hash is the one in config/dataset.yaml"
        state = version.registered.data.state
        yield Problem("data", state, rule, "fetch the real table, run all steps and register that")

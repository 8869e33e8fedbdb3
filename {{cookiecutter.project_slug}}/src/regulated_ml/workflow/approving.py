"""Approval and rejection of a version: by a second person, on grounds that the record keeps.

Approval is refused with every reason at once. The decision is a record, and SageMaker's Model
Registry is given the status afterwards, with the identity of the person who decides.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, visible
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.tracking import registry
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import OVERRULES, VERSION, Version
from regulated_ml.workflow import documenting, evidence
from regulated_ml.workflow.acting import Act, perform
from regulated_ml.workflow.objections import (
    four_eyes,
    objections,
    one_account,
    overruling,
    shown,
    verdicts,
)
from regulated_ml.workflow.registering import Registrar, deciding, on_aws, shared_number

DOCUMENTS = "documents"  # the folder of a version's documents, in that of the record
LONGEST_REASON = 1000  # characters; SageMaker keeps 1,024
REHEARSAL = (
    "In local a user's name is claimed, and nothing proves it: four eyes are a rehearsal here."
)
STATUS = {"approve": "Approved", "reject": "Rejected"}  # in SageMaker's Model Registry


class Decided(NamedTuple):
    """A decision, and what became of it."""

    version: Version  # with the decision among its acts
    record: Record
    fresh: bool  # False: the version had been decided so before
    package: str | None  # ARN of the package that has the status; None in `local`


def approve(registrar: Registrar, name: str, reason: str, *, overrule: bool = False) -> Decided:
    """Approves the version called so; the record keeps its gates and its documents.

    Args:
        registrar: of the version's environment.
        name: of the version.
        reason: why; whoever overrules a rejection has to give one.
        overrule: whether a rejection is set aside, which is never done in passing.

    Raises:
        UserError: everything that speaks against it.
    """
    evidence.check_gates(registrar.settings)
    return _decide("approve", registrar, name, reason, overrule)


def reject(registrar: Registrar, name: str, reason: str) -> Decided:
    """Rejects the version called so, an approved one too; see `approve`."""
    if not reason.strip():
        rule = "a rejection says why, so that the next version can be better"
        raise UserError.one("--reason", "", rule, "write it in a sentence", ExitStatus.USAGE)
    return _decide("reject", registrar, name, reason)


def _decide(
    act: str, registrar: Registrar, name: str, reason: str, overrule: bool = False
) -> Decided:
    _check_reason(reason)
    with deciding(registrar.store, registrar.report):
        known, environment = registrar.store.all(), registrar.settings.environment
        version = registry.named(known, name, environment)
        check_environment(registrar.settings, version)
        earlier = version.decision
        if earlier is not None and earlier.step == act:
            _check_again(act, registrar, version, reason)
            return Decided(version, earlier, False, _tell_sagemaker(registrar, version, earlier))
        record = _perform(act, registrar, version, reason, overrule)
        arn = _tell_sagemaker(registrar, version, record)
    return Decided(version._replace(acts=(*version.acts, record)), record, True, arn)


def _perform(
    act: str, registrar: Registrar, version: Version, reason: str, overrule: bool
) -> Record:
    settings, store, packages, report = registrar
    person, earlier = registrar.person(), version.decision
    report(0, None, f"checking {version.name}")
    mistakes = [*four_eyes(store, version, person, act)]
    if act == "approve":
        mistakes += overruling(version, reason, overrule)
    parameters: dict[str, Any] = {VERSION: version.number, "reason": reason}
    if earlier:
        parameters[OVERRULES] = earlier.id
    if act == "approve":
        mistakes += objections(settings, store, version)
        parameters["gates"] = [each._asdict() for each in verdicts(settings, version)]
    _refuse(mistakes)
    _refuse(_on_aws(act, registrar, version))
    if packages:
        package = packages.find(version)
        parameters["package"] = package and package.arn

    def write(folder: Path) -> None:
        if act == "approve":
            documenting.write(
                settings,
                store,
                version,
                store.all(),
                folder / DOCUMENTS,
                report=report,
                approver=person,
            )

    done = Act(
        name=act,
        parents=(version.registered, *([earlier] if earlier else [])),
        parameters=parameters,
        metrics=version.registered.metrics if act == "approve" else {},
        warnings=(
            *((REHEARSAL,) if settings.environment == LOCAL else ()),
            *one_account(store, version, person),
        ),
    )
    return perform(settings, store, done, write, person.aws)


def _check_again(act: str, registrar: Registrar, version: Version, reason: str) -> None:
    """Raises `UserError` where a decision that was made may not be completed by this person now.

    Whoever starts the command gives the package its status, and files may have been changed since.
    """
    settings, store, _, report = registrar
    report(0, None, f"checking {version.name}")
    mistakes = [*four_eyes(store, version, registrar.person(), act), *_another(version, reason)]
    if act == "approve":
        runs = evidence.of_version(store, version.registered)
        model = version.registered.parameters["model"]
        mistakes += evidence.problems(settings, store, model, runs)
    _refuse(mistakes)
    _refuse(_on_aws(act, registrar, version))


def _another(version: Version, reason: str) -> Iterator[Problem]:
    """That a decision which was made is not given another reason afterwards."""
    decision = version.decision
    if decision is None or reason in ("", said := str(decision.parameters["reason"])):
        return
    why = f"with the reason: {said}" if said else "without a reason"
    done = "approved" if decision.step == "approve" else "rejected"
    rule = f"{shown(decision.identity)} {done} {version.name} on {decision.ended[:10]}, {why}"
    other = "reject" if decision.step == "approve" else "approve --overrule"
    fix = f"a record is not changed: leave --reason out, or decide anew by way of {other}"
    yield Problem("--reason", reason, rule, fix)


def _on_aws(act: str, registrar: Registrar, version: Version) -> Iterator[Problem]:
    """What speaks against a decision on AWS, once the records are known to hold."""
    if registrar.packages is None:
        return
    if act == "reject":  # whatever is wrong with a version that is there, it can be rejected
        if registrar.packages.find(version) is None:
            yield _not_in_sagemaker(version)
        return
    runs = evidence.of_version(registrar.store, version.registered)
    yield from shared_number(registrar, version)
    yield from registrar.packages.problems(version, runs)
    yield from on_aws(registrar, runs)


def _refuse(mistakes: Iterable[Problem]) -> None:
    if found := [*mistakes]:
        raise UserError(found, ExitStatus.FOUND)


def _tell_sagemaker(registrar: Registrar, version: Version, decision: Record) -> str | None:
    if registrar.packages is None:
        return None
    said = str(decision.parameters["reason"]) or decision.id
    return registrar.packages.decide(version, STATUS[decision.step], said)


def check_environment(settings: Settings, version: Version) -> None:
    """Raises `UserError` where a version is another environment's."""
    own = version.registered.environment
    if own != settings.environment:
        rule = f"{version.name} was registered in {own}, and is decided about there"
        fix = f"name the environment: rml --env {own} model ..."
        raise UserError.one("--env", settings.environment, rule, fix, ExitStatus.USAGE)


def _check_reason(reason: str) -> None:
    if visible(reason, limit=LONGEST_REASON) != reason:
        rule = f"at most {LONGEST_REASON} characters that can be seen, on one line"
        fix = "shorten it, and take line breaks and control characters out"
        raise UserError.one("--reason", reason, rule, fix, ExitStatus.USAGE)


def _not_in_sagemaker(version: Version) -> Problem:
    rule = "the version has a package in SageMaker's Model Registry"
    model = version.registered.parameters["model"]
    fix = f"rml --env {version.registered.environment} model register --run {model} makes it"
    return Problem("Model Registry", version.name, rule, fix)

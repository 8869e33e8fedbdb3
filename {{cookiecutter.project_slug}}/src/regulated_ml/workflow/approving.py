"""Approval and rejection of a version: by a second person, on grounds that the record keeps.

Approval is refused with every reason at once. The decision is a record, and SageMaker's Model
Registry is given the status afterwards, with the identity of the person who decides.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, visible
from regulated_ml.platforms.interface import ModelRegistry, Report
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.settings.gates import PLACE
from regulated_ml.tracking import facts, registry
from regulated_ml.tracking.records import Identity, Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import evidence
from regulated_ml.workflow.acting import Act, perform, same_person
from regulated_ml.workflow.registering import deciding

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


def approve(
    settings: Settings,
    store: RunStore,
    version: str,
    reason: str,
    packages: ModelRegistry | None,
    report: Report,
) -> Decided:
    """Approves a version.

    Args:
        settings: of the version's environment.
        store: where the environment's runs are kept.
        version: its name.
        reason: why, in the person's words; may be empty.
        packages: SageMaker's Model Registry; None in `local`.
        report: is told what is being done.

    Raises:
        UserError: everything that speaks against it.
    """
    evidence.check_gates(settings)
    return _decide("approve", settings, store, version, reason, packages, report)


def reject(
    settings: Settings,
    store: RunStore,
    version: str,
    reason: str,
    packages: ModelRegistry | None,
    report: Report,
) -> Decided:
    """Rejects a version, an approved one too; see `approve`."""
    if not reason.strip():
        rule = "a rejection says why, so that the next version can be better"
        raise UserError.one("--reason", "", rule, "write it in a sentence", ExitStatus.USAGE)
    return _decide("reject", settings, store, version, reason, packages, report)


def _decide(
    act: str,
    settings: Settings,
    store: RunStore,
    name: str,
    reason: str,
    packages: ModelRegistry | None,
    report: Report,
) -> Decided:
    _check_reason(reason)
    with deciding(store, report):
        version = registry.find(store.all(), name)
        check_environment(settings, version)
        if version.decision is not None and version.decision.step == act:
            arn = _tell_sagemaker(packages, version, version.decision)
            return Decided(version, version.decision, fresh=False, package=arn)
        person = facts.identity().model_copy(
            update={"aws": packages.caller() if packages else None}
        )
        report(0, None, f"checking {version.name}")
        mistakes = [*four_eyes(store, version, person, act)]
        if act == "approve":
            mistakes += objections(settings, store, version)
        package = packages.find(version) if packages else None
        if packages and package is None:
            mistakes.append(_not_in_sagemaker(version))
        if mistakes:
            raise UserError(mistakes, ExitStatus.FOUND)
        parameters: dict[str, Any] = {VERSION: version.number, "reason": reason}
        if act == "approve":
            parameters["gates"] = [each._asdict() for each in verdicts(settings, version)]
        if package:
            parameters["package"] = package.arn
        done = Act(
            name=act,
            parents=(version.registered,),
            parameters=parameters,
            metrics=version.registered.metrics if act == "approve" else {},
            warnings=(REHEARSAL,) if settings.environment == LOCAL else (),
        )
        record = perform(settings, store, done, caller=person.aws)
        arn = _tell_sagemaker(packages, version, record)
    return Decided(version._replace(acts=(*version.acts, record)), record, fresh=True, package=arn)


class Verdict(NamedTuple):
    """A gate, and what the version has to show."""

    metric: str
    value: float | int | str | None  # None: no run of the version reports it
    rule: str
    holds: bool


def verdicts(settings: Settings, version: Version) -> list[Verdict]:
    """Each gate of model.yaml against a version."""
    found = version.registered.metrics
    return [
        Verdict(gate.metric, value, gate.rule, gate.holds(value))
        for gate in settings.model.gates
        for value in (found.get(gate.metric),)
    ]


def objections(settings: Settings, store: RunStore, version: Version) -> Iterator[Problem]:
    """Everything that speaks against approving a version, but the person."""
    registered = version.registered
    runs = evidence.of_version(store, registered)
    yield from evidence.problems(settings, store, registered.parameters["model"], runs)
    for path in store.damage(registered):
        rule = "the file is there, with the bytes of the version's record"
        yield Problem(f"runs/{registered.id}", path, rule, "restore it")
    states = {run.data.state: run for run in runs}
    if run := states.get("unverified"):
        rule = "rows whose hash is the one in config/dataset.yaml, or a synthetic twin"
        fix = "write the hash of the agreed table there (rml data check), and run all steps anew"
        yield Problem(f"runs/{run.id}: data", run.data.fingerprint, rule, fix)
    if mistake := evidence.commit_mistake(facts.commit(settings.root)):
        # The gates that are looked at are those of this folder.
        rule = f"whoever approves works with committed files; {mistake}"
        yield Problem("repository", str(settings.root), rule, "commit, or set the changes aside")
    yield from _gate_problems(settings, version)


def _gate_problems(settings: Settings, version: Version) -> Iterator[Problem]:
    if not settings.model.gates:
        rule = "model.yaml has a gate at least, so that what is good enough is agreed beforehand"
        yield Problem(PLACE, "", rule, "add one: gates: [{metric: auc_low, at_least: 0.7}]")
    for verdict in verdicts(settings, version):
        if not verdict.holds:
            value = "none" if verdict.value is None else f"{verdict.value}"
            fix = "train a better model; a bound that is too strict is changed by a commit"
            yield Problem(f"gate {verdict.metric}", value, verdict.rule, fix)


def four_eyes(store: RunStore, version: Version, person: Identity, act: str) -> Iterator[Problem]:
    """That whoever trained or registered a version does not decide about it."""
    registered = version.registered
    trained = [r for r in evidence.of_version(store, registered) if r.step == "train"]
    developers = {
        f"{run.step} by {shown(run.identity)}"
        for run in (*trained, registered)
        if same_person(run.identity, person)
    }
    if developers:
        rule = f"another person than the developer ({', '.join(sorted(developers))})"
        fix = f"ask a colleague with the approver's role to {act} {version.name}"
        yield Problem("you", shown(person), rule, fix)


def shown(person: Identity) -> str:
    """A person as AWS knows them, or else as the machine does."""
    return person.aws or person.user


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


def _tell_sagemaker(
    packages: ModelRegistry | None, version: Version, decision: Record
) -> str | None:
    if packages is None:
        return None
    said = str(decision.parameters["reason"]) or decision.id
    return packages.decide(version, STATUS[decision.step], said)


def _not_in_sagemaker(version: Version) -> Problem:
    rule = "the version has a package in SageMaker's Model Registry"
    model = version.registered.parameters["model"]
    fix = f"rml --env {version.registered.environment} model register --run {model} makes it"
    return Problem("Model Registry", version.name, rule, fix)

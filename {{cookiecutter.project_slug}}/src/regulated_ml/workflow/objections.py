"""What speaks against a decision about a version: person, gates, record, documents."""

from collections.abc import Iterator
from typing import NamedTuple

from regulated_ml.identifiers import Problem
from regulated_ml.settings import Settings
from regulated_ml.settings.gates import PLACE
from regulated_ml.tracking import facts
from regulated_ml.tracking.records import Identity
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import documenting, evidence
from regulated_ml.workflow.acting import account, same_account, same_person


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
    yield from documenting.open_fields(settings, version, store.all())


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


def overruling(version: Version, reason: str, overrule: bool) -> Iterator[Problem]:
    """That an approval sets nobody's rejection aside in passing."""
    earlier = version.decision
    if earlier is None or earlier.step != "reject":
        if overrule:
            rule = f"a rejection is overruled, and {version.name} is {version.status}"
            yield Problem("--overrule", "", rule, "leave --overrule out")
        return
    rml = evidence.command(version.registered.environment)
    fix = f'settle it with them: {rml} model approve {version.name} --overrule --reason "WHY"'
    if not overrule:
        said = earlier.parameters["reason"]
        rule = f"{shown(earlier.identity)} rejected it on {earlier.ended[:10]}: {said}"
        yield Problem(version.name, version.status, rule, fix)
    if overrule and not reason.strip():
        rule = f"whoever overrules {shown(earlier.identity)} says why; it is kept"
        yield Problem("--reason", "", rule, fix)


def one_account(store: RunStore, version: Version, person: Identity) -> Iterator[str]:
    """That a decision came from the very account on the very machine of a developer.

    The names differ, or four eyes would have refused it. It is said and no more than that: a
    notebook server gives everybody one account.
    """
    registered = version.registered
    trained = [r for r in evidence.of_version(store, registered) if r.step == "train"]
    done = [run for run in (*trained, registered) if same_account(run.identity, person)]
    if done:
        acts = " and ".join(f"{run.step} as {shown(run.identity)}" for run in done)
        place = f"{account(person)}@{person.host}"
        yield f"{place} has done this as {shown(person)}, and {acts}: it may be one person."


def shown(person: Identity) -> str:
    """A person as AWS knows them, or else as the machine does."""
    return person.aws or person.user

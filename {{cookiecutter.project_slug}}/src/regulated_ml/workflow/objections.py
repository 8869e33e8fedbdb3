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
from regulated_ml.workflow.acting import same_person


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


def shown(person: Identity) -> str:
    """A person as AWS knows them, or else as the machine does."""
    return person.aws or person.user

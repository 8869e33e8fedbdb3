"""What a model version rests on: its runs, and what speaks against them.

The same questions are asked when a model is registered and when it is approved: in between, files
may have been changed, and an exception may have expired.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.settings import Settings
from regulated_ml.settings.controls import ControlException
from regulated_ml.settings.gates import gate_problems
from regulated_ml.tracking import anchors, trail
from regulated_ml.tracking.records import Commit, Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.steps import STEPS

CONTROL = "RML-REG-1"  # the code of a version is in a commit
METRICS = frozenset(metric.name for step in STEPS for metric in step.metrics)


def gather(store: RunStore, model: Record) -> list[Record]:
    """The runs that a version of a model rests on, as far as they are there, the oldest first.

    They are the model's own preparation, the training, and the latest run on the split's test rows
    of each step that reads the model. A validator's own sample is evidence of another question.
    """
    known = store.all()
    found = {model.step: model, **{run.step: run for run in known if run.id in model.parents}}
    for step in (step.name for step in STEPS if step.name not in found):
        runs = [run for run in known if run.step == step and _reads(run, model)]
        latest = store.latest(step)
        found.update({run.step: run for run in (*runs, *([latest] if latest in runs else []))})
    return [found[step.name] for step in STEPS if step.name in found]


def of_version(store: RunStore, registered: Record) -> list[Record]:
    """The runs that a version was registered with, as far as they are there."""
    by_id = {run.id: run for run in store.all()}
    return [by_id[parent] for parent in registered.parents if parent in by_id]


def _reads(run: Record, model: Record) -> bool:
    return model.id in run.parents and not run.parameters.get("own_sample")


def metrics(evidence: Sequence[Record]) -> dict[str, float | int | str]:
    """The metrics of all of the runs."""
    return {name: value for run in evidence for name, value in run.metrics.items()}


def check_gates(settings: Settings) -> None:
    """Raises `UserError` where a gate of model.yaml is about a metric that no step reports."""
    if problems := [*gate_problems(settings.model.gates, METRICS)]:
        raise UserError(problems, ExitStatus.CONFIGURATION)


def problems(
    settings: Settings, store: RunStore, model: str, evidence: Sequence[Record]
) -> Iterator[Problem]:
    """Everything that speaks against a record of these runs; `model` is the id of the training."""
    there = {run.step for run in evidence}
    rml = command(settings.environment)
    for step in STEPS:
        if step.name not in there:
            rule = f"the record is complete: {step.name} of this very model is among its runs"
            fix = f"start `{rml} run`, and register the model that it makes"
            yield Problem(step.name, model, rule, fix)
    for run in evidence:
        for path in store.damage(run):
            rule = "the artefact is there, with the bytes of the run's record"
            fix = f"restore it, or start `{rml} run` and register the model that it makes"
            yield Problem(f"runs/{run.id}", path, rule, fix)
    yield from trail_problems(settings, store)
    yield from _commit_problems(settings, evidence)


def trail_problems(settings: Settings, store: RunStore) -> Iterator[Problem]:
    """What is not as the audit trail says, or the trail not as the tags of releases say.

    A decision rests on what records say.
    """
    yield from _not_as_made(anchors.findings(settings.root, store))


def bucket_problems(
    settings: Settings, store: RunStore, evidence: Sequence[Record]
) -> Iterator[Problem]:
    """Where the trail is not as its bucket on AWS says, or nobody vouches for a run there.

    Without a bucket there is nothing to hold it against: `rml runs verify` says so.
    """
    if settings.platform is None:
        return
    from regulated_ml.platforms.sagemaker import keeping
    from regulated_ml.security import clients

    clients.identity(settings)  # in another account there are no anchors, which says nothing
    kept = keeping.anchors(settings, clients.client(settings, "s3"))
    if kept is None:
        return
    whole = set(store.verify())  # what is wrong without the bucket is said
    found = store.verify(anchors.in_bucket(store.trail, kept))
    changed = anchors.fetched_otherwise(store.trail, kept)
    yield from _not_as_made([*(each for each in found if each not in whole), *changed])
    named = {each.id for each in kept}
    fetched = {each.id for each in store.trail.entries() if each.kind == trail.FETCHED}
    for run in evidence:
        if run.id in fetched - named:
            rule = "a run that was fetched is anchored in the trail's bucket by whoever made it"
            fix = f"have them start `{command(run.environment)} runs publish`"
            yield Problem(f"runs/{run.id}", "", rule, fix)


def _not_as_made(findings: Iterable[trail.Finding]) -> Iterator[Problem]:
    for place, what in findings:
        rule = f"the records are as they were made: {what}"
        fix = "rml runs verify tells it all; find out who changed it, and restore it"
        yield Problem(f"audit trail: {place}", "", rule, fix)


def _commit_problems(settings: Settings, evidence: Sequence[Record]) -> Iterator[Problem]:
    """Runs from one state of the code are one problem."""
    made: dict[Commit, list[str]] = {}
    for run in evidence:
        if commit_mistake(run.commit) and not exceptions_for(settings, [run]):
            made.setdefault(run.commit, []).append(run.id)
    for state, ids in made.items():
        names = ", ".join(ids)
        mistake = commit_mistake(state)
        rule = f"the code was that of a commit ({CONTROL}) when the runs were made; {mistake}"
        fix = (
            f"commit, start `{command(settings.environment)} run --force` and register that "
            f"model; or have an exception to {CONTROL} agreed, with names: [{names}]"
        )
        yield Problem(f"runs/{names}", (state.sha or "none")[:12], rule, fix)


def commit_mistake(commit: Commit) -> str:
    """Why a commit does not tell the code of a run; empty where it does."""
    if commit.sha is None:
        return commit.note
    shown = ", ".join(commit.changed[:3]) + (", ..." if len(commit.changed) > 3 else "")
    differed = f"these files differed: {shown}" if shown else ""
    return "; ".join(filter(None, (differed, commit.note)))


def exceptions_for(settings: Settings, evidence: Sequence[Record]) -> list[dict[str, Any]]:
    """The exceptions that the code of these runs needs, as records keep them.

    Raises:
        UserError: the control is one that the organisation lets nobody be excepted from.
    """
    needed = [run.id for run in evidence if commit_mistake(run.commit)]
    found = [each for each in settings.exceptions if _is_for(each, needed)]
    if found:
        from regulated_ml.security import catalogue

        catalogue.load(settings)  # in `local` nothing else holds exceptions against the catalogue
    return [each.model_dump(mode="json") for each in found]


def _is_for(exception: ControlException, runs: Sequence[str]) -> bool:
    return exception.control == CONTROL and any(
        fnmatchcase(run, name) for run in runs for name in exception.names
    )


def command(environment: str) -> str:
    """How `rml` is called in an environment."""
    return "rml" if environment == "local" else f"rml --env {environment}"

"""The documents of a model version, from its records and from what persons have written."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from regulated_ml.documents import (
    aws_card,
    changes,
    data_sheet,
    inventory,
    model_card,
    signs,
    validation_report,
    writing,
)
from regulated_ml.documents.evidence import Evidence, GateRow, Package
from regulated_ml.documents.structure import Document, Open
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json, write_json
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report
from regulated_ml.settings import Dataset, Settings, Split
from regulated_ml.settings import documents as written
from regulated_ml.settings.models import Evaluation, Explanation
from regulated_ml.settings.rules import DOCUMENTS
from regulated_ml.tracking import facts, registry, sbom
from regulated_ml.tracking.records import Identity, Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import evidence as rested
from regulated_ml.workflow import site

FOLDER = "reports/documents"  # a folder in it for each version
AWS_CARD = "model-card.sagemaker.json"
CARD_STATUS: dict[registry.Status, Literal["PendingReview", "Approved", "Archived"]] = {
    "pending": "PendingReview",
    "approved": "Approved",
    "rejected": "Archived",
}


def write(
    settings: Settings,
    store: RunStore,
    version: Version,
    known: Sequence[Record],
    folder: Path,
    before: Version | None = None,
    report: Report = lambda *_: None,
    approver: Identity | None = None,
) -> list[Path]:
    """Writes every document of a version into `folder`; returns the files.

    Args:
        settings: of the environment.
        store: where the runs lie.
        version: whose documents they are.
        known: all records.
        folder: where the files go; it is made where it is missing.
        before: the version that the change log goes back to; None: the one before this.
        report: is told what is being done.
        approver: whose approval keeps the documents; None: they are kept by none.

    Raises:
        UserError: a run of the version or one of its files is missing or damaged.
    """
    if mistakes := [*signs.problems(settings.documents.answers, DOCUMENTS)]:
        raise UserError(mistakes, ExitStatus.CONFIGURATION)
    report(0, 3, "gathering the evidence")
    now = replace(gather(settings, store, version, known), approver=approver)
    older = before or _before(version, known)
    report(1, 3, "comparing with the version before")
    then = gather(settings, store, older, known, describe_table=False) if older else None
    report(2, 3, "writing the documents")
    paths = writing.write(settings, _documents(now, then), now.site.state, folder)
    write_json(folder / AWS_CARD, aws_card.content(now))
    report(3, 3, "done")
    return [*paths, folder / AWS_CARD]


def put_card(settings: Settings, version: Version, folder: Path, report: Report) -> str | None:
    """Puts the model card that lies in `folder` into SageMaker; its ARN, or None in `local`.

    Raises:
        UserError: AWS does not take it.
    """
    if settings.platform is None:
        return None
    from regulated_ml.platforms.sagemaker import cards

    report(0, None, "putting the model card")
    is_draft = version.status == "pending" and any(written.open_fields(settings.documents))
    status: cards.Status = "Draft" if is_draft else CARD_STATUS[version.status]
    return cards.put(settings, version.name, status, read_json(folder / AWS_CARD))


def _documents(now: Evidence, then: Evidence | None) -> list[Document]:
    kinds = (model_card, data_sheet, validation_report, inventory)
    made = [*(kind.document(now) for kind in kinds), changes.document(now, then)]
    answers = now.written.answers
    return [replace(each, parts=signs.answered(each.parts, answers)) for each in made]


def _before(version: Version, known: Sequence[Record]) -> Version | None:
    """The latest version before this one that was approved, or else the latest before it."""
    earlier = [each for each in registry.versions(known) if each.number < version.number]
    approved = [each for each in earlier if each.done("approve")]
    return next(iter((approved or earlier)[::-1]), None)


def gather(
    settings: Settings,
    store: RunStore,
    version: Version,
    known: Sequence[Record],
    *,
    describe_table: bool = True,
) -> Evidence:
    """What is known of a version, with the settings that it was made with.

    Raises:
        UserError: a run of the version or one of its files is missing or damaged.
    """
    runs = {run.step: run for run in rested.of_version(store, version.registered)}
    if missing := [step for step in ("prepare", "train") if step not in runs]:
        raise UserError(
            (
                Problem(
                    step,
                    version.name,
                    "the run that the version rests on is not in runs/",
                    "restore its folder, or fetch it: rml runs fetch",
                )
                for step in missing
            ),
            ExitStatus.DATA,
        )
    as_made = _as_made(settings, runs)
    model = runs["train"]
    return Evidence(
        settings=as_made,
        version=version,
        runs=runs,
        others=[run for run in known if _is_own_sample(run, model)],
        site=site.content(
            as_made,
            store,
            [*runs.values()],
            lambda *_: None,
            describe_table=describe_table,
        ),
        summary=site.written(store, runs["prepare"], "summary/summary.json"),
        gates=_gates(settings, runs),
        packages=_packages(store, version),
        open=tuple(Open(*each) for each in written.open_fields(settings.documents)),
        texts=facts.commit(settings.root),
    )


def _is_own_sample(run: Record, model: Record) -> bool:
    is_own = bool(run.parameters.get("own_sample"))
    return run.step == "evaluate" and model.id in run.parents and is_own


def _gates(settings: Settings, runs: Mapping[str, Record]) -> list[GateRow]:
    metrics = rested.metrics([*runs.values()])
    return [
        GateRow(
            gate.metric, gate.rule, metrics.get(gate.metric), gate.holds(metrics.get(gate.metric))
        )
        for gate in settings.model.gates
    ]


def _packages(store: RunStore, version: Version) -> list[Package]:
    """From the bill of materials that the version was registered with."""
    item = version.registered.artifact(sbom.FILE)
    if item is None:
        return []
    store.check_whole(version.registered, [item])
    path = store.folder_of(version.registered) / sbom.FILE
    return [Package(*each) for each in sbom.licenses(path)]


def _as_made(settings: Settings, runs: Mapping[str, Record]) -> Settings:
    """The settings with the table and the judgement that the version was made with.

    config/ may have changed since, and documents tell of the version.
    """
    told = {step: run.parameters for step, run in runs.items()}
    try:
        dataset = Dataset.of_json(told["prepare"]["dataset"])
        model = settings.model.model_copy(
            update={
                "split": Split.model_validate(told["prepare"]["split"]),
                **{
                    name: kind.model_validate(_known(kind, told[step]))
                    for name, step, kind in (
                        ("evaluation", "evaluate", Evaluation),
                        ("explanation", "explain", Explanation),
                    )
                    if step in told
                },
            }
        )
    except (KeyError, ValidationError) as error:
        run = runs["prepare"]
        rule = f"the parameters of the record are those of this standard: {error}"
        fix = f"use the version of the standard that made it, {run.standard}"
        raise UserError.one(f"runs/{run.id}", "", rule, fix) from error
    return settings.model_copy(update={"dataset": dataset, "model": model})


def _known(kind: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in kind.model_fields if name in parameters}


def open_fields(settings: Settings, version: Version, known: Sequence[Record]) -> list[Problem]:
    """What persons still have to write before the version can be approved, one problem each.

    Args:
        settings: of the environment.
        version: whose documents they are.
        known: all records, for what is asked of one version and not of another.
    """
    problems = [
        Problem(f"{DOCUMENTS}: {each.place}", "", f"open: {each.asked}", "write it, and commit it")
        for each in written.open_fields(settings.documents)
    ]
    return [*problems, *_overdue(settings.documents, datetime.date.today())]


def _overdue(documents: written.Documents, today: datetime.date) -> Iterator[Problem]:
    """Days that persons have set and let pass."""
    for number, finding in enumerate(documents.findings or (), start=1):
        if finding.state == "open" and finding.due < today:
            yield Problem(
                f"{DOCUMENTS}: findings.{number}.due",
                str(finding.due),
                f"the finding is open, and was due before today, {today}",
                "close it, or have the validator agree to a later day",
            )
    for number, overlay in enumerate(documents.overlays or (), start=1):
        if overlay.until < today:
            yield Problem(
                f"{DOCUMENTS}: overlays.{number}.until",
                str(overlay.until),
                f"the overlay has ended before today, {today}",
                "remove it, or have it agreed anew with a later day",
            )
    day = documents.monitoring.next_validation
    if day and day < today:
        rule = f"the next validation was due before today, {today}"
        fix = "name the day of the next one"
        yield Problem(f"{DOCUMENTS}: monitoring.next_validation", str(day), rule, fix)

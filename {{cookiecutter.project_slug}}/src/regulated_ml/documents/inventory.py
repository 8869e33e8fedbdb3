"""The inventory entry: one page by which the model is found, ranked and owned."""

from regulated_ml.documents import persons, shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.structure import Document, Part
from regulated_ml.reports.words import moment, plural
from regulated_ml.tracking.records import Record

NAME = "inventory-entry"
TAKEN = ("promote", "release", "push", "deploy")  # acts that take a version somewhere


def document(evidence: Evidence) -> Document:
    """The entry of a version in the inventory of models."""
    project, version = evidence.settings.project, evidence.version
    return Document(
        name=NAME,
        label="Inventory entry",
        title=f"{project.project_name} {version.name}",
        lead=project.description,
        open=evidence.open,
        parts=(
            _identification(evidence),
            persons.use(evidence),
            _state(evidence),
            _where(evidence),
        ),
    )


def _identification(evidence: Evidence) -> Part:
    project = evidence.settings.project
    return Part(
        topic="Identification",
        finding=f"{project.project_slug} {evidence.version.name}",
        clauses=shared.clauses(evidence, "inventory"),
        facts=(
            ("Cost centre", project.cost_center),
            ("Classification of the data", project.data_classification),
            ("Repository", project.codecommit_repository),
            *shared.version_facts(evidence),
        ),
    )


def _state(evidence: Evidence) -> Part:
    written, status = evidence.written, shared.status(evidence)
    return Part(
        topic="State",
        finding=f"{status[0].upper()}{status[1:]}; {persons.unsettled(evidence)}",
        clauses=shared.clauses(evidence, "inventory", "approval", "monitoring", "overlays"),
        facts=(
            ("Next validation", persons.word(written.monitoring.next_validation)),
            ("Findings", persons.unsettled(evidence)),
            ("Overlays", "open" if written.overlays is None else str(len(written.overlays))),
            ("Open fields", str(len(evidence.open))),
            ("Exceptions in force", str(len(evidence.settings.exceptions))),
        ),
    )


def _where(evidence: Evidence) -> Part:
    """Where the version is in use, by the records of those who took it there."""
    acts = [act for act in evidence.version.acts if act.step in TAKEN]
    facts = tuple(
        (
            evidence.version.told(act).capitalize(),
            f"{_place(act)}, {moment(act.ended)}, {shared.who(act.identity)}",
        )
        for act in acts
    )
    return Part(
        topic="Where it is",
        finding=f"{plural(len(acts), 'act')} on record" if acts else "Not promoted, not deployed",
        clauses=shared.clauses(evidence, "inventory", "lineage"),
        facts=facts,
    )


def _place(act: Record) -> str:
    """The remote of a push, or else the environment."""
    return str(act.parameters["address"]) if act.step == "push" else act.environment

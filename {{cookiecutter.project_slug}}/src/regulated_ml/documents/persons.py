"""The parts that persons have written: purpose, limits, risks, oversight, monitoring, findings."""

from collections.abc import Iterable, Sequence

from regulated_ml.documents import shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Part
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import capital, plural

OPEN = "Open: nobody has written this yet."


def word(text: object) -> str:
    """One written fact, or that it is open."""
    return str(text) if text not in (None, "") else "open"


def entries(
    caption: str, head: tuple[str, ...], rows: Sequence[tuple[object, ...]] | None
) -> tuple[tuple[str, ...], tuple[Table, ...]]:
    """A list that persons keep, as text and table: open, none, or its rows."""
    if rows is None:
        return (OPEN,), ()
    if not rows:
        return ("None: config/documents.yaml says so.",), ()
    cells = tuple(tuple(str(cell) for cell in row) for row in rows)
    return (), (Table(caption, "l" * len(head), head, cells),)


def findings(evidence: Evidence) -> Part:
    """What validations have found, with owner and date."""
    written = evidence.written.findings
    head = ("Finding", "Severity", "Owner", "Due", "State")
    rows = (
        None
        if written is None
        else [(each.what, each.severity, each.owner, each.due, each.state) for each in written]
    )
    text, tables = entries("Findings", head, rows)
    return Part(
        topic="Findings",
        finding=capital(unsettled(evidence)),
        clauses=shared.clauses(evidence, "validation"),
        text=text,
        signs=tuple(
            Sign(
                "findings.open",
                f"Open, severity {each.severity}: {each.what} ({each.owner}, by {each.due})",
            )
            for each in written or ()
            if each.state == "open"
        ),
        tables=tables,
    )


def unsettled(evidence: Evidence) -> str:
    """How many findings are open, or that nobody has written any yet."""
    written = evidence.written.findings
    if written is None:
        return "findings not written yet"
    count = sum(each.state == "open" for each in written)
    return plural(count, "open finding") if count else "no open findings"


def _count_of(items: Sequence[object], one: str, many: str) -> str:
    return plural(len(items), one, many) if items else f"No {many}"


def use(evidence: Evidence) -> Part:
    """What the model is for."""
    written = evidence.written
    return Part(
        topic="Purpose and use",
        finding="What the model is for, and what it is not for",
        clauses=shared.clauses(evidence, "model-card", "inventory"),
        facts=(
            ("Purpose", word(written.purpose)),
            ("Intended use", word(written.intended_use)),
            ("Out of scope", word(written.out_of_scope)),
            ("Model owner", _owner(evidence)),
            ("Business owner", word(written.business_owner)),
            ("Materiality", _tier(evidence)),
        ),
    )


def _owner(evidence: Evidence) -> str:
    project = evidence.settings.project
    return f"{project.owner_name} <{project.owner_email}>"


def _tier(evidence: Evidence) -> str:
    found = evidence.written.materiality
    return f"{word(found.tier)}: {word(found.reason)}"


def sentences(items: Iterable[str] | None) -> tuple[str, ...]:
    """What persons list as sentences."""
    return (OPEN,) if items is None else tuple(items) or ("None are listed.",)


def limits(evidence: Evidence) -> Part:
    """Assumptions, limits and overlays."""
    written = evidence.written
    head = ("Overlay", "Reason", "Until")
    rows = (
        None
        if written.overlays is None
        else [(each.what, each.reason, each.until) for each in written.overlays]
    )
    text, overlays = entries("Overlays and restrictions", head, rows)
    lists = (("Assumptions", written.assumptions), ("Known limits", written.limits))
    tables = tuple(
        Table(name, "l", (name,), tuple((sentence,) for sentence in sentences(items)))
        for name, items in lists
    )
    return Part(
        topic="Assumptions, limits, overlays",
        finding="What has to be true, where the model is weak, and what is put on top of it",
        clauses=shared.clauses(evidence, "development", "overlays"),
        text=tuple(f"Overlays: {sentence}" for sentence in text),
        tables=(*tables, *overlays),
    )


def oversight(evidence: Evidence) -> Part:
    """What persons do beside the model."""
    written = evidence.written
    return Part(
        topic="Human oversight",
        finding="Who reviews decisions, and how a client contests one",
        clauses=shared.clauses(evidence, "oversight", "impact"),
        facts=(
            ("Review", word(written.oversight.review)),
            ("Contesting", word(written.oversight.contesting)),
            ("Impact assessments", word(written.impact_assessment)),
        ),
    )


def monitoring(evidence: Evidence) -> Part:
    """What happens after the deployment."""
    written = evidence.written.monitoring
    return Part(
        topic="Monitoring",
        finding="What is watched once the model decides",
        clauses=shared.clauses(evidence, "monitoring", "changes"),
        facts=(
            ("Plan", word(written.plan)),
            ("Validation again when", word(written.revalidation)),
            ("Next validation", word(written.next_validation)),
        ),
    )


def risks(evidence: Evidence) -> Part:
    """The register of risks."""
    written = evidence.written.risks
    rows = (
        None
        if written is None
        else [(each.what, each.severity, each.treatment, each.owner) for each in written]
    )
    text, tables = entries("Risks", ("Risk", "Severity", "Treatment", "Owner"), rows)
    return Part(
        topic="Risks",
        finding=_count_of(written or (), "risk on record", "risks on record"),
        clauses=shared.clauses(evidence, "risks"),
        text=text,
        tables=tables,
    )

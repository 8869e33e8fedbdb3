"""The page of an audit: what was found in the account, what was let pass, what nobody could see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from regulated_ml.reports.elements import Table
from regulated_ml.reports.pages.start import Tile
from regulated_ml.reports.words import NOTHING, capital, moment, plural, whole
from regulated_ml.security.audit.findings import Audit, Finding

SCOPES = {
    "project": "the project’s resources: those with its tags, its name or its execution role",
    "account": "all resources of the account",
}


@dataclass(frozen=True)
class Broken:
    """A control, and where it is broken."""

    control: str
    title: str
    severity: str
    table: Table


@dataclass(frozen=True)
class AuditPage:
    """The content of the page."""

    finding: str
    lead: str
    tiles: tuple[Tile, ...]
    broken: tuple[Broken, ...]
    excepted: Table | None
    unseen: Table | None
    looked: Table
    hidden: Table | None
    facts: tuple[tuple[str, str], ...]


def page(audit: Audit) -> AuditPage:
    """The page of an audit."""
    grave = sum(finding.severity == "critical" for finding in audit.findings)
    touched = {finding.arn for finding in audit.findings}
    return AuditPage(
        finding=_finding(audit, len(touched)),
        lead=f"The environment {audit.environment} on {moment(audit.finished)}: "
        f"{SCOPES[audit.scope]}, and its buckets and key.",
        tiles=(
            Tile("Resources", whole(len(audit.resources)), f"of {len(audit.kinds)} kinds"),
            Tile("Findings", whole(len(audit.findings)), f"on {plural(len(touched), 'resource')}"),
            Tile("Critical", whole(grave), "findings of the gravest kind"),
            Tile("Excepted", whole(len(audit.excepted)), "let pass by an exception in force"),
            Tile(
                "Could not look",
                whole(len(audit.could_not_look)),
                "so the audit is incomplete" if audit.could_not_look else "the audit is complete",
            ),
        ),
        broken=tuple(_broken(audit.findings)),
        excepted=_findings("Excepted", audit.excepted, with_control=True),
        unseen=_pairs("What could not be looked at", ("At", "Because"), audit.could_not_look),
        looked=_looked(audit),
        hidden=_hidden(audit),
        facts=_facts(audit),
    )


def _finding(audit: Audit, touched: int) -> str:
    if audit.findings:
        return (
            f"{plural(len(audit.findings), 'finding')} on {touched} of "
            f"{plural(len(audit.resources), 'resource')}"
        )
    of_all = plural(len(audit.resources), "resource")
    if audit.is_complete:
        return f"No control is broken by the {of_all}"
    return f"Nothing was found on the {of_all} that could be looked at"


def _broken(findings: Sequence[Finding]) -> Iterable[Broken]:
    """The findings by control, as they are sorted: the gravest first."""
    for control, group in groupby(findings, key=lambda finding: finding.control):
        found = list(group)
        table = _findings(control, found)
        if table:
            yield Broken(control, found[0].title, found[0].severity, table)


def _findings(
    caption: str, findings: Sequence[Finding], *, with_control: bool = False
) -> Table | None:
    if not findings:
        return None
    head: tuple[str, ...] = ("Control", "Resource", "Field", "Is", "Must be", "Fix")
    rows: list[tuple[str, ...]] = [
        (
            f.control,
            f"{f.kind} {f.name}",
            f.field or f.kind,
            f.value or "missing",
            f.required,
            f.fix,
        )
        for f in findings
    ]
    if not with_control:
        head, rows = head[1:], [row[1:] for row in rows]
    words = plural(len(findings), "finding")
    return Table(f"{caption}: {words}", "l" * len(head), head, tuple(rows))


def _pairs(caption: str, head: tuple[str, str], rows: Sequence[dict[str, str]]) -> Table | None:
    if not rows:
        return None
    return Table(caption, "ll", head, tuple((row["what"], row["reason"]) for row in rows))


def _looked(audit: Audit) -> Table:
    found = [each.arn for each in audit.findings]
    kinds = {each.arn: each.kind for each in audit.resources}
    with_findings = {
        kind: len({arn for arn in found if kinds.get(arn) == kind}) for kind in audit.kinds
    }
    rows = tuple(
        (
            capital(kind),
            whole(count),
            whole(with_findings[kind]) if with_findings[kind] else NOTHING,
        )
        for kind, count in audit.kinds.items()
    )
    return Table("What was looked at", "lrr", ("Kind", "Resources", "With findings"), rows)


def _hidden(audit: Audit) -> Table | None:
    rows = tuple((each.control, capital(each.kind), each.field) for each in audit.not_visible)
    caption = "What AWS does not tell of a resource once it is made"
    return Table(caption, "lll", ("Control", "Kind", "Field"), rows) if rows else None


def _facts(audit: Audit) -> tuple[tuple[str, str], ...]:
    return (
        ("Environment", audit.environment),
        ("Account", audit.account),
        ("Region", audit.region),
        ("Looked at as", audit.identity),
        ("Jobs made since", audit.since[:10] or "ever"),
        ("Began", moment(audit.started)),
        ("Ended", moment(audit.finished)),
        ("Standard", audit.standard),
        *((f"SHA-256 of {name}", value) for name, value in audit.catalogue.items()),
        ("Not offered in the region", ", ".join(audit.not_offered) or "nothing"),
        ("SHA-256 of the report", audit.as_json()["sha256"]),
    )

"""Parts that several documents have, each written once."""

from collections.abc import Iterable, Sequence

from regulated_ml.documents import regulation
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.regulation import Clause
from regulated_ml.documents.structure import Part
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import NOTHING, capital, duration, moment, plural, quantity, whole
from regulated_ml.tracking.records import Identity, Record

OPEN = "Open: nobody has written this yet."
SHORT = 12  # characters of a hash in a sentence; tables have them whole


def clauses(evidence: Evidence, *answers: str) -> tuple[Clause, ...]:
    """What parts of these kinds answer, of the regulation that applies here."""
    return regulation.clauses(answers, evidence.written.applies)


def said(text: str) -> tuple[str, ...]:
    """What a person has written, a paragraph each; or that nobody has."""
    paragraphs = (part.strip() for part in text.split("\n\n"))
    return tuple(part for part in paragraphs if part) or (OPEN,)


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


def who(identity: Identity) -> str:
    """A person as a record knows them."""
    return f"{identity.user} ({identity.aws})" if identity.aws else identity.user


def version_facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """What names the version."""
    version, model = evidence.version, evidence.model
    archive = model.artifact("model.tar.gz")
    decision = version.decision
    return (
        ("Model", evidence.settings.project.project_name),
        ("Version", version.name),
        ("Status", version.status),
        ("Environment", version.registered.environment),
        ("Registered", f"{moment(version.registered.ended)} by {who(version.registered.identity)}"),
        *(
            [
                (
                    "Decided",
                    f"{decision.step}, {moment(decision.ended)} by {who(decision.identity)}",
                )
            ]
            if decision
            else []
        ),
        ("Trained", f"{moment(model.ended)} by {who(model.identity)} in {duration(model.seconds)}"),
        ("Run", model.id),
        ("Commit", commit(model)),
        ("Model archive", f"SHA-256 {archive.sha256}" if archive else NOTHING),
        ("Data", f"SHA-256 {model.data.fingerprint} ({model.data.state})"),
    )


def commit(run: Record) -> str:
    """The commit of a run, and whether the code differed from it."""
    changed = f", with changes to {plural(len(run.commit.changed), 'file')}"
    return f"{run.commit.sha or 'none'}{changed if run.commit.dirty else ''}"


def people(evidence: Evidence) -> Part:
    """Who did what: developers, who registered, who decided."""
    version = evidence.version
    runs = (*evidence.runs.values(), version.registered, *version.acts)
    rows = tuple(
        (
            run.step,
            who(run.identity),
            moment(run.ended),
            str(run.parameters.get("reason") or NOTHING),
            run.id,
        )
        for run in runs
    )
    done = version.decision
    finding = (
        f"{done.step.capitalize()}d by {who(done.identity)}".replace("Rejectd", "Rejected")
        if done
        else "Nobody has decided about this version yet"
    )
    return Part(
        topic="Who did what",
        finding=finding,
        clauses=clauses(evidence, "approval"),
        text=(
            "The developer is whoever trained or registered; an approver is somebody else, and "
            "“rml model approve” holds to it.",
        ),
        tables=(Table("Acts and runs", "lllll", ("Act", "Who", "When", "Reason", "Record"), rows),),
    )


def lineage(evidence: Evidence, *, files: bool) -> Part:
    """Every run of the version, with what it made: in number, or each file by its hash."""
    rows = tuple(
        (run.step, item.path, whole(item.bytes), item.sha256)
        for run in evidence.runs.values()
        for item in run.artifacts
    )
    model = evidence.model
    packed = model.dependencies
    facts = (
        ("Code", commit(model)),
        ("Data", f"{model.data.name}: {whole(model.data.rows)} rows, {model.data.file}"),
        ("Fingerprint of the data", model.data.fingerprint),
        ("Python", f"{packed.python} on {packed.system}"),
        ("Lock file", f"SHA-256 {packed.lock}" if packed.lock else "none"),
        ("Container image", packed.image_digest or "none: it ran on this machine"),
        ("Standard", f"regulated_ml {model.standard}"),
        *((f"Run of {step}", run.id) for step, run in evidence.runs.items()),
    )
    return Part(
        topic="Lineage",
        finding=f"{plural(len(rows), 'file')} in {plural(len(evidence.runs), 'run')}, by hash",
        clauses=clauses(evidence, "lineage", "retention"),
        text=(
            f"“rml runs lineage {evidence.version.name}” shows the chain, “rml runs verify” holds "
            f"it against the audit trail, “rml runs reproduce {model.id}” makes it again.",
        ),
        facts=facts,
        tables=(Table("Files", "llrl", ("Step", "File", "Bytes", "SHA-256"), rows),)
        if files
        else (),
    )


def gates(evidence: Evidence) -> Part:
    """The bounds that a version keeps."""
    rows = tuple(
        (
            row.metric,
            row.bound,
            NOTHING if row.value is None else quantity(row.value),
            "kept" if row.kept else "broken",
        )
        for row in evidence.gates
    )
    broken = [row.metric for row in evidence.gates if not row.kept]
    finding = (
        f"{plural(len(broken), 'gate')} of {len(rows)} broken"
        if broken
        else f"All {len(rows)} gates are kept"
        if rows
        else "model.yaml has no gates"
    )
    return Part(
        topic="Gates",
        finding=finding,
        clauses=clauses(evidence, "validation"),
        text=("The bounds of config/model.yaml; nobody can approve a version that breaks one.",),
        signs=tuple(f"The gate on {name} is broken." for name in broken),
        tables=(Table("Gates", "llrl", ("Metric", "Bound", "Value", "Result"), rows),)
        if rows
        else (),
    )


def regulations(evidence: Evidence) -> Part:
    """The rules behind the clauses."""
    return Part(
        topic="Regulation",
        finding="What the parts of this document answer, and when that was last checked",
        text=(
            "The list is no legal advice: it says which rule a part is written for. States and "
            "dates move; the last column says how old each row is.",
        ),
        tables=(regulation.table(evidence.written.applies),),
    )


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
        clauses=clauses(evidence, "validation"),
        text=text,
        signs=tuple(
            f"Open, severity {each.severity}: {each.what} ({each.owner}, by {each.due})"
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
        clauses=clauses(evidence, "model-card", "inventory"),
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
        clauses=clauses(evidence, "development", "overlays"),
        text=tuple(f"Overlays: {sentence}" for sentence in text),
        tables=(*tables, *overlays),
    )


def oversight(evidence: Evidence) -> Part:
    """What persons do beside the model."""
    written = evidence.written
    return Part(
        topic="Human oversight",
        finding="Who reviews decisions, and how a client contests one",
        clauses=clauses(evidence, "oversight", "impact"),
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
        clauses=clauses(evidence, "monitoring", "changes"),
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
        clauses=clauses(evidence, "risks"),
        text=text,
        tables=tables,
    )


def parameters(evidence: Evidence) -> Table:
    """What the training was told."""
    told = sorted(evidence.model.parameters.items())
    rows = tuple((name, "not set" if v is None else quantity(v)) for name, v in told)
    return Table("Parameters of the training", "lr", ("Parameter", "Value"), rows)

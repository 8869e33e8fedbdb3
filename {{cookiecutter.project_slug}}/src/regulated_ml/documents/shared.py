"""Parts that several documents have, each written once."""

from regulated_ml.documents import regulation
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.regulation import Clause
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Part
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import NOTHING, duration, moment, plural, quantity, whole
from regulated_ml.tracking.records import Commit, Identity


def clauses(evidence: Evidence, *answers: str) -> tuple[Clause, ...]:
    """What parts of these kinds answer, of the regulation that applies here."""
    return regulation.clauses(answers, evidence.written.applies)


def who(identity: Identity) -> str:
    """A person as a record knows them."""
    return f"{identity.user} ({identity.aws})" if identity.aws else identity.user


def status(evidence: Evidence) -> str:
    """The status of the version; in documents that an approval keeps, whose approval it is.

    They are written before the decision, since they are part of its record.
    """
    if evidence.approver is None:
        return evidence.version.status
    return f"laid before {who(evidence.approver)}, whose approval keeps this document"


def version_facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """What names the version."""
    version, model = evidence.version, evidence.model
    archive = model.artifact("model.tar.gz")
    decision = version.decision
    return (
        ("Model", evidence.settings.project.project_name),
        ("Version", version.name),
        ("Status", status(evidence)),
        ("Environment", version.registered.environment),
        ("Registered", f"{moment(version.registered.ended)} by {who(version.registered.identity)}"),
        *(
            [
                (
                    "Decided",
                    f"{version.told(decision)}, {moment(decision.ended)} "
                    f"by {who(decision.identity)}",
                )
            ]
            if decision
            else []
        ),
        ("Trained", f"{moment(model.ended)} by {who(model.identity)} in {duration(model.seconds)}"),
        ("Run", model.id),
        ("Commit", commit(model.commit)),
        ("Commit of the texts", texts(evidence)),
        ("Model archive", f"SHA-256 {archive.sha256}" if archive else NOTHING),
        ("Data", f"SHA-256 {model.data.fingerprint} ({model.data.state})"),
    )


def commit(state: Commit) -> str:
    """A commit, and whether the files differed from it."""
    changed = f", with changes to {plural(len(state.changed), 'file')}"
    return f"{state.sha or 'none'}{changed if state.dirty else ''}"


def texts(evidence: Evidence) -> str:
    """The commit that config/documents.yaml and the gates were read from, and whether they are."""
    state = evidence.texts
    return f"{state.sha or 'none'}{', with changes' if state.dirty else ''}"


def people(evidence: Evidence) -> Part:
    """Who did what: developers, who registered, who decided."""
    version = evidence.version
    runs = (*evidence.runs.values(), version.registered, *version.acts)
    rows = tuple(
        (
            version.told(run),
            who(run.identity),
            moment(run.ended),
            str(run.parameters.get("reason") or NOTHING),
            run.id,
        )
        for run in runs
    )
    done = version.decision
    finding = (
        f"This version is {status(evidence)}"
        if evidence.approver
        else f"{done.step.capitalize()}d by {who(done.identity)}".replace("Rejectd", "Rejected")
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
        ("Code", commit(model.commit)),
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
        signs=tuple(
            Sign(f"gates.broken:{name}", f"The gate on {name} is broken.") for name in broken
        ),
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


def parameters(evidence: Evidence) -> Table:
    """What the training was told."""
    told = sorted(evidence.model.parameters.items())
    rows = tuple((name, "not set" if v is None else quantity(v)) for name, v in told)
    return Table("Parameters of the training", "lr", ("Parameter", "Value"), rows)

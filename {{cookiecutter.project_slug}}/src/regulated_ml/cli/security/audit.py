"""`rml security audit`: what is in the account, held against the controls."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from regulated_ml.cli import output

if TYPE_CHECKING:
    from regulated_ml.security.audit.findings import Audit

FINDINGS = ("resource", "kind", "control", "field", "is")


def audit(
    form: Annotated[
        Literal["table", "json", "asff"],
        typer.Option("--format", help="asff: for Security Hub's BatchImportFindings."),
    ] = "table",
    everything: Annotated[
        bool, typer.Option("--all", help="All of the account, not the project's alone.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Of jobs, only those made on this day or later."),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Write the page of the audit below reports/.")
    ] = False,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print what IAM must allow the auditor, and stop.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Look at every SageMaker resource of the project, at its buckets and its key.

    Ends with 0 where nothing was found, with 1 where something was, and with 6 where nothing was
    found but not all could be looked at.
    """
    from regulated_ml.security.audit.running import run

    if policy:
        from regulated_ml.security.audit import permissions

        output.print_json(permissions.policy())
        return
    settings = output.settings(env)
    with output.progress("looking at the account") as progress:
        day = since.replace(tzinfo=UTC) if since else None
        found = run(settings, progress, everything=everything, since=day)
    if page:
        from regulated_ml.reports.security import write_audit

        written = write_audit(settings, found)
        typer.echo(f"page: {written.relative_to(settings.root)}", err=True)
    if form == "asff":
        from regulated_ml.security import catalogue
        from regulated_ml.security.audit import asff

        output.print_json(asff.findings(found, catalogue.load(settings)))
    elif form == "json" or as_json:
        output.print_json(found.as_json())
    else:
        _print(found)
    raise typer.Exit(found.status)


def _print(found: "Audit") -> None:
    for title, findings in (("Findings", found.findings), ("Excepted", found.excepted)):
        if findings:
            rows = [
                (f.name, f.kind, f"{f.control} {f.severity}", f.field or "-", f.value or "missing")
                for f in findings
            ]
            output.print_table(title, FINDINGS, rows)
    if found.could_not_look:
        unseen = [(each["what"], each["reason"]) for each in found.could_not_look]
        output.print_table("Could not look", ("at", "because"), unseen)
    for line in _summary(found):
        typer.echo(line)


def _summary(found: "Audit") -> list[str]:
    from regulated_ml.security.wording import counted

    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items()) or "none"
    exceptions = ", ".join(f"{e['control']} until {e['until']}" for e in found.exceptions)
    return [
        f"{counted(len(found.findings), 'finding')} on {counted(len(found.resources), 'resource')} "
        f"of the {found.scope}: {kinds}",
        f"jobs made since: {found.since[:10] or 'ever'}",
        f"excepted: {len(found.excepted)}; exceptions in force: {exceptions or 'none'}",
        "what must be: --format json, or rml security controls CONTROL; "
        "of PRE-*: rml environment preflight",
        f"complete: {'yes' if found.is_complete else 'no'}; not visible in AWS's descriptions: "
        f"{counted(len(found.not_visible), 'field')} (--format json lists them)",
        f"environment {found.environment}, account {found.account}, region {found.region}, "
        f"by {found.identity}, {found.finished}",
        f"standard {found.standard}, sha256 {found.as_json()['sha256']}",
    ]

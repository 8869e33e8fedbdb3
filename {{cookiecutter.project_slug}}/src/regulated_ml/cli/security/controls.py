"""`rml security controls`: the catalogue, and which barrier holds what."""

from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.security.overview import Entry, Overview
    from regulated_ml.settings.controls import Requirement


def controls(
    control: Annotated[
        str, typer.Argument(help="The id of one control, to see all of it.", show_default=False)
    ] = "",
    page: Annotated[
        bool, typer.Option("--page", help="Write the page of controls below reports/.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the controls: what they ask, which barrier holds them, what is excepted."""
    from regulated_ml.security.exceptions import remarks
    from regulated_ml.security.overview import overview

    settings = output.settings(env)
    found = overview(settings)
    for remark in remarks(settings.root, env):
        output.warn(remark)
    shown = _entry(found, control) if control else None
    if page:
        from regulated_ml.reports.security import write_controls

        typer.echo(write_controls(settings, found).relative_to(settings.root))
    elif as_json:
        output.print_json(shown.as_json() if shown else found.as_json())
    elif shown:
        _print_one(found, shown)
    else:
        _print_all(found)


def _entry(found: "Overview", control: str) -> "Entry":
    from regulated_ml.settings.reading import did_you_mean

    known = {entry.control.id: entry for entry in found.entries}
    if control.startswith("PRE-"):
        rule = "the id of a control: this one is a check of the account"
        fix = f"`rml --env {_named(found.environment)} environment preflight` says what it asks"
        raise UserError.one("CONTROL", control, rule, fix, ExitStatus.USAGE)
    if control not in known:
        fix = did_you_mean(control, list(known)) or "`rml security controls` lists them"
        raise UserError.one("CONTROL", control, "the id of a control", fix, ExitStatus.USAGE)
    return known[control]


def _named(environment: str) -> str:
    """An environment on AWS: the one that was asked for, or one for example."""
    return "dev" if environment == "local" else environment


def _print_all(found: "Overview") -> None:
    from regulated_ml.security.overview import MEANINGS
    from regulated_ml.security.wording import counted

    asked = [
        (e.control.id, e.control.severity, _exceptions(e), e.control.title) for e in found.entries
    ]
    output.print_table("Controls", ("control", "severity", "excepted", "title"), asked)
    held = [
        (e.control.id, *(n or "-" for n in (len(e.operations), len(e.pairs), *e.barriers)))
        for e in found.entries
    ]
    columns = ("control", "operations", "pairs", *MEANINGS)
    output.print_table("Pairs that each barrier holds", columns, held)
    counts = found.counts
    typer.echo(
        f"{counted(counts['controls'], 'control')}, {counted(counts['operations'], 'operation')}, "
        f"{counted(counts['pairs'], 'pair')} of a requirement and a field. "
        f"Exceptions in force in {found.environment}: {counts['exceptions']}."
    )
    for name, meaning in MEANINGS.items():
        typer.echo(f"  {name:8}{meaning}")


def _exceptions(entry: "Entry") -> str:
    if entry.exceptions:
        return f"{len(entry.exceptions)} in force"
    return "possible" if entry.control.can_be_excepted else "never"


def _print_one(found: "Overview", entry: "Entry") -> None:
    from regulated_ml.security.overview import MEANINGS

    control = entry.control
    typer.echo(f"{control.id}  {control.title}\n\n{control.why}\n")
    facts = [
        ("severity", control.severity),
        ("origin", "the organisation" if entry.own else "the standard"),
        ("can be excepted", "yes" if control.can_be_excepted else "no"),
        *((name.replace("_", " "), ", ".join(ids)) for name, ids in control.references if ids),
        *(
            (f"{count} of {len(entry.pairs)}", MEANINGS[name])
            for name, count in entry.barriers._asdict().items()
        ),
    ]
    for name, fact in facts:
        typer.echo(f"  {name:18}{fact}")
    for requirement in control.requirements:
        _print_requirement(found, requirement)
    for each in entry.exceptions:
        typer.echo(f"\nException until {each.until} for {', '.join(each.names)}: {each.reason}")
        typer.echo(f"  asked by {each.requested_by}, agreed by {each.agreed_by}")


def _print_requirement(found: "Overview", requirement: "Requirement") -> None:
    from regulated_ml.security.wording import circumstances, must_words

    typer.echo(f"\nmust be {must_words(requirement.must, found.values)}")
    if said := "; ".join(circumstances(requirement)):
        typer.echo(f"  {said}")
    for operation, paths in requirement.fields.items():
        for path in paths:
            typer.echo(f"    {operation}  {path if path != '.' else ''}")

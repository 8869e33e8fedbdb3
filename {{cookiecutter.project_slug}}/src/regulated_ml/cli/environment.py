"""`rml environment`: another environment, those that there are, and whether an account is ready."""

import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.security.preflight.rows import Entry
    from regulated_ml.security.preflight.running import Report

app = typer.Typer(
    no_args_is_help=True, help="Where jobs run: local, and environments on AWS like dev and prod."
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A short name, for example: test or prod.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A YAML file with some of the values, or all.", show_default=False
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One value; may be given often.", show_default=False
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write the file anew where there is one.")
    ] = False,
    as_json: output.JsonOption = False,
) -> None:
    """Add an environment: asks for its values, checks them, and writes its file.

    What --from and --set give is not asked. Without a terminal nothing is.
    """
    from regulated_ml.settings import adding, find_root

    root = find_root(Path.cwd())
    problems = adding.name_problems(root, name, replace)
    values: dict[str, Any] = adding.read(file) if file else {}
    values |= adding.assigned(settings or ())
    problems += adding.unknown_keys(values)
    if sys.stdin.isatty() and not problems:
        _ask(root, name, values)
    else:
        problems += adding.value_problems(root, name, values)
    if problems:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    path = adding.write(root, name, values).relative_to(root)
    if as_json:
        output.print_json({"environment": name, "file": str(path)})
        return
    typer.echo(f"{path}: the environment {name}. See whether its account is ready with:")
    typer.echo(f"\n  rml --env {name} environment preflight\n")


def _ask(root: Path, name: str, values: dict[str, Any]) -> None:
    """Asks for what is missing, and again for what is wrong, until all is right."""
    from regulated_ml.settings import adding

    wanted = [field for field in adding.QUESTIONS if field not in values]
    while True:
        for field in wanted:
            values[field] = _answer(adding.QUESTIONS[field])
        problems = adding.value_problems(root, name, values)
        wanted = [field for field in adding.QUESTIONS if field in {p.field for p in problems}]
        if problems and not wanted:  # a file of config/ is wrong, and no answer mends it
            raise UserError(problems, ExitStatus.CONFIGURATION)
        if not problems:
            return
        output.show_problems(problems, ExitStatus.CONFIGURATION)


def _answer(question: str) -> str:
    try:
        answer: str = typer.prompt(question, default="", show_default=False, err=True)
    except typer.Abort:  # Ctrl-C or Ctrl-D; nothing has been written
        typer.echo("", err=True)
        raise typer.Exit(ExitStatus.INTERRUPTED) from None
    return answer.strip()


@app.command("list")
def list_environments(as_json: output.JsonOption = False) -> None:
    """List the environments, their accounts and regions, and whether their files are right."""
    from regulated_ml.security.exceptions import remarks
    from regulated_ml.settings import find_root
    from regulated_ml.settings.adding import overview

    root = find_root(Path.cwd())
    found = overview(root)
    for remark in remarks(root):
        output.warn(remark)
    if as_json:
        content = [{**e._asdict(), "problems": [p._asdict() for p in e.problems]} for e in found]
        output.print_json(content)
        return
    output.print_table(
        "",
        ("environment", "account", "region", "complete"),
        [(e.name, e.account or "-", e.region or "-", _complete(e.problems)) for e in found],
    )


def _complete(problems: tuple[Any, ...]) -> str:
    if not problems:
        return "yes"
    fields = ", ".join(dict.fromkeys(problem.field for problem in problems))
    return f"no: {fields}"


class Format(StrEnum):
    """How a preflight is printed."""

    TABLE = "table"
    JSON = "json"


@app.command()
def preflight(
    env: output.EnvironmentOption = "local",
    format_: Annotated[
        Format, typer.Option("--format", help="How to print what was seen.")
    ] = Format.TABLE,
    as_json: output.JsonOption = False,
) -> None:
    """Hold the live account against what jobs need there; exit status 1 if anything is missing.

    It only looks. With each finding goes the command of the AWS CLI that mends it.
    """
    from regulated_ml.security.preflight.running import run

    settings = output.settings(env)
    with output.progress("looking") as progress:
        report = run(settings, progress)
    if as_json or format_ is Format.JSON:
        output.print_json(report.as_json())
    else:
        _show(report)
    if report.findings:
        raise typer.Exit(ExitStatus.FOUND)


def _show(report: "Report") -> None:
    from regulated_ml.security.wording import counted

    place = f"{report.environment}: account {report.account}, {report.region}"
    columns = ("check", "severity", "state", "what", "found")
    output.print_table(f"{place}, seen by {report.identity}", columns, _rows(report.entries))
    count = len(report.findings)
    if not count:
        typer.echo("The account is ready.")
        return
    typer.echo(f"{counted(count, 'finding')}:")
    labels = ("subject", "found", "required", "fix")
    output.print_blocks(
        (f"{entry.check}  {entry.title}", [(label, getattr(entry, label)) for label in labels])
        for entry in report.findings
    )


def _rows(entries: "Sequence[Entry]") -> "Iterator[tuple[str, ...]]":
    """A row for each check, and one more for each finding of it."""
    for _, group in groupby(entries, key=lambda entry: entry.check):
        of_check = list(group)
        passed = [entry for entry in of_check if entry.state == "passed"]
        if len(passed) > 1:
            passed = [passed[0]._replace(found=f"{len(passed)} as required")]
        for e in [*passed, *(entry for entry in of_check if entry.state != "passed")]:
            yield e.check, e.severity, e.state, e.title, e.found

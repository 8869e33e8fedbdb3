"""`rml runs reproduce`: a run made again from its record, and every byte compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.workflow.reproducing import Again, Difference

NAME_HELP = (
    "An id or a unique beginning of one, a step (its latest run), or a version of the model: v3. "
    "Without one: the latest model and what was found about it."
)

CHANGED = "this file of the run was changed after it was recorded, or is gone"


def reproduce(
    name: Annotated[str, typer.Argument(metavar="RUN", help=NAME_HELP)] = "",
    python: Annotated[
        str, typer.Option("--python", help="Another Python than the run's, such as 3.13.")
    ] = "",
    as_installed: Annotated[
        bool,
        typer.Option("--as-installed", help="Use this Python and its packages, locked or not."),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A file with the table, where it is lost.", show_default=False),
    ] = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Make a run again from its record, with all that it goes back to; compare every byte.

    The commit is checked out beside the work tree, its locked environment is set up, and the table
    is found by its fingerprint. Nothing that is there is changed.
    """
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import reproducing

    settings = output.settings(env)
    wish = reproducing.Wish(_version(python, as_installed), as_installed, data)
    wanted = reproducing.targets(settings, name)
    runs = reproducing.chain(wanted, RunStore(settings.root / RUNS).all())
    try:
        with output.progress("reproducing") as progress:
            done = reproducing.reproduce(settings, runs, wish, progress)
    except KeyboardInterrupt:
        rule, fix = "it was interrupted; nothing was changed", "start it again"
        raise UserError.one("reproduce", name, rule, fix, ExitStatus.INTERRUPTED) from None
    if as_json:
        output.print_json({"runs": [_as_json(each) for each in done], **_counts(done)})
    else:
        _say(done)
    if any(each.differences or each.damaged for each in done):
        raise typer.Exit(ExitStatus.FOUND)


def _version(python: str, as_installed: bool) -> str:
    """The minor version that was asked for.

    Raises:
        UserError: it is none, or the Python that runs us was asked for as well.
    """
    if not python:
        return ""
    if as_installed:
        rule, fix = "--as-installed is this very Python", "leave one of the two out"
        raise UserError.one("--python", python, rule, fix, ExitStatus.USAGE)
    parts = python.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        rule, fix = "a version of Python", "write it as 3.12"
        raise UserError.one("--python", python, rule, fix, ExitStatus.USAGE)
    return ".".join(parts[:2])


def _counts(done: "list[Again]") -> dict[str, int]:
    return {
        "identical": sum(len(each.identical) for each in done),
        "artifacts": sum(len(each.run.artifacts) for each in done),
    }


def _as_json(again: "Again") -> dict[str, Any]:
    return {
        "run": again.run.id,
        "step": again.run.step,
        "commit": again.run.commit.sha,
        "python": again.interpreter.installed.python,
        "as_locked": again.interpreter.as_locked,
        "identical": list(again.identical),
        "differences": [vars(each) for each in again.differences],
        "damaged": list(again.damaged),
        "notes": list(again.notes),
    }


def _say(done: "list[Again]") -> None:
    rows = [
        (
            each.run.id,
            f"{len(each.identical)} of {len(each.run.artifacts)}",
            len(each.differences) or "-",
            each.interpreter.installed.python,
        )
        for each in done
    ]
    output.print_table("", ("run", "identical files", "differences", "Python"), rows)
    for each in done:
        found = [("file", _sentence(difference)) for difference in each.differences]
        found += [("here", f"{path}: {CHANGED}") for path in each.damaged]
        if each.differences:
            why = each.notes or ("nothing that is known: the job gives other bytes each time",)
            found += [("why", note) for note in why]
        if found:
            output.print_blocks([(each.run.id, found)])
    counts = _counts(done)
    verdict = "The same bytes again" if _is_same(done) else "Not the same again"
    typer.echo(f"{verdict}: {counts['identical']} of {counts['artifacts']} files are identical.")
    if changed := sum(len(each.damaged) for each in done):
        files = "1 file" if changed == 1 else f"{changed} files"
        typer.echo(
            f"{files} of these runs changed after being recorded; rml runs verify tells all."
        )


def _is_same(done: "list[Again]") -> bool:
    return not any(each.differences for each in done)


def _sentence(found: "Difference") -> str:
    if not found.place:
        return f"{found.path} {found.what}"
    return f"{found.path} {found.what} at {found.place}: {found.before} -> {found.after}"

"""Puts the verbs together and turns what goes wrong into a sentence and an exit status."""

import errno
import os
import sys

import typer

from regulated_ml import __version__
from regulated_ml.cli import (
    data,
    endpoint,
    environment,
    jobs,
    model,
    monitor,
    output,
    pipeline,
    runs,
    security,
    standard,
    ui,
    workflow,
)
from regulated_ml.errors import ExitStatus, UserError

app = typer.Typer(
    name="rml",
    help="Machine learning in a regulated company: from data to an explained, traceable model.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help is there in half the time
    pretty_exceptions_enable=False,
)
workflow.add_to(app)
app.add_typer(data.app, name="data")
app.add_typer(endpoint.app, name="endpoint")
app.add_typer(environment.app, name="environment")
app.add_typer(jobs.app, name="jobs")
app.add_typer(model.app, name="model")
app.add_typer(monitor.app, name="monitor")
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(runs.app, name="runs")
app.add_typer(security.app, name="security")
app.add_typer(standard.app, name="standard")
app.command()(ui.ui)

# What the operating system says, in the words of someone who has to mend it.
SYSTEM_ERRORS = {
    errno.ENOSPC: ("the disk is full", "free some space and start the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and start again"),
    errno.EROFS: ("the file system is read-only", "work in a folder that you may write to"),
    errno.EACCES: ("permission denied", "ask for access, or work in a folder of your own"),
    errno.ENOENT: ("there is no such file or folder", "check how it is written"),
    errno.EISDIR: ("this is a folder, and a file is meant", "name a file in it"),
    errno.ENOTDIR: ("this is a file, and a folder is meant", "check how it is written"),
    errno.EPERM: ("operation not permitted", "ask for access, or work in a folder of your own"),
}


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    env: str = typer.Option("", "--env", help="The environment to work in; every verb has it too."),
    show: bool = typer.Option(False, "--version", help="Print the version of the standard."),
) -> None:
    """Machine learning in a regulated company: from data to an explained, traceable model."""
    if env:
        os.environ["RML_ENV"] = env  # where each verb's own option finds it
    if show:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Runs the command line; ends the process with an `ExitStatus`."""
    try:
        app(prog_name="rml")
    except UserError as error:
        output.show_problems(error.problems, error.status)
        sys.exit(error.status)
    except OSError as error:
        # Whatever the system refuses is told in its own words, where there are none of ours.
        said = (error.strerror or str(error), "see what the system says, and start again")
        rule, fix = SYSTEM_ERRORS.get(error.errno or 0, said)
        refusal = UserError.one("file", error.filename or "", rule, fix, ExitStatus.RESOURCE)
        output.show_problems(refusal.problems, refusal.status)
        sys.exit(refusal.status)

"""`rml pipeline`: all steps as one SageMaker Pipeline, with the gates between them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.cli.workflow import DataOption, opened, table_of
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.tracking.records import Record
    from regulated_ml.workflow.pipelining import Delivery, Note

app = typer.Typer(no_args_is_help=True, help="All steps as one pipeline on SageMaker, with gates.")


@app.command()
def show(
    data: DataOption = None,
    to: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it there instead.")
    ] = None,
    env: output.EnvironmentOption = "local",
) -> None:
    """Print the definition as SageMaker gets it; nothing is sent."""
    import json

    from regulated_ml.files import write_json
    from regulated_ml.platforms.interface import report_nothing
    from regulated_ml.workflow import pipelining

    delivery = _delivery(env, sends=False)
    definition = delivery.definition(table_of(delivery.workflow, data), report_nothing)
    if to is None:
        typer.echo(json.dumps(definition, indent=2))
    else:
        write_json(to, definition)
        typer.echo(f"written   {to}")
    if left := pipelining.left_to_approval(delivery.workflow.settings):
        output.warn(
            f"{', '.join(left)}: a pipeline reads no metric of a training job, so these gates are "
            "held at the approval alone."
        )


@app.command()
def create(data: DataOption = None, env: output.EnvironmentOption = "local") -> None:
    """Make the pipeline on SageMaker, or bring it up to date with the repository."""
    from regulated_ml.platforms.sagemaker import pipeline

    delivery = _delivery(env)
    table = table_of(delivery.workflow, data)
    with output.progress("making the pipeline") as progress:
        _, is_new = delivery.put(table, progress)
    name = pipeline.name(delivery.workflow.settings)
    typer.echo(f"pipeline  {name} {'made' if is_new else 'is up to date'}")


@app.command()
def start(
    data: DataOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it to its end, and keep its runs.")
    ] = False,
    env: output.EnvironmentOption = "local",
) -> None:
    """Bring the pipeline up to date and start it."""
    delivery = _delivery(env)
    table = table_of(delivery.workflow, data)
    with output.progress("starting the pipeline") as progress:
        note = delivery.start(table, progress)
    typer.echo(f"started   {note.id}")
    if wait:
        _follow(delivery, note)
    else:
        typer.echo(f"follow    rml --env {env} pipeline follow {note.id}")


@app.command()
def follow(
    execution: Annotated[
        str, typer.Argument(metavar="EXECUTION", help="Its id; the oldest, if it is left out.")
    ] = "",
    env: output.EnvironmentOption = "local",
) -> None:
    """Follow an execution that was started here, and keep the runs of its jobs."""
    delivery = _delivery(env)
    notes = delivery.notes()
    found = [note for note in notes if execution in ("", note.id)]
    if not found:
        there = ", ".join(note.id for note in notes) or "none"
        rule = f"the executions that were started here and whose runs were not kept yet: {there}"
        fix = "runs that others started come with `rml runs fetch`"
        raise UserError.one("EXECUTION", execution, rule, fix, ExitStatus.USAGE)
    _follow(delivery, found[0])


def _delivery(environment: str, *, sends: bool = True) -> "Delivery":
    """What the verbs work with; `local` has no pipeline."""
    from regulated_ml.platforms.sagemaker.storage import Storage
    from regulated_ml.platforms.sagemaker.unsent import Unsent
    from regulated_ml.security import clients
    from regulated_ml.workflow.pipelining import Delivery
    from regulated_ml.workflow.submitting import RemoteWorkflow

    workflow = opened(environment)
    if not isinstance(workflow, RemoteWorkflow):
        rule = "a pipeline runs on SageMaker; here `rml run` does the same steps"
        fix = "name an environment: rml --env dev pipeline ..."
        raise UserError.one("--env", environment, rule, fix, ExitStatus.USAGE)
    settings = workflow.settings
    storage = Storage(settings, clients.client(settings, "s3")) if sends else Unsent(settings, None)
    return Delivery(workflow, storage, output.tell)


def _follow(delivery: "Delivery", note: "Note") -> None:
    with output.progress(f"following {note.id}") as progress:
        done: list[Record] = delivery.follow(note, progress)
    for run in done:
        typer.echo(f"{run.step:<9} {run.id}")
    env = note.environment
    typer.echo(f"next      rml --env {env} model register: every gate of the pipeline was kept")

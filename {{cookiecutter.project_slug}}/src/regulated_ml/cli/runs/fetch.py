"""`rml runs fetch`: the runs that others have made in an environment on AWS."""

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus, UserError


def fetch(env: output.EnvironmentOption = "local", as_json: output.JsonOption = False) -> None:
    """Fetch runs that others have made on AWS: records and artefacts, each by its hash."""
    from regulated_ml.security import clients
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import fetching, publishing

    settings = output.settings(env)
    clients.platform(settings)  # `local` has no others
    store = RunStore(settings.root / RUNS, settings.environment)
    with output.progress("looking for runs") as progress:
        found = fetching.fetch(settings, store, progress)
        if found.runs:
            publishing.after_a_run(settings, store, progress, output.tell)
    if as_json and not found.problems:
        output.print_json(
            {
                "fetched": [run.id for run in found.runs],
                "here_already": found.here_already,
                "unanchored": found.unanchored,
            }
        )
    elif not as_json:
        for run in found.runs:
            typer.echo(f"fetched   {run.id}  {shown.person(run.identity.aws or run.identity.user)}")
        typer.echo(f"{len(found.runs)} runs fetched, {found.here_already} were here already.")
    if found.unanchored:
        output.warn(
            f"No entry in the trail's bucket names {', '.join(found.unanchored)}: that nobody has "
            "changed these records is not certain."
        )
    if found.problems:
        raise UserError(found.problems, ExitStatus.DATA)

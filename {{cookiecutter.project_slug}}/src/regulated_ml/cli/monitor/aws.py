"""`rml --env ENV monitor`: Model Monitor's schedules, what they found, and the labels for them."""

from typing import Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus

LOCAL = "local"  # as settings call it, which are imported late
HEAD = ("endpoint", "monitor", "scheduled", "status", "violations", "what")
NAME_HELP = "The endpoint's name; that of the environment, if it is left out."


def schedule(environment: str, endpoint: str, every: int | None, *, delete: bool) -> None:
    """Schedules the monitors of an endpoint on SageMaker, or ends them."""
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import scheduling

    settings = output.settings(environment)
    if delete:
        with output.progress("ending the monitors"):
            deleted = scheduling.delete(settings, endpoint)
        for each in deleted:
            typer.echo(f"deleted   {each}")
        return
    minutes = every or settings.model.monitoring.window_minutes
    store = RunStore(settings.root / RUNS)
    with output.progress("scheduling monitors") as progress:
        done = scheduling.schedule(settings, store, endpoint, minutes, progress)
    typer.echo(f"{done.endpoint} serves {done.version}; its monitors run every {minutes} minutes")
    for plan, is_new in done.plans:
        state = "scheduled" if is_new else "up to date"
        typer.echo(f"{state:<11} {plan.schedule['MonitoringScheduleName']}")
    for monitor, why in done.left_out.items():
        output.warn(f"{monitor.replace('_', ' ')} is not scheduled: {why}.")


def show(environment: str, endpoint: str, *, newest_alone: bool, as_json: bool) -> None:
    """Shows the runs of an endpoint's monitors; the status ends with 1 where one found something.

    `newest_alone` shows the last run of each monitor.
    """
    from regulated_ml.workflow import scheduling

    settings = output.settings(environment)
    with output.progress("asking Model Monitor"):
        found = scheduling.executions(settings, endpoint, newest_alone=newest_alone)
    if as_json:
        rows = [
            {
                **each._asdict(),
                "scheduled": each.scheduled.isoformat(),
                "violations": [violation.as_json() for violation in each.violations],
            }
            for each in found
        ]
        output.print_json(rows)
    elif not found:
        rml = f"rml --env {environment} monitor"
        typer.echo(f"No monitor has run yet. `{rml} schedule` schedules them.")
    else:
        rows_shown = [
            (
                each.endpoint,
                each.monitor.replace("_", " "),
                f"{each.scheduled:%Y-%m-%d %H:%M}",
                each.status,
                len(each.violations),
                "; ".join(v.column or v.metric for v in each.violations) or each.reason,
            )
            for each in found
        ]
        output.print_table("", HEAD, rows_shown)
    if newest_alone and any(each.violations or each.status == "Failed" for each in found):
        raise typer.Exit(ExitStatus.FOUND)


def labels(
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="NAME", help=NAME_HELP)] = "",
    env: output.EnvironmentOption = "local",
) -> None:
    """Upload labels from data/ground-truth/ to where Model Monitor looks for them."""
    from regulated_ml.security import clients
    from regulated_ml.workflow import scheduling

    settings = output.settings(env)
    clients.platform(settings)  # `local` reads them where they lie
    with output.progress("uploading labels") as progress:
        placed = scheduling.upload_labels(settings, endpoint, progress)
    for place in placed:
        typer.echo(f"uploaded  {place}")

"""`rml monitor run` and `schedule`: judge what was captured, once or again and again."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.cli.monitor import aws
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.store import RunStore
    from regulated_ml.workflow.monitoring import Done, Outcome

ENDPOINT_HELP = "The endpoint's name; the project's, if it is left out."
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
EndpointOption = Annotated[str, typer.Option("--endpoint", metavar="NAME", help=ENDPOINT_HELP)]


def run(
    endpoint: EndpointOption = "",
    since: Annotated[
        datetime | None, typer.Option(formats=TIMES, help="Look at requests from here on, in UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=TIMES, help="Up to here, in UTC.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="With the files of `rml monitor baseline`, edited."),
    ] = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Judge what an endpoint has captured since the last time; ends with 1 where there is an alert.

    With --since or --until, requests of that span are looked at once more; what is new stays new.
    """
    settings, store = local(env)
    from regulated_ml.workflow import monitoring, watching

    name = endpoint or settings.project.project_slug
    times = [each.replace(tzinfo=UTC) if each else None for each in (since, until)]
    if times[0] and times[1] and times[0] >= times[1]:
        rule = f"later than --since, {since}"
        raise UserError.one("--until", until, rule, "exchange the two", ExitStatus.USAGE)
    with output.progress(f"monitoring {name}") as progress:
        span = monitoring.Span(*times)
        outcome = monitoring.run(settings, store, name, progress, span, baseline)
        page = watching.write_page(settings, store) if outcome.done else None
    _show(name, outcome, page, as_json=as_json)
    if any(each.judgement.alerts for each in outcome.done):
        raise typer.Exit(ExitStatus.FOUND)


def schedule(
    every: Annotated[
        int | None, typer.Option(min=1, metavar="MINUTES", help="Instead of model.yaml's window.")
    ] = None,
    endpoint: EndpointOption = "",
    delete: Annotated[
        bool, typer.Option("--delete", help="On AWS: end the monitoring of the endpoint.")
    ] = False,
    env: output.EnvironmentOption = "local",
) -> None:
    """Judge what an endpoint captures, again and again, until it is interrupted.

    Runs that were missed are made up for. In cron or a systemd timer, use `rml monitor run`. In an
    environment on AWS, Model Monitor does it, on a schedule.
    """
    if env != aws.LOCAL:
        aws.schedule(env, endpoint, every, delete=delete)
        return
    if delete:
        rule = "a schedule of this machine lives as long as its command"
        raise UserError.one("--delete", "", rule, "interrupt that command", ExitStatus.USAGE)
    settings, store = local(env)
    from regulated_ml.workflow import monitoring, watching

    name = endpoint or settings.project.project_slug
    minutes = every or settings.model.monitoring.window_minutes
    typer.echo(f"monitoring {name} every {minutes} minutes; interrupt to end")
    try:
        while True:
            due = time.monotonic() + minutes * 60
            with output.progress(f"monitoring {name}") as progress:
                outcome = monitoring.run(settings, store, name, progress)
                page = watching.write_page(settings, store) if outcome.done else None
            _show(name, outcome, page, as_json=False)
            time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        typer.echo("monitoring has ended; what is captured from now on waits for the next run")


def local(environment: str) -> "tuple[Settings, RunStore]":
    """The settings, and the runs of every environment."""
    from regulated_ml.settings import LOCAL
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(environment)
    if environment != LOCAL:
        rule = "endpoints of the environment local are monitored here; on AWS, Model Monitor does"
        fix = "leave --env out"
        raise UserError.one("--env", environment, rule, fix, ExitStatus.USAGE)
    return settings, RunStore(settings.root / RUNS)


def _show(name: str, outcome: "Outcome", page: Path | None, *, as_json: bool) -> None:
    done = outcome.done
    if as_json:
        output.print_json({"windows": list(map(_content, done)), "notes": outcome.notes})
        return
    if not done:
        typer.echo(f"{name}: nothing new was captured, and no new label has come")
    for each in done:
        _show_window(each)
    said = (note for each in done for note in (*each.judgement.notes, *each.failures))
    for sentence in (*said, *outcome.notes):
        output.warn(sentence)
    if page:
        typer.echo(
            f"page: {page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page}"
        )


def _content(done: "Done") -> dict[str, Any]:
    return {
        "record": done.record.id,
        "parameters": done.record.parameters,
        "metrics": done.record.metrics,
        "alert_failures": done.failures,
        **done.judgement.as_json(),
    }


def _show_window(done: "Done") -> None:
    said, found = done.record.parameters, done.judgement
    window = said["window"]
    name = f"window {window['number']}" if window["number"] else "the span"
    again = " again, by labels that have come since" if window["again"] else ""
    typer.echo(f"{said['endpoint']} v{said['version']}, {name}{again}: {done.record.id}")
    if counts := done.counts:
        foreign = sum(counts.foreign.values())
        typer.echo(
            f"  {counts.lines} lines: {counts.requests} requests with {counts.rows} rows, "
            f"{counts.torn} torn, {foreign} of another schema, {counts.outside} outside the span"
        )
    scores = found.scores
    if (now := scores.get("now")) and (before := scores.get("before")):
        typer.echo(
            f"  mean score {now.mean:.3f} ({before.mean:.3f} at the evaluation), declined "
            f"{now.declined:.1%} ({before.declined:.1%}), labels of {found.labelled} rows"
        )
    counts_of = ((len(found.violations), "violation"), (len(found.alerts), "alert"))
    typer.echo("  " + ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in counts_of))
    for alert in found.alerts:
        facts = [("how much", sentence) for sentence in alert.how_much]
        effects = [
            f"{which} {each.mean:.3f}, declined {each.declined:.1%}"
            for which, each in alert.scores.items()
            if each
        ]
        facts += [("clients", alert.clients), ("scores", "; ".join(effects)), ("next", alert.next)]
        output.print_blocks([(alert.title, facts)])

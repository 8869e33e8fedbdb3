"""`rml monitor status` and `history`: what was found last, and how it came to that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.cli.monitor import aws
from regulated_ml.cli.monitor.run import local
from regulated_ml.errors import ExitStatus

if TYPE_CHECKING:
    from regulated_ml.monitoring.history import Entry

STATUS = ("endpoint", "version", "window", "alerts", "violations", "last request", "waiting")
EndpointOption = Annotated[
    str, typer.Option("--endpoint", metavar="NAME", help="This one alone; all, if left out.")
]
HISTORY = ("record", "window", "rows", "labels", "violations", "alerts", "score", "AUC", "NDCG")


def status(
    endpoint: EndpointOption = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show the last window of each endpoint and version; ends with 1 where one has an alert."""
    if env != aws.LOCAL:
        aws.show(env, endpoint, newest_alone=True, as_json=as_json)
        return
    settings, store = local(env)
    from regulated_ml.workflow import watching

    found = watching.status(settings, store, endpoint)
    if as_json:
        output.print_json([each._asdict() for each in found])
    elif not found:
        typer.echo("Nothing was captured yet. `rml endpoint deploy VERSION` starts an endpoint.")
    else:
        rows = [
            (
                each.endpoint,
                each.variant,
                each.window or "none",
                each.alerts,
                each.violations,
                each.last[:16].replace("T", " "),
                f"{each.waiting:,} bytes" if each.waiting else "nothing",
            )
            for each in found
        ]
        output.print_table("", STATUS, rows)
    if any(each.alerts for each in found):
        raise typer.Exit(ExitStatus.FOUND)


def history(
    endpoint: EndpointOption = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List every window that was judged, the oldest first."""
    if env != aws.LOCAL:
        aws.show(env, endpoint, newest_alone=False, as_json=as_json)
        return
    _, store = local(env)
    from regulated_ml.workflow import captured

    found = [each for each in captured.entries(store) if endpoint in ("", each.endpoint)]
    if as_json:
        output.print_json([each._asdict() for each in found])
    elif not found:
        typer.echo("Nothing was monitored yet: `rml monitor run`")
    else:
        output.print_table("", HISTORY, map(_row, found))


def _row(entry: "Entry") -> tuple[object, ...]:
    name = f"{entry.endpoint} v{entry.version}, {entry.name}"
    return (
        entry.id,
        f"{name} again" if entry.again else name,
        entry.metrics.get("rows", ""),
        entry.metrics.get("labelled", ""),
        entry.metrics.get("violations", ""),
        entry.metrics.get("alerts", ""),
        *(_figure(entry.metrics, name) for name in ("mean_score", "auc", "ndcg")),
    )


def _figure(metrics: Mapping[str, Any], name: str) -> str:
    return f"{metrics[name]:.3f}" if name in metrics else ""

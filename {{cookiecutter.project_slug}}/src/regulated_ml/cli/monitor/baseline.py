"""`rml monitor baseline`: how the features of a version were distributed when it was trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output

if TYPE_CHECKING:
    from regulated_ml.monitoring.baseline import Column

COMMONEST = 4  # codes of a category that are shown


def baseline(
    name: Annotated[str, typer.Argument(metavar="VERSION", help="v3, 3 or latest.")] = "latest",
    to: Annotated[
        Path | None,
        typer.Option("--output", metavar="FOLDER", help="Also write the files there."),
    ] = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show the baseline of a version; write it as Model Monitor reads it.

    The files are statistics.json and constraints.json, and baseline.json with the sketches.
    """
    from regulated_ml.tracking import registry
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import baselining

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS)
    version = registry.find(store.all(), name, env)
    with output.progress(f"reading the baseline of {version.name}"):
        found = baselining.of_version(store, version)
        if to is not None:
            found.write(to)
    if as_json:
        content = found.model_dump(mode="json", exclude={"columns": {"__all__": {"sketch"}}})
        output.print_json(content)
        return
    rows = [_row(column) for column in found.columns]
    head = ("feature", "kind", "missing", "lowest", "mean", "highest", "commonest")
    output.print_table(f"{found.name}: {found.rows:,} rows of {found.features}", head, rows)
    error = max((column.rank_error for column in found.columns), default=0.0)
    typer.echo(f"sketches  shares are off by {error:.2%} at most, at 99 % confidence")
    if to is not None:
        typer.echo(f"written   {to}")


def _row(column: "Column") -> tuple[str, ...]:
    missing = f"{column.missing:,}"
    if column.kind == "category":
        counts = sorted(column.counts.items(), key=lambda item: -item[1])
        shown = [f"{value}: {count / column.present:.1%}" for value, count in counts[:COMMONEST]]
        more = ["..."] if len(counts) > COMMONEST else []
        return column.name, column.kind, missing, "", "", "", ", ".join([*shown, *more])
    if column.minimum is None or column.maximum is None:
        return column.name, column.kind, missing, "", "", "", ""
    numbers = (f"{each:,.6g}" for each in (column.minimum, column.mean, column.maximum))
    return (column.name, column.kind, missing, *numbers, "")

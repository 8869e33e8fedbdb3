"""`rml runs lineage`: where a run comes from, and what was made from it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown

if TYPE_CHECKING:
    from regulated_ml.tracking.lineage import Row

COLUMNS = ("step", "id", "started", "who", "commit", "files", "result")


class LineageFormat(StrEnum):
    """How a lineage is shown."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def lineage(
    name: Annotated[str, typer.Argument(metavar="[RUN]", help=shown.RUN_HELP)] = "",
    form: Annotated[
        LineageFormat, typer.Option("--format", help="html writes a page with a picture.")
    ] = LineageFormat.TABLE,
    env: output.EnvironmentOption = "local",
) -> None:
    """Show where a run comes from, and what was made from it: of the latest model, or a run."""
    from regulated_ml.tracking import lineage as found
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, settings.environment)
    run = store.get(name or "train")
    rows = found.rows(run, store.all())
    if form is LineageFormat.HTML:
        from regulated_ml.reports.lineage import write

        typer.echo(write(settings, run.id, rows).relative_to(settings.root))
    elif form is LineageFormat.JSON:
        output.print_json([row._asdict() for row in rows])
    elif form is LineageFormat.CSV:
        typer.echo(found.flat(rows).to_csv(index=False), nl=False)
    else:
        output.print_table(f"Lineage of {run.id}", COLUMNS, map(_cells, rows))
    for sentence in found.broken(rows):
        output.warn(sentence)


def _cells(row: "Row") -> tuple[str, ...]:
    metrics = shown.headlines(row.metrics)
    files = f"{len(row.inputs)} -> {len(row.outputs)}"
    commit = "" if row.dirty is None else shown.commit(row.commit, row.dirty)
    started = row.started[:19].replace("T", " ")
    return row.step, row.id[:40], started, row.user, commit, files, metrics

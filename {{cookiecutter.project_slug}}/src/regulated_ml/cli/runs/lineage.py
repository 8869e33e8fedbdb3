"""`rml runs lineage`: where a run, a version, an endpoint or a prediction comes from."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus

if TYPE_CHECKING:
    from regulated_ml.platforms.sagemaker.lineage import Comparison
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.lineage import Row
    from regulated_ml.tracking.records import Record
    from regulated_ml.workflow.tracing import Traced

COLUMNS = ("run", "who", "commit", "result")
NAME_HELP = (
    "A run (an id, a unique beginning of one, a step), a model version (v3), an endpoint, "
    "or the id of a captured prediction; endpoint:NAME, prediction:ID and so on say which."
)


class LineageFormat(StrEnum):
    """How a lineage is shown."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def lineage(
    name: Annotated[str, typer.Argument(metavar="RUN", help=NAME_HELP)] = "train",
    form: Annotated[
        LineageFormat, typer.Option("--format", help="html writes a page with a picture.")
    ] = LineageFormat.TABLE,
    compare: Annotated[
        bool, typer.Option("--compare", help="Hold the records of AWS against SageMaker's words.")
    ] = False,
    env: output.EnvironmentOption = "local",
) -> None:
    """Show where a run, a version, an endpoint or a prediction comes from, and who agreed."""
    from regulated_ml.tracking import lineage as found
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow.tracing import trace

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, settings.environment)
    with output.progress("looking for it") as progress:
        traced = trace(settings, store, name, progress)
    compared = _compared(settings, traced.rows, store.all()) if compare else None
    _show(settings, traced, form, compared)
    for sentence in (*traced.notes, *found.broken(traced.rows)):
        output.warn(sentence)
    shown.warn_of(traced.findings, (row.id for row in traced.rows))
    if traced.findings or (compared and compared.disagreements):
        raise typer.Exit(ExitStatus.FOUND)


def _compared(
    settings: "Settings", rows: "Sequence[Row]", known: "Sequence[Record]"
) -> "Comparison":
    """The jobs among the rows, held against what AWS says of them."""
    from regulated_ml.workflow.comparing import compare

    ids = {row.id for row in rows}
    with output.progress("asking SageMaker") as progress:
        return compare(settings, [run for run in known if run.id in ids], progress)


def _show(
    settings: "Settings", traced: "Traced", form: LineageFormat, compared: "Comparison | None"
) -> None:
    from regulated_ml.tracking.lineage import flat

    if form is LineageFormat.HTML:
        from regulated_ml.reports.lineage import write

        page = write(settings, traced.name, traced.target, traced.rows, traced.prediction)
        typer.echo(page.relative_to(settings.root))
    elif form is LineageFormat.JSON:
        rows = [row._asdict() for row in traced.rows]
        output.print_json(rows if compared is None else {"rows": rows, **_fields(compared)})
    elif form is LineageFormat.CSV:
        typer.echo(flat(traced.rows).to_csv(index=False), nl=False)
    else:
        output.print_table(
            f"Lineage of {traced.kind} {traced.name}", COLUMNS, map(_cells, traced.rows)
        )
        if traced.prediction:
            output.print_table("What was asked", ("fact", "value"), traced.prediction.facts)
            output.print_table("", traced.prediction.head, traced.prediction.rows)
        if compared is not None:
            _show_comparison(compared)


def _fields(compared: "Comparison") -> dict[str, object]:
    return {
        "jobs_compared": compared.jobs,
        "facts_compared": compared.facts,
        "disagreements": [each._asdict() for each in compared.disagreements],
    }


def _show_comparison(compared: "Comparison") -> None:
    if compared.disagreements:
        columns = ("run", "fact", "the record says", "AWS says")
        output.print_table("Where record and AWS differ", columns, compared.disagreements)
    elif compared.jobs:
        typer.echo(f"AWS says the same of {compared.jobs} jobs: {compared.facts} facts compared.")
    else:
        typer.echo("None of these ran as a job of this environment on AWS: nothing to compare.")


def _cells(row: "Row") -> tuple[str, ...]:
    """A line for a person; an id holds the time, and all else is in the other forms."""
    from regulated_ml.tracking.lineage import PREDICTION, SOURCE

    is_source = row.step == SOURCE
    name = f"{SOURCE} {row.id[:12]}" if is_source else row.id
    commit = "" if row.dirty is None else shown.commit(row.commit, row.dirty)
    act = row.title.removeprefix(row.step).strip()
    state = f"{row.parameters['state']}, {row.parameters['rows']} rows" if is_source else ""
    when = row.started[:19].replace("T", " ") if row.step == PREDICTION else ""
    mark = shown.mark(row.finding)
    result = ", ".join(filter(None, (mark, state, act, when, shown.headlines(row.metrics))))
    return name, shown.person(row.user), commit, result

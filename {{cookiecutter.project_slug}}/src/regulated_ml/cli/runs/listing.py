"""`rml runs list | show | compare`: what has been run, and what came out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.tracking.records import Record
    from regulated_ml.tracking.trail import Finding


def list_runs(
    step: Annotated[str, typer.Option(help="Only the runs of this step.")] = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the finished runs of an environment, the oldest first."""
    store = shown.store(env)
    for sentence in shown.leftovers(store):
        output.warn(sentence)
    known = [run for run in store.all() if run.environment == env]
    if step and known and step not in {run.step for run in known}:
        steps = ", ".join(dict.fromkeys(run.step for run in known))
        rule, fix = f"there are runs of the steps {steps}", "name one of them"
        raise UserError.one("--step", step, rule, fix, ExitStatus.USAGE)
    runs = [run for run in known if step in ("", run.step)]
    if as_json:
        output.print_json([run.model_dump(mode="json") for run in runs])
        return
    if not runs:
        from regulated_ml.workflow.evidence import command

        typer.echo(f"No runs in {env} yet. `{command(env)} run` makes the first ones.")
        return
    output.print_table(
        "",
        ("run", "started", "seconds", "commit", "data", "result"),
        [
            (
                run.id,
                run.started[:19].replace("T", " "),
                f"{run.seconds:.1f}",
                shown.commit(run.commit.sha, run.commit.dirty),
                run.data.state,
                shown.headlines(run.metrics),
            )
            for run in runs
        ],
        spare=("started", "seconds", "data"),  # an id holds the time
    )


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Two or more: ids, or unique beginnings of ids."),
    ],
    as_json: output.JsonOption = False,
) -> None:
    """Show where runs, of any environment, differ: what went in and what came out."""
    from regulated_ml.tracking.comparison import differences

    if len(names) < 2:
        rule, fix = "a comparison takes two runs or more", "`rml runs list` shows the runs"
        raise UserError.one("RUN", names[0], rule, fix, ExitStatus.USAGE)
    store = shown.store()
    runs = [store.get(name) for name in names]
    rows = differences(runs, store.all())
    if as_json:
        output.print_json({"runs": [run.id for run in runs], "differences": rows})
        return
    if not rows:
        typer.echo("The runs do not differ in parameters, data, code, packages or metrics.")
        return
    columns = ("", *(run.id for run in runs))
    output.print_table(
        "", columns, [(row["what"], *map(shown.short, row["values"])) for row in rows]
    )


def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help=shown.RUN_HELP)],
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show the record of a run: who, what from, with what, what came out."""
    store = shown.store(env)
    run = store.get(name)
    findings = shown.findings(store)
    if as_json:
        output.print_json(run.model_dump(mode="json"))
    else:
        _show(run, findings)
    shown.warn_of(findings, [run.id])
    if findings:
        raise typer.Exit(ExitStatus.FOUND)


def _show(run: "Record", findings: "Sequence[Finding]") -> None:
    from regulated_ml.tracking import lineage

    row = lineage.marked(lineage.rows(run, [run]), findings)[-1]
    facts = [(k, shown.short(v)) for k, v in row._asdict().items() if _is_flat(v)]
    output.print_table(run.id, ("fact", "value"), facts)
    for title, values in (
        ("inputs", row.inputs),
        ("outputs", row.outputs),
        ("parameters", row.parameters),
        ("metrics", row.metrics),
    ):
        output.print_table(
            title, ("name", "value"), [(k, shown.short(v)) for k, v in values.items()]
        )


def _is_flat(value: object) -> bool:
    return isinstance(value, str | int | float | bool | tuple)

"""`rml runs`: what has been run, and what came out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.tracking.store import RunStore

app = typer.Typer(no_args_is_help=True, help="The runs of this repository and their records.")

HEADLINES = ("auc", "gini", "ks", "rounds", "train_rows", "test_rows", "declined")


@app.command("list")
def list_runs(
    step: Annotated[str, typer.Option(help="Only the runs of this step.")] = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the finished runs of an environment, the oldest first."""
    known = [run for run in _store().all() if run.environment == env]
    if step and known and step not in {run.step for run in known}:
        steps = ", ".join(dict.fromkeys(run.step for run in known))
        rule, fix = f"there are runs of the steps {steps}", "name one of them"
        raise UserError.one("--step", step, rule, fix, ExitStatus.USAGE)
    runs = [run for run in known if step in ("", run.step)]
    if as_json:
        output.print_json([run.model_dump(mode="json") for run in runs])
        return
    if not runs:
        typer.echo("No runs yet. `rml run` makes the first ones.")
        return
    output.print_table(
        "",
        ("run", "started", "seconds", "commit", "data", "result"),
        [
            (
                run.id,
                run.started[:19].replace("T", " "),
                f"{run.seconds:.1f}",
                _commit(run.commit.sha, run.commit.dirty),
                run.data.state,
                ", ".join(f"{k} {_short(run.metrics[k])}" for k in HEADLINES if k in run.metrics),
            )
            for run in runs
        ],
    )


@app.command()
def compare(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Ids, or unique beginnings of ids.")
    ],
    as_json: output.JsonOption = False,
) -> None:
    """Show where runs, of any environment, differ: what went in and what came out."""
    from regulated_ml.tracking.comparison import differences

    if len(names) < 2:
        rule, fix = "a comparison takes two runs or more", "`rml runs list` shows the runs"
        raise UserError.one("RUN", names[0], rule, fix, ExitStatus.USAGE)
    store = _store()
    runs = [store.get(name) for name in names]
    rows = differences(runs, store.all())
    if as_json:
        output.print_json({"runs": [run.id for run in runs], "differences": rows})
        return
    if not rows:
        typer.echo("The runs do not differ in parameters, data, code, packages or metrics.")
        return
    columns = ("", *(run.id for run in runs))
    output.print_table("", columns, [(row["what"], *map(_short, row["values"])) for row in rows])


def _store() -> "RunStore":
    from regulated_ml.settings import find_root
    from regulated_ml.tracking.store import RUNS, RunStore

    return RunStore(find_root(Path.cwd()) / RUNS)


def _commit(sha: str | None, dirty: bool) -> str:
    return "none" if sha is None else sha[:8] + ("+changes" if dirty else "")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)


@app.command()
def verify(as_json: output.JsonOption = False) -> None:
    """Hold every record and artefact against the audit trail, and the trail against its anchors."""
    from regulated_ml.settings import find_root
    from regulated_ml.tracking import anchors, trail

    root, store = find_root(Path.cwd()), _store()
    store.settle()
    known = anchors.in_tags(root)
    findings = trail.verify(store.trail, store.records, known)
    findings += [
        trail.Finding(f"{run.id}/{path}", "the artefact is missing, or was changed")
        for run in store.readable()
        for path in store.damage(run)
    ]
    last = store.trail.last() if not findings else None
    if as_json:
        output.print_json(
            {
                "entries": last.number if last else None,
                "newest": last.hash if last else None,
                "anchors": [anchor._asdict() for anchor in known],
                "findings": [finding._asdict() for finding in findings],
            }
        )
    elif findings:
        output.print_table("", ("place", "what"), findings)
    elif last:
        anchored = f"anchored in {known[-1].where}" if known else "not anchored in any tag yet"
        typer.echo(f"The trail is whole: {last.number} entries, newest {last.hash}, {anchored}.")
    else:
        typer.echo("No runs yet. `rml run` makes the first ones.")
    if findings:
        raise typer.Exit(ExitStatus.FOUND)

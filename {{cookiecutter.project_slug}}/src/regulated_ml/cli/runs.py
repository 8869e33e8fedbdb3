"""`rml runs`: what has been run, and what came out."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.tracking.lineage import Row
    from regulated_ml.tracking.store import RunStore


class LineageFormat(StrEnum):
    """How a lineage is shown."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


app = typer.Typer(no_args_is_help=True, help="The runs of this repository and their records.")

RUN_HELP = "An id, a unique beginning of one, or a step: its latest run."
LINEAGE_COLUMNS = ("step", "id", "started", "who", "commit", "files", "result")
HEADLINES = ("auc", "gini", "ks", "rounds", "train_rows", "test_rows", "declined")


@app.command("list")
def list_runs(
    step: Annotated[str, typer.Option(help="Only the runs of this step.")] = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the finished runs of an environment, the oldest first."""
    known = [run for run in _store(env).all() if run.environment == env]
    if step and known and step not in {run.step for run in known}:
        steps = ", ".join(dict.fromkeys(run.step for run in known))
        rule, fix = f"there are runs of the steps {steps}", "name one of them"
        raise UserError.one("--step", step, rule, fix, ExitStatus.USAGE)
    runs = [run for run in known if step in ("", run.step)]
    if as_json:
        output.print_json([run.model_dump(mode="json") for run in runs])
        return
    if not runs:
        rml = "rml" if env == "local" else f"rml --env {env}"
        typer.echo(f"No runs in {env} yet. `{rml} run` makes the first ones.")
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


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)],
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show the record of a run: who, what from, with what, what came out."""
    from regulated_ml.tracking import lineage

    store = _store(env)
    run = store.get(name)
    if as_json:
        output.print_json(run.model_dump(mode="json"))
        return
    row = lineage.rows(run, [run])[-1]
    facts = [(key, value) for key, value in row._asdict().items() if _is_flat(value)]
    output.print_table(run.id, ("fact", "value"), [(key, _short(value)) for key, value in facts])
    for title, values in (
        ("inputs", row.inputs),
        ("outputs", row.outputs),
        ("parameters", row.parameters),
        ("metrics", row.metrics),
    ):
        output.print_table(title, ("name", "value"), [(k, _short(v)) for k, v in values.items()])


@app.command()
def lineage(
    name: Annotated[str, typer.Argument(metavar="[RUN]", help=RUN_HELP)] = "",
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
        output.print_table(f"Lineage of {run.id}", LINEAGE_COLUMNS, map(_lineage, rows))
    for sentence in found.broken(rows):
        output.warn(sentence)


def _lineage(row: "Row") -> tuple[str, ...]:
    metrics = ", ".join(f"{k} {_short(row.metrics[k])}" for k in HEADLINES if k in row.metrics)
    files = f"{len(row.inputs)} -> {len(row.outputs)}"
    commit = "" if row.dirty is None else _commit(row.commit, row.dirty)
    started = row.started[:19].replace("T", " ")
    return row.step, row.id[:40], started, row.user, commit, files, metrics


def _is_flat(value: object) -> bool:
    return isinstance(value, str | int | float | bool | tuple)


def _store(environment: str | None = None) -> "RunStore":
    """The runs of an environment of the repository, or of all."""
    from regulated_ml.settings import check_environment, find_root
    from regulated_ml.tracking.store import RUNS, RunStore

    root = find_root(Path.cwd())
    if environment is not None:
        check_environment(root, environment)
    return RunStore(root / RUNS, environment)


def _commit(sha: str | None, dirty: bool) -> str:
    return "none" if sha is None else sha[:8] + ("+changes" if dirty else "")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


@app.command()
def verify(as_json: output.JsonOption = False) -> None:
    """Hold every record and artefact against the audit trail, and the trail against its anchors."""
    from regulated_ml.settings import find_root
    from regulated_ml.tracking import anchors, trail

    root, store = find_root(Path.cwd()), _store()
    store.settle()
    known, findings = anchors.in_tags(root)
    findings += trail.verify(store.trail, store.records, known)
    findings += [
        trail.Finding(f"{run.id}/{path}", "the artefact is missing, or was changed")
        for run in store.readable()
        for path in store.damage(run)
    ]
    findings += [
        trail.Finding(f"{run.id}/{path}", "the file was added: the record does not name it")
        for run in store.readable()
        for path in store.added(run)
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

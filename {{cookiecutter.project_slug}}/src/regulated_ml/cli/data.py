"""`rml data`: get the table, hold it against its schema, describe it, draw its twin."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus

if TYPE_CHECKING:
    from regulated_ml.data.findings import Finding, Report
    from regulated_ml.data.source import Located
    from regulated_ml.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The table: get it, check it, describe it, its twin.")

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="A table (CSV, XLS, Parquet or a zip of one); else the repository's own or its twin.",
        show_default=False,
    ),
]
ROWS_SHOWN = 10  # row numbers of one finding in the terminal; --json has them all
STATES = {
    "real": "the real table",
    "synthetic": "a SYNTHETIC twin, not real data",
    "unverified": "UNVERIFIED: not the table whose hash config/dataset.yaml names",
}


@app.command()
def fetch(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A file to take instead of downloading one (CSV, XLS, Parquet or zip).",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even where the table is there.")] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Get the real table, from its addresses or from FILE.

    It is kept only if it is the one whose hash config/dataset.yaml names.
    """
    from regulated_ml.data import source

    settings = output.settings(env)
    if file is not None:
        with output.progress(f"reading {file.name}"):
            found = source.take(file, settings)
    elif not force and (present := source.fetched(settings)):
        found = present
    else:
        with output.progress("fetching") as progress:
            found = source.fetch(settings, progress)
    _say_located(found, settings, as_json)
    if found.state != "real" and not settings.dataset.source.sha256:
        output.warn(
            "config/dataset.yaml names no source.sha256, so the table is not verified. Once you "
            f"trust it, write there: {found.fingerprint}"
        )


@app.command()
def check(
    file: FileArgument = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Hold a table against its schema, config/dataset.yaml.

    The exit status is 1 where a rule is broken.
    """
    from regulated_ml.data import schema

    settings = output.settings(env)
    path = _path(settings, file)
    with output.progress(f"checking {path.name}") as progress:
        report = schema.check(path, settings.dataset, progress)
    if as_json:
        output.print_json({"file": str(path), **report.as_json()})
    else:
        _say_report(path, report)
    if report.violations:
        raise typer.Exit(ExitStatus.FOUND)


@app.command()
def describe(
    file: FileArgument = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show how columns spread, correlate and go with the label."""
    from regulated_ml.data import describe as exploration
    from regulated_ml.data import source, tables

    settings = output.settings(env)
    with output.progress("describing the table"):
        found = source.locate(settings, file)
        table = tables.read(found.path, settings.dataset)
        description = exploration.describe(table, settings.dataset)
    if as_json:
        output.print_json({"state": found.state, "fingerprint": found.fingerprint, **description})
        return
    _say_state(found.state)
    _say_description(description)


@app.command()
def profile(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The table to make it from.")],
    to: Annotated[
        Path | None,
        typer.Option("--output", help="Where to write it.", show_default="as in dataset.yaml"),
    ] = None,
    all_rows: Annotated[
        bool,
        typer.Option("--all-rows", help="Look at the test rows too, not at the others only."),
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Make the aggregate profile that a twin is drawn from."""
    from regulated_ml.data import profile as format_
    from regulated_ml.data import profiling

    settings = output.settings(env)
    target = to or settings.root / (settings.dataset.profile or "config/dataset-profile.json")
    with output.progress("reading the table") as progress:
        made = profiling.of_file(file, settings, progress, all_rows=all_rows)
    format_.save(made, target)
    output.warn("Before you commit it, have the owner of the data agree to these aggregates.")
    if not settings.dataset.profile and to is None:
        output.warn("Name it in config/dataset.yaml: profile: config/dataset-profile.json")
    size = target.stat().st_size
    if as_json:
        summary = made.model_dump(
            include={"dataset", "fingerprint", "table_rows", "rows", "selection"}
        )
        output.print_json({"file": str(target), "bytes": size, **summary})
        return
    typer.echo(f"{target}: aggregates of {made.rows:,} rows ({made.selection}), {size // 1000} kB")


@app.command()
def twin(
    to: Annotated[Path, typer.Option("--output", help="The file to write: .parquet or .csv.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows.")] = 30_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rows.")] = 42,
    source: Annotated[
        Path | None,
        typer.Option("--profile", help="The profile.", show_default="as in dataset.yaml"),
    ] = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Draw a synthetic twin of the table from its profile."""
    from regulated_ml.data import source as sources

    settings = output.settings(env)
    with output.progress(f"drawing {rows:,} rows") as progress:
        found = sources.draw(settings, to, rows, seed, source, progress)
    _say_located(found, settings, as_json)


def _path(settings: "Settings", file: Path | None) -> Path:
    """The file to check: the given one as it is, else the table that work is done on."""
    from regulated_ml.data import source

    if file is not None:
        return file
    with output.progress("reading the table"):
        return source.locate(settings).path


def _say_located(found: "Located", settings: "Settings", as_json: bool) -> None:
    if as_json:
        output.print_json({**found._asdict(), "path": str(found.path)})
        return
    path = found.path
    if path.is_relative_to(settings.root):
        path = path.relative_to(settings.root)
    typer.echo(f"{path}: {found.rows:,} rows, {STATES[found.state]}")
    typer.echo(f"fingerprint {found.fingerprint}")


def _say_state(state: str) -> None:
    if state != "real":
        output.warn(f"This is {STATES[state]}.")


def _say_report(path: Path, report: "Report") -> None:
    for title, findings in (("Violations", report.violations), ("Remarks", report.remarks)):
        if findings:
            columns = ("column", "rule", "count", "rows", "for example")
            output.print_table(title, columns, [_finding(finding) for finding in findings])
    kept = "keeps" if not report.violations else "breaks"
    typer.echo(f"{path}: {report.rows:,} rows, {STATES[report.state]}")
    typer.echo(f"It {kept} the schema of config/dataset.yaml.")


def _finding(finding: "Finding") -> tuple[str, ...]:
    rows = ", ".join(map(str, finding.rows[:ROWS_SHOWN]))
    more = ", ..." if finding.count > ROWS_SHOWN else ""
    examples = ", ".join(finding.examples)
    return finding.column or "(row)", finding.rule, f"{finding.count:,}", rows + more, examples


def _say_description(found: dict[str, Any]) -> None:
    label = found["label"]
    rate = "no label" if label["rate"] is None else f"{label['rate']:.2%} {label['name']}"
    output.print_table(
        f"{found['rows']:,} rows, {rate}",
        ("column", "missing", "lowest", "5 %", "median", "95 %", "highest", "label rate by value"),
        [_described(column) for column in found["columns"]],
    )
    clients = found["minimum_clients"]
    typer.echo(f"lowest, highest: means over the outermost {clients} clients\n")
    output.print_table("Closest pairs", ("column", "column", "rank correlation"), _pairs(found))


def _described(column: dict[str, Any]) -> Sequence[object]:
    quantiles = column.get("quantiles", {})
    numbers = (
        column.get("minimum"),
        quantiles.get("0.05"),
        column.get("median"),
        quantiles.get("0.95"),
        column.get("maximum"),
    )
    rates = [g["label_rate"] for g in column.get("groups", ()) if g["label_rate"] is not None]
    span = f"{min(rates):.1%} to {max(rates):.1%}" if rates else ""
    shown = ["" if number is None else f"{number:,.6g}" for number in numbers]
    return column["name"], column["missing"] or "", *shown, span


def _pairs(found: dict[str, Any], most: int = 8) -> list[tuple[str, str, str]]:
    names, matrix = found["correlations"]["columns"], found["correlations"]["matrix"]
    pairs = [
        (matrix[a][b], names[a], names[b])
        for a in range(len(names))
        for b in range(a)
        if matrix[a][b] is not None
    ]
    pairs.sort(key=lambda pair: -abs(pair[0]))
    return [(one, other, f"{value:+.2f}") for value, one, other in pairs[:most]]

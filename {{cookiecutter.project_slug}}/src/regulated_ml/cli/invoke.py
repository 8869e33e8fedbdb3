"""`rml endpoint invoke`: raw rows, asked of an endpoint."""

import csv
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.workflow.invoking import Asked

STDIN = "-"
SHARES = (50, 90, 99)  # percent of the requests, whose latency is said


def invoke(
    name: Annotated[
        str, typer.Argument(metavar="ENDPOINT", help="Its name; that of the project if left out.")
    ] = "",
    source: Annotated[
        str,
        typer.Option("--input", metavar="FILE", help="CSV with a header, or Parquet; - is stdin."),
    ] = STDIN,
    target: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Scores as CSV; stdout if left out."),
    ] = None,
    connections: Annotated[
        int, typer.Option("--connections", min=1, max=64, help="Requests at a time.")
    ] = 1,
    drift: Annotated[
        bool, typer.Option("--drift", help="Alter rows, so that monitoring has what to find.")
    ] = False,
    ids: Annotated[
        bool, typer.Option("--ids/--no-ids", help="Send identifiers as inference ids.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an output that is there.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Ask an endpoint for the scores of clients: raw rows, through features.py.

    Each client is a request. Latencies and whatever was refused are said in the end.
    """
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import invoking

    settings = output.settings(env)
    if target and (target.is_dir() or (target.exists() and not overwrite)):
        fix = "name another one, or add --overwrite"
        rule = "a file that is not there yet"
        raise UserError.one("--output", target, rule, fix, ExitStatus.USAGE)
    store = RunStore(settings.root / RUNS)
    wanted = invoking.Wanted(connections, drift, ids)
    with _rows(source) as rows, output.progress("asking") as progress:
        asked = invoking.target(settings, store, name)
        with _written(target, silent=as_json) as write:
            found = invoking.ask(settings, asked, rows, wanted, write, progress)
    summary = _summary(found)
    if as_json:
        output.print_json({"endpoint": asked.name, "version": asked.version, **summary})
    else:
        tell = typer.echo if target else output.tell
        tell(
            f"{found.rows:,} requests to {asked.name} ({asked.version}), {found.declined:,} "
            f"declined, {found.refused:,} refused; {summary['per_second']:,} a second; "
            f"p50 {summary['p50_ms']} ms, p90 {summary['p90_ms']} ms, p99 {summary['p99_ms']} ms"
        )
        for each, refused in found.named:
            output.tell(f"refused   {each}: {refused.status or 'no answer'} {refused.sentence}")
    if found.refused:
        raise typer.Exit(ExitStatus.FOUND)


def _summary(found: "Asked") -> dict[str, Any]:
    latencies = {f"p{each}_ms": round(found.percentile(each / 100) * 1000, 2) for each in SHARES}
    return {
        "requests": found.rows,
        "declined": found.declined,
        "refused": found.refused,
        "per_second": round(found.rate, 1),
        **latencies,
        "refusals": [
            {"id": name, "status": each.status, "sentence": each.sentence}
            for name, each in found.named
        ],
    }


@contextmanager
def _rows(source: str) -> Iterator[Path]:
    """The file with the rows; what comes from stdin is laid into one."""
    if source != STDIN:
        path = Path(source)
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "missing"
            rule = f"a file with the clients to score; it is {kind}"
            raise UserError.one("--input", source, rule, "check the path", ExitStatus.USAGE)
        yield path
        return
    if sys.stdin.isatty():
        rule = "rows come from a file, or from another command"
        raise UserError.one("--input", "", rule, "name a file: --input FILE", ExitStatus.USAGE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "stdin"
        with path.open("wb") as content:
            shutil.copyfileobj(sys.stdin.buffer, content)
        yield path


@contextmanager
def _written(target: Path | None, *, silent: bool) -> Iterator[Any]:
    """Gives a function that writes a row of CSV; a file is there when the block ends well."""
    from regulated_ml.files import replacing

    if target is None:
        yield (lambda row: None) if silent else csv.writer(sys.stdout, lineterminator="\n").writerow
        return
    with (
        replacing(target.absolute()) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        yield csv.writer(file, lineterminator="\n").writerow

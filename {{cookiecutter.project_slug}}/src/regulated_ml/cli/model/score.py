"""`rml model score`: a portfolio, scored by a version."""

from pathlib import Path
from typing import Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.cli.model.registry import VersionArgument
from regulated_ml.errors import ExitStatus, UserError


def score(
    version: VersionArgument,
    source: Annotated[
        Path, typer.Option("--input", metavar="FILE", help="CSV with a header, or Parquet.")
    ],
    target: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Scores: .csv or .parquet.")
    ],
    reasons: Annotated[
        bool, typer.Option("--reasons", help="With the reasons that declined clients are told.")
    ] = False,
    capture: Annotated[
        bool, typer.Option("--capture", help="Captured as an endpoint's requests, to be monitored.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an output that is there.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Score again what was scored.")] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Score a whole table of clients: id, score and decision, in the order of the rows.

    A command that was killed goes on where it was, to the same bytes.
    """
    from regulated_ml.cli.workflow import opened
    from regulated_ml.tracking import registry
    from regulated_ml.tracking.store import RunStore
    from regulated_ml.workflow import scoring

    workflow = opened(env)
    # A version may come from another environment; the run belongs to this one.
    found = registry.find(RunStore(workflow.store.folder).all(), version, env)
    wanted = scoring.Wanted(source, target, reasons, capture, overwrite, force)
    if capture and workflow.settings.platform:
        rule = "rows that a job on SageMaker has scored are not captured yet"
        fix = "leave it out, or score in local"
        raise UserError.one("--capture", env, rule, fix, ExitStatus.USAGE)
    try:
        with output.progress(f"scoring by {found.name}") as progress:
            done = scoring.score(workflow, found, wanted, progress)
    except KeyboardInterrupt:
        rule = "it was interrupted, and what was scored is kept"
        fix = "start it again: it goes on where it was"
        raise UserError.one("score", "", rule, fix, ExitStatus.INTERRUPTED) from None
    if as_json:
        fields = {"fresh": done.fresh, "captured": done.captured, "output": str(target)}
        output.print_json({**fields, **done.run.model_dump(mode="json")})
        return
    metrics = done.run.metrics
    state = "scored" if done.fresh else "had been scored already"
    typer.echo(
        f"{metrics['rows']:,} clients {state} by {found.name}, {metrics['declined']:,} declined: "
        f"{target}  [{done.run.id}]"
    )
    if capture:
        typer.echo(f"captured  {done.captured:,} rows")
    if done.note:
        output.warn(done.note)
    if found.status != "approved":
        output.warn(f"{found.name} is {found.status}: what it answers decides about nobody.")

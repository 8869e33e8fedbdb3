"""The flat verbs, the daily way: prepare, train, evaluate, explain, report, and run for all."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.workflow.requests import Table
    from regulated_ml.workflow.running import Handed, Outcome, Workflow
    from regulated_ml.workflow.steps import Step

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="A table to use instead of the repository's own (CSV, XLS, Parquet).",
        show_default=False,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Run even what is up to date.")]
WaitOption = Annotated[
    bool,
    typer.Option("--wait", help="On AWS: follow the job to its end (`local` always does)."),
]
AlwaysWaitOption = Annotated[
    bool,
    typer.Option("--wait", help="Said for the other verbs' sake: `run` follows each job anyway."),
]

# The metrics of a step that are said when it has ended.
HEADLINES = {
    "prepare": ("train_rows", "test_rows"),
    "sample": ("test_rows",),
    "train": ("rounds",),
    "evaluate": ("auc", "auc_low", "auc_high", "gini", "ks", "challenger_auc"),
    "explain": ("declined", "largest_error"),
}


def add_to(app: typer.Typer) -> None:
    """Adds the flat verbs to the command line, in the order of the work."""
    for verb in (prepare, train, evaluate, explain, report, run):
        app.command()(verb)


def prepare(
    data: DataOption = None,
    force: ForceOption = False,
    wait: WaitOption = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Split the table into rows to train on, validate and test."""
    workflow = opened(env)
    table = table_of(workflow, data)
    _do(workflow, "prepare", wait, as_json, parents=[], table=table, force=force)


def train(
    force: ForceOption = False,
    wait: WaitOption = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Train the model; a stopped training goes on where it was."""
    workflow = opened(env)
    _do(workflow, "train", wait, as_json, force=force)


def evaluate(
    data: DataOption = None,
    force: ForceOption = False,
    wait: WaitOption = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Judge the model on the test rows, or on a sample of your own (then it waits)."""
    workflow = opened(env)
    if data is None:
        _do(workflow, "evaluate", wait, as_json, force=force)
        return
    table = table_of(workflow, data)
    model = workflow.store.latest("train")
    if model and model.data.fingerprint == table.data.fingerprint:
        output.warn(
            "The model was trained on rows of this very table, so the figures are too good: a "
            "validator's sample is one that the model has not seen."
        )
    sample = _run(workflow, "sample", parents=[], table=table)
    outcome = _run(
        workflow,
        "evaluate",
        instead={"test": sample.run},
        changes={"sample": data.name, "own_sample": True},
        force=force,
    )
    _say([sample, outcome], as_json)
    if not as_json:
        folder = workflow.store.folder_of(outcome.run) / "evaluation"
        typer.echo(f"found     {folder.relative_to(workflow.settings.root)}/evaluation.json")


def explain(
    force: ForceOption = False,
    wait: WaitOption = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Explain scores: contributions, reasons for declined clients."""
    workflow = opened(env)
    _do(workflow, "explain", wait, as_json, force=force)


def report(env: output.EnvironmentOption = "local", as_json: output.JsonOption = False) -> None:
    """Build the pages in reports/ from the latest model."""
    _report(opened(env), as_json)


def run(
    data: DataOption = None,
    force: ForceOption = False,
    wait: AlwaysWaitOption = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Do all steps, skip what is up to date, build the pages.

    On AWS each job is followed to its end, since the next one reads what it made.
    """
    from regulated_ml.workflow.steps import STEPS

    workflow = opened(env)
    table = table_of(workflow, data)
    outcomes: dict[str, Outcome] = {}
    for step in STEPS:
        parents = [outcomes[name].run for name in step.parents]
        outcomes[step.name] = _run(
            workflow, step.name, parents=parents, table=None if parents else table, force=force
        )
        if not as_json:
            _say([outcomes[step.name]], as_json)
    with output.progress("sending what trackers wait for") as progress:
        workflow.publish(progress)
    _report(workflow, as_json, list(outcomes.values()), force=force)


def opened(environment: str) -> "Workflow":
    """The steps in an environment: as processes of this machine, or as jobs on SageMaker."""
    from regulated_ml.settings import LOCAL
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(environment)
    store = RunStore(settings.root / RUNS, environment)
    if environment == LOCAL:
        from regulated_ml.platforms.local import LocalPlatform
        from regulated_ml.workflow.running import LocalWorkflow

        return LocalWorkflow(
            settings, store, LocalPlatform(settings.root, store.folder / ".failed")
        )
    from regulated_ml.platforms.sagemaker.platform import SageMakerPlatform
    from regulated_ml.workflow.submitting import RemoteWorkflow

    return RemoteWorkflow(settings, store, SageMakerPlatform(settings), output.tell)


def table_of(workflow: "Workflow", given: Path | None) -> "Table":
    """The table that the first step reads: the one that is given, or the repository's own."""
    from regulated_ml.data.schema import check_located
    from regulated_ml.data.source import locate
    from regulated_ml.tracking.records import Data
    from regulated_ml.workflow.requests import Table

    settings = workflow.settings
    with output.progress("reading the table"):
        found = locate(settings, given)
        checked = check_located(found, settings.dataset)
    root, path = settings.root, found.path.resolve()
    data = Data(
        name=settings.dataset.name,
        state=found.state,
        fingerprint=found.fingerprint,
        rows=found.rows,
        violations=sum(violation.count for violation in checked.violations),
        file=str(path.relative_to(root) if path.is_relative_to(root) else path),
    )
    return Table(path, data)


def _do(workflow: "Workflow", name: str, wait: bool, as_json: bool, **options: Any) -> None:
    """Runs a step, or submits it where its job outlives us, and says what became of it."""
    from regulated_ml.workflow.running import Outcome

    done = _run(workflow, name, wait=wait, **options)
    if isinstance(done, Outcome):
        _say([done], as_json)
    else:
        _say_submitted(done, as_json)


def _run(
    workflow: "Workflow",
    name: str,
    *,
    wait: bool = True,
    parents: "Sequence[Any] | None" = None,
    table: "Table | None" = None,
    **options: Any,
) -> Any:
    """Runs a step with progress; without parents given, on the latest runs of its parents."""
    from regulated_ml.workflow.requests import Order
    from regulated_ml.workflow.steps import STEP

    step: Step = STEP[name]
    if parents is None:
        parents = workflow.parents(step)
        for parent in filter(workflow.stale, parents):
            output.warn(
                f"{parent.id} was made from other code or configuration than there is now; "
                "`rml run` makes all steps anew that have to be."
            )
    try:
        with output.progress(step.title) as progress:
            act = workflow.run if wait else workflow.submit
            return act(Order(step, parents, table, **options), progress)
    except KeyboardInterrupt:
        is_local = workflow.settings.platform is None
        rule = f"it was interrupted, and no half run is {'kept' if is_local else 'submitted'}"
        goes_on = ": it goes on from its checkpoint" if is_local and name == "train" else ""
        fix = f"start it again{goes_on}"
        raise UserError.one(name, "", rule, fix, ExitStatus.INTERRUPTED) from None


def _report(
    workflow: "Workflow", as_json: bool, outcomes: "Sequence[Outcome]" = (), *, force: bool = True
) -> None:
    from regulated_ml.workflow.site import build

    with output.progress("drawing the pages") as progress:
        pages, fresh = build(workflow.settings, workflow.store, progress, force=force)
    root = workflow.settings.root
    if as_json:
        runs = [_summary(outcome) for outcome in outcomes]
        names = [str(page.relative_to(root)) for page in pages]
        output.print_json({"runs": runs, "pages": names, "pages_fresh": fresh})
        return
    typer.echo(f"pages     {'' if fresh else 'up to date  '}{pages[0]}")


def _say(outcomes: "Sequence[Outcome]", as_json: bool) -> None:
    if as_json:
        output.print_json({"runs": [_summary(outcome) for outcome in outcomes]})
        return
    for run, fresh in outcomes:
        numbers = [
            f"{name.replace('_', ' ')} {_number(run.metrics[name])}"
            for name in HEADLINES[run.step]
            if name in run.metrics
        ]
        state = f"{run.seconds:.1f} s" if fresh else "up to date"
        typer.echo(f"{run.step:<9} {state:<11} {', '.join(numbers)}  [{run.id}]")
        for warning in run.warnings if fresh else ():
            output.warn(warning)
        if not fresh and run.commit.dirty:
            output.warn(
                f"{run.id} was made before its code was committed, and its record says so; "
                "`rml run --force` makes records that name the commit."
            )


def _say_submitted(handed: "Handed", as_json: bool) -> None:
    note = handed.note
    if as_json:
        output.print_json({"submitted": {"fresh": handed.fresh, **note.model_dump(mode="json")}})
        return
    state = "submitted" if handed.fresh else "was submitted earlier, for the same result"
    typer.echo(f"{note.step:<9} {state}  [{note.job}]")
    typer.echo(f"follow    rml --env {note.environment} jobs follow {note.job}")


def _summary(outcome: "Outcome") -> dict[str, Any]:
    return {"fresh": outcome.fresh, **outcome.run.model_dump(mode="json")}


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"

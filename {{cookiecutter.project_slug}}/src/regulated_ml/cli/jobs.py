"""`rml jobs`: what runs on AWS without us, and what becomes of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.platforms.interface import RemoteJob
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.records import Submitted
    from regulated_ml.workflow.following import Following

app = typer.Typer(no_args_is_help=True, help="The jobs of this project on SageMaker.")

STOPPED = ("Stopping", "Stopped")
ENDED = ("Completed", "Failed", "Stopped")

NameArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="A job's name, its run's id, or a unique beginning.")
]


@app.command("list")
def list_jobs(env: output.EnvironmentOption = "local", as_json: output.JsonOption = False) -> None:
    """List the latest jobs of this project, the oldest first."""
    following = _following(output.settings(env))
    waiting = {note.job for note in following.submissions.all()}
    with output.progress("asking for the jobs"):
        jobs = following.platform.recent()
    runs = {run.remote.name: run.id for run in following.store.all() if run.remote}
    rows = [(job, runs.get(job.name), job.name in waiting and _has_run(job)) for job in jobs]
    if as_json:
        output.print_json(
            [
                {**_fields(job), "run": run, "waits_to_be_followed": is_waiting}
                for job, run, is_waiting in rows
            ]
        )
        return
    if not rows:
        typer.echo(f"No jobs yet. `rml --env {env} run` starts the first ones.")
        return
    output.print_table(
        "",
        ("job", "kind", "status", "started", "run"),
        [
            (
                job.name,
                job.kind,
                job.status,
                f"{job.created:%Y-%m-%d %H:%M:%S}",
                run or _without_run(job, is_waiting),
            )
            for job, run, is_waiting in rows
        ],
    )


def _has_run(job: "RemoteJob") -> bool:
    """Whether following the job can still finish a run."""
    return job.status not in STOPPED


def _without_run(job: "RemoteJob", is_waiting: bool) -> str:
    if job.status in STOPPED:
        return "stopped"
    if not is_waiting:
        return "-"
    return "follow it to see why" if job.status == "Failed" else "follow it to finish its run"


@app.command()
def follow(
    name: NameArgument,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Follow a job to its end, fetch its outputs, finish its run."""
    from regulated_ml.workflow import publishing

    settings = output.settings(env)
    following = _following(settings)
    note = _note(following, name, env)
    with output.progress("following the job") as progress:
        run = following.finish(note, progress)
        publishing.after_a_run(settings, following.store, progress, output.tell)
    if as_json:
        output.print_json({"runs": [run.model_dump(mode="json")]})
        return
    typer.echo(f"{run.step:<9} {run.seconds:.1f} s  [{run.id}]")
    for warning in run.warnings:
        output.warn(warning)


@app.command()
def stop(name: NameArgument, env: output.EnvironmentOption = "local") -> None:
    """Stop a job; nothing of it is kept."""
    following = _following(output.settings(env))
    note = _note(following, name, env)
    job = following.platform.describe(note.job, note.kind)
    if job is None or job.status in ENDED:
        rule = f"it has ended: {job.status}" if job else "there is no such job"
        fix = f"`rml --env {env} jobs follow {note.job}` says what became of it"
        raise UserError.one("JOB", name, rule, fix, ExitStatus.USAGE)
    following.platform.stop(note.job, note.kind)
    typer.echo(f"{note.job} is being stopped, which takes up to two minutes.")


def _following(settings: "Settings") -> "Following":
    from regulated_ml.platforms.sagemaker.platform import SageMakerPlatform
    from regulated_ml.security import clients
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.tracking.submissions import Submissions
    from regulated_ml.workflow.following import Following

    platform = SageMakerPlatform(settings)
    clients.identity(settings)  # in another account there are no jobs of ours, which says nothing
    store = RunStore(settings.root / RUNS, settings.environment)
    return Following(store, Submissions(store.folder, settings.environment), platform, output.tell)


def _note(following: "Following", name: str, env: str) -> "Submitted":
    """The note of a job that was submitted here and not followed to its end."""
    notes = following.submissions.all()
    found = [note for note in notes if name in (note.job, note.id)] or [
        note for note in notes if note.job.startswith(name) or note.id.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    value, fix = name, f"`rml --env {env} jobs list` shows the jobs"
    if found:
        rule = "several jobs begin so"
    else:
        rule, fix = _why_not(following, name, env) or ("there is no such job", fix)
    raise UserError.one("JOB", value, rule, fix, ExitStatus.USAGE)


def _why_not(following: "Following", name: str, env: str) -> tuple[str, str] | None:
    """Rule and fix for a job that is there, and yet cannot be followed here."""
    for run in following.store.all():
        if run.remote and name in (run.remote.name, run.id):
            return (
                f"it has ended, and its run is there: {run.id}",
                f"`rml --env {env} runs list` shows it",
            )
    known = next((job for job in _named(following, name) if job), None)
    if known is None:
        return None
    if not following.platform.is_own(name):
        return "it is a job of another project", "follow it in the repository of that project"
    if known.status in ("Failed", "Stopped"):
        end = f"it has ended: {known.status}. {known.reason}".rstrip()
        return end, f"`rml --env {env} run` starts what has to be done again"
    return "it was submitted from another copy of this repository", "follow it there"


def _named(following: "Following", name: str) -> "list[RemoteJob | None]":
    return [
        following.platform.describe(name, "training"),
        following.platform.describe(name, "processing"),
    ]


def _fields(job: "RemoteJob") -> dict[str, object]:
    return {
        "name": job.name,
        "kind": job.kind,
        "status": job.status,
        "started": job.created.isoformat(),
        "ended": job.ended.isoformat() if job.ended else None,
    }

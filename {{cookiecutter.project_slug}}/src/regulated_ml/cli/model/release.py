"""`rml model release`: a tag on the version's commit, pushed with its branch."""

from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output

if TYPE_CHECKING:
    from regulated_ml.settings import Settings
    from regulated_ml.workflow.releasing import Released


def release(
    name: Annotated[str, typer.Argument(metavar="VERSION", help="Such as v3.")],
    remote: Annotated[str, typer.Option(help="The git remote to push to.")] = "origin",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Tag an approved version on its own commit, and push branch and tag.

    What a stop or the network left out is completed by the same command.
    """
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow import publishing, releasing

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, env)
    with output.progress("releasing") as progress:
        done = releasing.release(settings, store, name, remote, _caller(settings), progress)
        publishing.after_a_run(settings, store, progress, output.tell)
    if as_json:
        output.print_json(
            {
                "release": done.record.model_dump(mode="json"),
                "recorded": done.recorded,
                "tagged": done.tagged,
                "pushed": done.pushed,
                "push": done.push.model_dump(mode="json"),
            }
        )
    else:
        _say(done, remote)
    _warn_of_another_repository(settings, done)


def _caller(settings: "Settings") -> str | None:
    """Who AWS takes the person for; None in `local`, which asks nothing of AWS."""
    if settings.platform is None:
        return None
    from regulated_ml.platforms.sagemaker.platform import SageMakerPlatform

    return SageMakerPlatform(settings).caller()


def _say(done: "Released", remote: str) -> None:
    place = done.record.parameters
    recorded = "" if done.recorded else "already  "
    tagged = "" if done.tagged else "already  "
    typer.echo(f"record    {recorded}{done.record.id}")
    typer.echo(f"tag       {tagged}{place['tag']} on {place['commit'][:12]}")
    for ref, state in done.pushed.items():
        typer.echo(f"pushed    {ref} to {remote}: {state}")
    typer.echo(f"record    {done.push.id}: {done.push.parameters['address']} has them")
    typer.echo(f"read it   git tag -n99 -l {place['tag']}")


def _warn_of_another_repository(settings: "Settings", done: "Released") -> None:
    own, address = settings.project.codecommit_repository, done.push.parameters["address"]
    if not address.startswith("codecommit:") or not address.endswith(own):
        output.warn(
            f"The remote leads to {address}, not to the CodeCommit repository {own} of "
            "config/project.yaml."
        )

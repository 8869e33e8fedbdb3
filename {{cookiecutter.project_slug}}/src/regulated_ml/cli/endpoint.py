"""`rml endpoint`: a version that serves."""

from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.serving.processes import Running
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.store import RunStore

app = typer.Typer(no_args_is_help=True, help="The endpoints that serve versions of the model.")

NAME_HELP = "The endpoint's name; the project's, if it is left out."


@app.command()
def deploy(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="v3, 3 or latest.")],
    name: Annotated[str, typer.Option("--name", help=NAME_HELP)] = "",
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Instead of the one in model.yaml.")
    ] = None,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Serve a version on this machine; what serves now goes on until the version answers."""
    settings, store = _local(env)
    from regulated_ml.tracking import registry
    from regulated_ml.workflow import deploying

    found = registry.find(store.all(), version, env)
    with output.progress(f"deploying {found.name}") as progress:
        done = deploying.deploy(
            settings, store, found, name or settings.project.project_slug, port, progress
        )
    if as_json:
        output.print_json({"fresh": done.fresh, **done.record.model_dump(mode="json")})
        return
    state = "serves" if done.fresh else "serves already"
    typer.echo(f"{done.running.endpoint} {state} {found.name} at {_address(done.running)}")
    if found.status != "approved":
        output.warn(f"{found.name} is {found.status}: what it answers decides about nobody.")


@app.command("list")
def list_endpoints(
    env: output.EnvironmentOption = "local", as_json: output.JsonOption = False
) -> None:
    """List the endpoints that serve on this machine."""
    _, store = _local(env)
    from regulated_ml.workflow import deploying

    found = deploying.serving(store)
    if as_json:
        output.print_json([{**each._asdict(), "folder": each.folder.name} for each in found])
        return
    if not found:
        typer.echo("No endpoint serves. `rml endpoint deploy VERSION` starts one.")
        return
    rows = [(each.endpoint, f"v{each.version}", _address(each), each.pid) for each in found]
    output.print_table("", ("endpoint", "version", "address", "process"), rows)


@app.command()
def delete(
    name: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its name.")],
    env: output.EnvironmentOption = "local",
) -> None:
    """End an endpoint when it has answered what it was asked; captured requests stay."""
    _, store = _local(env)
    from regulated_ml.workflow import deploying

    with output.progress(f"ending {name}") as progress:
        ended = deploying.delete(store, name, progress)
    typer.echo(f"{ended.endpoint} no longer serves; it served v{ended.version}")


def _local(environment: str) -> "tuple[Settings, RunStore]":
    """The settings, and the runs of every environment: any version can be served here."""
    from regulated_ml.settings import LOCAL
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(environment)
    if environment != LOCAL:
        rule = "endpoints are served in the environment local; those on AWS come later"
        fix = "leave --env out, or deploy the model package with your organisation's own means"
        raise UserError.one("--env", environment, rule, fix, ExitStatus.USAGE)
    return settings, RunStore(settings.root / RUNS)


def _address(running: "Running") -> str:
    return f"http://127.0.0.1:{running.port}/invocations"

"""`rml endpoint`: a version that serves."""

from typing import TYPE_CHECKING, Annotated

import typer

from regulated_ml.cli import invoke, output
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from regulated_ml.serving.processes import Running
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.registry import Version
    from regulated_ml.tracking.store import RunStore

app = typer.Typer(no_args_is_help=True, help="The endpoints that serve versions of the model.")

app.command()(invoke.invoke)

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
    """Serve a version, here or on SageMaker; what serves now goes on until the version answers."""
    settings, store = _opened(env)
    from regulated_ml.tracking import registry
    from regulated_ml.workflow import deploying

    if settings.platform:
        _deploy_on_aws(settings, store, version, name, port, as_json)
        return
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
    _say_how_to_ask(store, found, _address(done.running))


@app.command("list")
def list_endpoints(
    env: output.EnvironmentOption = "local", as_json: output.JsonOption = False
) -> None:
    """List the endpoints of the environment; in local, those that serve on this machine."""
    settings, store = _opened(env)
    from regulated_ml.workflow import deploying

    if settings.platform:
        _list_on_aws(settings, as_json)
        return
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
    settings, store = _opened(env)
    from regulated_ml.workflow import deploying

    if settings.platform:
        _delete_on_aws(settings, name)
        return
    with output.progress(f"ending {name}") as progress:
        ended = deploying.delete(store, name, progress)
    typer.echo(f"{ended.endpoint} no longer serves; it served v{ended.version}")


def _opened(environment: str) -> "tuple[Settings, RunStore]":
    """The settings, and the runs of every environment: a version may come from another one."""
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(environment)
    return settings, RunStore(settings.root / RUNS)


def _deploy_on_aws(
    settings: "Settings",
    store: "RunStore",
    version: str,
    name: str,
    port: int | None,
    as_json: bool,
) -> None:
    from regulated_ml.tracking import registry
    from regulated_ml.tracking.store import RunStore
    from regulated_ml.workflow import publishing, rollout

    if port is not None:
        rule = "an endpoint on SageMaker has no port of its own"
        raise UserError.one("--port", port, rule, "leave it out", ExitStatus.USAGE)
    found = registry.named(store.all(), version, settings.environment)
    with output.progress(f"deploying {found.name}") as progress:
        done = rollout.deploy(settings, store, found, name, progress, output.tell)
        own = RunStore(store.folder, settings.environment)
        publishing.after_a_run(settings, own, progress, output.tell)
    if as_json:
        output.print_json({"fresh": done.fresh, **done.record.model_dump(mode="json")})
        return
    state = "serves" if done.fresh else "serves already"
    typer.echo(f"{done.endpoint} {state} {found.name} in {settings.environment}")
    typer.echo(f"config    {done.record.parameters['endpoint_config']}")
    if found.status != "approved":
        output.warn(f"{found.name} is {found.status}: what it answers decides about nobody.")


def _list_on_aws(settings: "Settings", as_json: bool) -> None:
    from regulated_ml.workflow import rollout

    with output.progress("asking for the endpoints"):
        found = rollout.serving(settings)
    if as_json:
        output.print_json([{**each._asdict(), "since": each.since.isoformat()} for each in found])
        return
    if not found:
        rml = f"rml --env {settings.environment}"
        typer.echo(f"No endpoint is there. `{rml} endpoint deploy VERSION` makes one.")
        return
    rows = [
        (each.endpoint, each.version or "not by rml", each.status, f"{each.since:%Y-%m-%d %H:%M}")
        for each in found
    ]
    output.print_table("", ("endpoint", "version", "status", "since"), rows)


def _delete_on_aws(settings: "Settings", name: str) -> None:
    from regulated_ml.workflow import rollout

    with output.progress(f"deleting {name}") as progress:
        deleted = rollout.delete(settings, name, progress)
    for each in deleted:
        typer.echo(f"deleted   {each}")
    typer.echo("Nothing of it is billed any more; captured requests stay in the data bucket.")


def _say_how_to_ask(store: "RunStore", version: "Version", address: str) -> None:
    """A request that works as it stands, and how what was answered is found again."""
    from regulated_ml.workflow import asking

    if asked := asking.example(store, version, address):
        typer.echo(f"features  {','.join(asked.features)}")
        typer.echo(f"ask it    {asked.command}")
        typer.echo(f"trace it  rml runs lineage {asking.FIRST}")


def _address(running: "Running") -> str:
    return f"http://127.0.0.1:{running.port}/invocations"

"""`rml model register | list | show | approve | reject | promote`: the registry of versions."""

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown


def list_versions(
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the versions of the model, the oldest first, with what was decided about each."""
    from regulated_ml.tracking import registry

    known = [run for run in shown.store(env).all() if run.environment == env]
    versions = registry.versions(known)
    if as_json:
        output.print_json([version.registered.model_dump(mode="json") for version in versions])
        return
    if not versions:
        typer.echo("No version is registered yet. `rml model register` makes the first one.")
        return
    output.print_table(
        "",
        ("version", "registered", "status"),
        [(v.name, v.registered.started[:19].replace("T", " "), v.status) for v in versions],
    )

"""`rml model`: the versions of the model, and what persons decide about them."""

import typer

from regulated_ml.cli.model import registry

app = typer.Typer(no_args_is_help=True, help="The versions of the model, and who agreed to them.")
app.command("list")(registry.list_versions)

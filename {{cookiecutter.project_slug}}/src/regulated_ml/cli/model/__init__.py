"""`rml model`: the versions of the model, and what persons decide about them."""

import typer

from regulated_ml.cli.model import documents, registry, release, score

app = typer.Typer(no_args_is_help=True, help="The versions of the model, and who agreed to them.")
app.command()(registry.register)
app.command("list")(registry.list_versions)
app.command()(registry.show)
app.command()(registry.approve)
app.command()(registry.reject)
app.command()(registry.promote)
app.command()(documents.documents)
app.command()(release.release)
app.command()(score.score)

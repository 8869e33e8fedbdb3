"""`rml runs`: the records of this repository, and what can be asked of them."""

import typer

from regulated_ml.cli.runs import fetch, lineage, listing, publish, reproduce, verify

app = typer.Typer(no_args_is_help=True, help="The runs of this repository and their records.")
app.command("list")(listing.list_runs)
app.command()(listing.compare)
app.command()(listing.show)
app.command()(lineage.lineage)
app.command()(publish.publish)
app.command()(reproduce.reproduce)
app.command()(fetch.fetch)
app.command()(verify.verify)

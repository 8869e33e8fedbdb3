"""`rml monitor`: what a served version is asked, held against what it was trained on."""

import typer

from regulated_ml.cli.monitor import aws, baseline, run, showing

app = typer.Typer(no_args_is_help=True, help="Watch a served version: drift, quality, fairness.")
app.command()(baseline.baseline)
app.command()(run.run)
app.command()(run.schedule)
app.command()(showing.status)
app.command()(showing.history)
app.command()(aws.labels)

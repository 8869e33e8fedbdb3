"""`rml security`: the controls, what holds them, and what in the account does not."""

import typer

from regulated_ml.cli.security import controls, doctor

app = typer.Typer(no_args_is_help=True, help="The controls, and what holds to them.")
app.command("controls")(controls.controls)
app.command("doctor")(doctor.doctor)

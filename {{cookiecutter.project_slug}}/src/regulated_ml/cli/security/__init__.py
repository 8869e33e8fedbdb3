"""`rml security`: the controls, what holds them, and what in the account does not."""

import typer

from regulated_ml.cli.security import audit, controls, doctor, policies

app = typer.Typer(no_args_is_help=True, help="The controls, and what holds to them.")
app.command("audit")(audit.audit)
app.command("controls")(controls.controls)
app.command("doctor")(doctor.doctor)
app.command("package")(policies.package)
app.command("policies")(policies.policies)

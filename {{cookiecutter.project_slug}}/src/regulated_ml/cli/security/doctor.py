"""`rml security doctor`: whether the guard is on, proved where it can be."""

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus


def doctor(
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Prove that the guard is on, by requests that it must refuse."""
    settings = output.settings(env)
    from regulated_ml.security.guard import doctor as guard_doctor

    findings = guard_doctor.examine(settings)
    if as_json:
        output.print_json([finding._asdict() for finding in findings])
    else:
        output.print_table(
            f"The guard of environment {env}",
            ("check", "result", "found", "fix"),
            [(f.check, "ok" if f.ok else "FAILED", f.found, f.fix) for f in findings],
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(ExitStatus.FOUND)

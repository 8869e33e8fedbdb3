"""`rml standard`: whether the repository still is what the standard says."""

from pathlib import Path
from typing import Annotated

import typer

from regulated_ml.cli import output
from regulated_ml.errors import ExitStatus

app = typer.Typer(no_args_is_help=True, help="The standard's own files in this repository.")


@app.callback()
def _group() -> None:
    # A group with one verb: without a callback typer would drop the verb's name.
    pass


@app.command()
def check(
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            help="Take the hashes from a release of the template (folder, git checkout, zip file), "
            "not from the repository's own copy.",
            show_default=False,
        ),
    ] = None,
    as_json: output.JsonOption = False,
) -> None:
    """Name each file of the standard that was changed, removed or added; exit status 1 if any."""
    from regulated_ml.settings import find_root
    from regulated_ml.standard.conformance import check as find

    findings = find(find_root(Path.cwd()), against)
    if as_json:
        output.print_json(
            {"findings": [{**finding._asdict(), "fix": finding.fix} for finding in findings]}
        )
    elif findings:
        rows = [(finding.path, finding.state, finding.detail) for finding in findings]
        output.print_table("", ("file", "is", "because"), rows)
        for state, fix in {finding.state: finding.fix for finding in findings}.items():
            typer.echo(f"{state}: {fix}")
    else:
        source = str(against) if against else "the repository's own manifest"
        typer.echo(f"The standard's files and the lock file are as they should be ({source}).")
    if findings:
        raise typer.Exit(ExitStatus.FOUND)

"""`rml runs verify`: the records against the audit trail, and the trail against its anchors."""

from pathlib import Path

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus


def verify(as_json: output.JsonOption = False) -> None:
    """Hold every record and artefact against the audit trail, and the trail against its anchors."""
    from regulated_ml.settings import find_root
    from regulated_ml.tracking import anchors, trail

    root, store = find_root(Path.cwd()), shown.store()
    store.settle()
    known, findings = anchors.in_tags(root)
    findings += trail.verify(store.trail, store.records, known)
    findings += [
        trail.Finding(f"{run.id}/{path}", "the artefact is missing, or was changed")
        for run in store.readable()
        for path in store.damage(run)
    ]
    findings += [
        trail.Finding(f"{run.id}/{path}", "the file was added: the record does not name it")
        for run in store.readable()
        for path in store.added(run)
    ]
    last = store.trail.last() if not findings else None
    if as_json:
        output.print_json(
            {
                "entries": last.number if last else None,
                "newest": last.hash if last else None,
                "anchors": [anchor._asdict() for anchor in known],
                "findings": [finding._asdict() for finding in findings],
            }
        )
    elif findings:
        output.print_table("", ("place", "what"), findings)
    elif last:
        anchored = f"anchored in {known[-1].where}" if known else "not anchored in any tag yet"
        typer.echo(f"The trail is whole: {last.number} entries, newest {last.hash}, {anchored}.")
    else:
        typer.echo("No runs yet. `rml run` makes the first ones.")
    if findings:
        raise typer.Exit(ExitStatus.FOUND)

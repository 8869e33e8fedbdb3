"""`rml runs verify`: the records against the audit trail, and the trail against its anchors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus

if TYPE_CHECKING:
    from regulated_ml.settings import Settings
    from regulated_ml.tracking.store import RunStore
    from regulated_ml.tracking.trail import Anchor, Finding

NO_BUCKET = (
    "the trail is anchored nowhere on AWS: there is no bucket {bucket}; "
    "infrastructure/storage.yaml makes it"
)
NO_LOCK = (
    "the bucket {bucket} has no Object Lock with a default retention, so who may delete in it can "
    "take anchors away; infrastructure/storage.yaml makes it with one"
)

OF_OTHERS = (
    "{tags}: of another trail than the one here. That is well where another clone has released; "
    "where this one has, runs/ was removed and begun anew"
)


class Anchors(NamedTuple):
    """Where the trail is anchored, what is wrong with that, and what a reader should know."""

    known: "Sequence[Anchor]"
    findings: "list[Finding]"
    notes: list[str]
    lock: str = ""  # of the bucket


def verify(env: output.EnvironmentOption = "local", as_json: output.JsonOption = False) -> None:
    """Hold every record and artefact against the audit trail, and the trail against its anchors.

    With an environment on AWS, the anchors in its bucket too.
    """
    from regulated_ml.tracking.store import RUNS, RunStore

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS)
    anchors = _anchors(settings, store)
    findings = [
        *anchors.findings,
        *store.verify(anchors.known),
        *_artifacts(store),
    ]
    _show(store, anchors, findings, as_json)
    for note in (*anchors.notes, *shown.leftovers(store)):
        output.warn(note)
    if findings:
        raise typer.Exit(ExitStatus.FOUND)


def _anchors(settings: "Settings", store: "RunStore") -> Anchors:
    """Those in the tags of releases, and those in the bucket of an environment on AWS."""
    from regulated_ml.tracking import anchors

    known, findings = anchors.in_tags(settings.root, store.trail)
    others = [] if findings else anchors.of_others(settings.root, known)
    notes = [OF_OTHERS.format(tags=", ".join(others))] if others else []
    found = Anchors(known, findings, notes)
    if settings.platform is None:
        return found
    from regulated_ml.platforms.sagemaker import keeping, naming
    from regulated_ml.security import clients

    clients.identity(settings)  # in another account there are no anchors, which says nothing
    client = clients.client(settings, "s3")
    bucket = naming.trail(settings).bucket
    with output.progress("reading the anchors"):
        kept = keeping.anchors(settings, client)
        if kept is None:
            return found._replace(notes=[*notes, NO_BUCKET.format(bucket=bucket)])
        lock = keeping.lock(settings, client)
    return Anchors(
        known=[*known, *anchors.in_bucket(store.trail, kept)],
        findings=[*findings, *anchors.fetched_otherwise(store.trail, kept)],
        notes=notes if lock else [*notes, NO_LOCK.format(bucket=bucket)],
        lock=str(lock or ""),
    )


def _artifacts(store: "RunStore") -> "list[Finding]":
    """The files of every run against its record."""
    from regulated_ml.tracking.trail import Finding

    runs = store.readable()
    return [
        *(
            Finding(f"{run.id}/{path}", "the artefact is missing, or was changed")
            for run in runs
            for path in store.damage(run)
        ),
        *(
            Finding(f"{run.id}/{path}", "the file was added: the record does not name it")
            for run in runs
            for path in store.added(run)
        ),
    ]


def _show(
    store: "RunStore", anchors: Anchors, findings: "Sequence[Finding]", as_json: bool
) -> None:
    last = store.trail.last() if not findings else None
    if as_json:
        output.print_json(
            {
                "entries": last.number if last else None,
                "newest": last.hash if last else None,
                "anchors": [anchor._asdict() for anchor in anchors.known],
                "lock": anchors.lock,
                "notes": anchors.notes,
                "findings": [finding._asdict() for finding in findings],
            }
        )
    elif findings:
        output.print_table("", ("place", "what"), findings)
    elif last:
        typer.echo(
            f"The trail is whole: {last.number} entries, newest {last.hash}, "
            f"{_where(anchors, last.number)}."
        )
    else:
        typer.echo("No runs yet. `rml run` makes the first ones.")


def _where(anchors: Anchors, entries: int) -> str:
    """Up to where the trail cannot be cut off unseen."""
    if not anchors.known:
        return "not anchored anywhere yet"
    newest = max(anchors.known, key=lambda anchor: anchor.number)
    place = newest.where.partition("/trail/")[0] if "://" in newest.where else newest.where
    locked = f" ({anchors.lock})" if anchors.lock and place != newest.where else ""
    later = entries - newest.number
    open_end = f"; {later} later {'entry is' if later == 1 else 'entries are'} not anchored yet"
    end = open_end if later else ""
    return f"anchored in {place} up to entry {newest.number}{locked}{end}"

"""The buckets and the key that the environment names, by the checks of the preflight."""

from collections.abc import Iterator
from typing import NamedTuple

from regulated_ml.security import clients
from regulated_ml.security.audit.findings import Audited, Finding
from regulated_ml.security.audit.listing import Unseen
from regulated_ml.security.preflight import buckets, identity, key, running
from regulated_ml.security.preflight.rows import Entry
from regulated_ml.settings import Settings

# Whether the role can use the key is asked before work starts, and harms nobody where it cannot.
LEFT_OUT = ("PRE-ACCOUNT-2", "PRE-KEY-6")
CHECKS = tuple(
    check for check in (*identity.CHECKS, *key.CHECKS, *buckets.CHECKS) if check.id not in LEFT_OUT
)
KINDS = {"KEY": "key", "BUCKET": "bucket"}  # the middle of a check's id


class Looked(NamedTuple):
    """What was looked at, what is not right with it, and what could not be seen."""

    audited: tuple[Audited, ...]
    findings: tuple[Finding, ...]
    unseen: tuple[Unseen, ...]


def look(settings: Settings) -> Looked:
    """Holds buckets and key to the preflight's checks."""
    entries = [
        entry
        for entry in running.run(settings, lambda *_: None, CHECKS).entries
        if entry.check.split("-")[1] in KINDS
    ]
    audited = (_audited(entry, settings) for entry in entries if entry.subject)
    return Looked(
        tuple(dict.fromkeys(audited)),
        tuple(_found(entry, settings) for entry in entries if entry.state == "found"),
        tuple(_unseen(entries)),
    )


def _unseen(entries: list[Entry]) -> Iterator[Unseen]:
    for entry in entries:
        if entry.state == "unknown":
            yield Unseen(" ".join(filter(None, (entry.title, entry.subject))), entry.found)


def _audited(entry: Entry, settings: Settings) -> Audited:
    kind = KINDS[entry.check.split("-")[1]]
    partition = clients.platform(settings).kms_key_arn.split(":")[1]
    is_arn = entry.subject.startswith("arn:")
    arn = entry.subject if is_arn else f"arn:{partition}:s3:::{entry.subject}"
    return Audited(kind, entry.subject.rpartition("/")[2], arn, "environment")


def _found(entry: Entry, settings: Settings) -> Finding:
    kind, name, arn, _ = _audited(entry, settings)
    return Finding(
        control=entry.check,
        title=entry.title,
        severity=entry.severity,
        kind=kind,
        name=name,
        arn=arn,
        field="",
        value=entry.found,
        required=entry.required,
        fix=entry.fix,
    )

"""The documents of a model version, from its records and from what persons have written."""

import datetime
from collections.abc import Iterator, Sequence

from regulated_ml.identifiers import Problem
from regulated_ml.settings import Settings
from regulated_ml.settings import documents as written
from regulated_ml.settings.rules import DOCUMENTS
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import Version


def open_fields(settings: Settings, version: Version, known: Sequence[Record]) -> list[Problem]:
    """What persons still have to write before the version can be approved, one problem each.

    Args:
        settings: of the environment.
        version: whose documents they are.
        known: all records, for what is asked of one version and not of another.
    """
    problems = [
        Problem(f"{DOCUMENTS}: {each.place}", "", f"open: {each.asked}", "write it, and commit it")
        for each in written.open_fields(settings.documents)
    ]
    return [*problems, *_overdue(settings.documents, datetime.date.today())]


def _overdue(documents: written.Documents, today: datetime.date) -> Iterator[Problem]:
    """Days that persons have set and let pass."""
    for number, finding in enumerate(documents.findings or (), start=1):
        if finding.state == "open" and finding.due < today:
            yield Problem(
                f"{DOCUMENTS}: findings.{number}.due",
                str(finding.due),
                f"the finding is open, and was due before today, {today}",
                "close it, or have the validator agree to a later day",
            )
    for number, overlay in enumerate(documents.overlays or (), start=1):
        if overlay.until < today:
            yield Problem(
                f"{DOCUMENTS}: overlays.{number}.until",
                str(overlay.until),
                f"the overlay has ended before today, {today}",
                "remove it, or have it agreed anew with a later day",
            )
    day = documents.monitoring.next_validation
    if day and day < today:
        rule = f"the next validation was due before today, {today}"
        fix = "name the day of the next one"
        yield Problem(f"{DOCUMENTS}: monitoring.next_validation", str(day), rule, fix)

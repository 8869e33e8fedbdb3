"""The page of controls: what each asks and why, and which barrier holds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from regulated_ml.reports.elements import Table
from regulated_ml.reports.pages.start import Tile
from regulated_ml.reports.words import NOTHING, capital, listing, plural, whole
from regulated_ml.security.overview import MEANINGS, Entry, Overview
from regulated_ml.security.wording import circumstances, must_words

REFERENCES = {
    "security_hub": "AWS Security Hub",
    "config": "AWS Config",
    "checkov": "Checkov",
    "prowler": "Prowler",
    "nist_800_53": "NIST SP 800-53",
}


class Held(NamedTuple):
    """How much of a control one barrier holds: a number, and a word that says how it is drawn."""

    number: str
    extent: str  # all, some or none


@dataclass(frozen=True)
class Shown:
    """A control as the page shows it."""

    id: str
    title: str
    why: str
    severity: str
    coverage: str
    operations: str
    pairs: str
    held: tuple[Held, ...]
    excepted: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]

    @property
    def anchor(self) -> str:
        """The id of its section on the page."""
        return self.id.lower()


@dataclass(frozen=True)
class ControlsPage:
    """The content of the page."""

    finding: str
    lead: str
    tiles: tuple[Tile, ...]
    barriers: tuple[tuple[str, str], ...]  # a word, and what it means
    controls: tuple[Shown, ...]


def page(found: Overview) -> ControlsPage:
    """The page of a repository's controls, with the values of one environment."""
    counts = found.counts
    own = sum(entry.own for entry in found.entries)
    finding = (
        f"{plural(counts['controls'], 'control')} hold {plural(counts['operations'], 'operation')}"
    )
    return ControlsPage(
        finding=finding,
        lead="From one list of controls come what the guard fills in and refuses, what IAM denies, "
        "what the detective function stops and what the audit finds.",
        tiles=(
            Tile(
                "Controls", whole(counts["controls"]), f"{own or 'none'} of the organisation’s own"
            ),
            Tile("Operations", whole(counts["operations"]), "of SageMaker, S3, KMS and Batch"),
            Tile("Pairs", whole(counts["pairs"]), "of a requirement and a field"),
            Tile("Denied by IAM", whole(_denied(found)), "pairs that IAM has a key for"),
            Tile("Exceptions", whole(counts["exceptions"]), f"in force in {found.environment}"),
        ),
        barriers=tuple((capital(word), capital(meaning)) for word, meaning in MEANINGS.items()),
        controls=tuple(_shown(entry, found) for entry in found.entries),
    )


def _denied(found: Overview) -> int:
    return sum(entry.barriers.denies for entry in found.entries)


def _shown(entry: Entry, found: Overview) -> Shown:
    control, pairs = entry.control, len(entry.pairs)
    operations = len(entry.operations)
    return Shown(
        id=control.id,
        title=control.title,
        why=control.why,
        severity=control.severity,
        coverage=f"{plural(pairs, 'field')} of {plural(operations, 'operation')}" if pairs else "",
        operations=whole(operations) if pairs else NOTHING,
        pairs=whole(pairs) if pairs else NOTHING,
        held=tuple(_held(count, pairs) for count in entry.barriers),
        excepted=_excepted(entry),
        facts=_facts(entry),
        tables=tuple(_tables(entry, found)),
    )


def _facts(entry: Entry) -> tuple[tuple[str, str], ...]:
    references = (
        (REFERENCES[name], ", ".join(ids)) for name, ids in entry.control.references if ids
    )
    return (
        ("Control of", "the organisation" if entry.own else "the standard"),
        ("Exceptions", _excepted(entry)),
        *references,
    )


def _held(count: int, pairs: int) -> Held:
    if not count:
        return Held(NOTHING, "none")
    return Held(whole(count), "all" if count >= pairs else "some")


def _excepted(entry: Entry) -> str:
    if entry.exceptions:
        names = [name for each in entry.exceptions for name in each.names]
        return f"in force for {listing(names)}"
    return "possible" if entry.control.can_be_excepted else "never"


def _tables(entry: Entry, found: Overview) -> Iterator[Table]:
    """What each requirement asks: its fields, below what they must be and when."""
    for number, requirement in enumerate(entry.control.requirements, start=1):
        must = must_words(requirement.must, found.values)
        said = "; ".join((f"must be {must}", *circumstances(requirement)))
        rows = (
            (operation, "the whole operation" if path == "." else path)
            for operation, paths in requirement.fields.items()
            for path in paths
        )
        caption = f"{entry.control.id}, requirement {number}: {said}"
        yield Table(caption, "ll", ("Operation", "Field"), tuple(rows))

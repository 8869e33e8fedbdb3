"""What a document consists of; HTML, Markdown and JSON are written from these types."""

from collections.abc import Sequence
from dataclasses import dataclass

from regulated_ml.documents.regulation import Clause
from regulated_ml.reports.elements import Card, Table


@dataclass(frozen=True)
class Open:
    """What a person still has to write."""

    place: str  # in config/documents.yaml
    asked: str


@dataclass(frozen=True)
class Part:
    """A part of a document: a finding, what it rests on, and the clauses that it answers."""

    topic: str
    finding: str
    clauses: tuple[Clause, ...] = ()
    text: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    signs: tuple[str, ...] = ()  # what a reader should stop at
    cards: tuple[Card, ...] = ()  # pictures, each with what it shows as heading
    tables: tuple[Table, ...] = ()

    @property
    def anchor(self) -> str:
        """The id of the part on its page: topics are ours, in letters and blanks."""
        return "".join(c if c.isalnum() else "-" for c in self.topic.lower())


@dataclass(frozen=True)
class Document:
    """One document of a version."""

    name: str  # of its files: model-card
    label: str  # Model card
    title: str
    lead: str
    open: tuple[Open, ...]
    parts: tuple[Part, ...]

    @property
    def signs(self) -> tuple[tuple[str, str], ...]:
        """The topic and the words of everything that a reader should stop at."""
        return tuple((part.topic, sign) for part in self.parts for sign in part.signs)


def present(parts: Sequence[Part | None]) -> tuple[Part, ...]:
    """The parts that there is something to say in."""
    return tuple(part for part in parts if part)

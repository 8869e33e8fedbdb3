"""What a page consists of. The templates know these types and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from regulated_ml.reports.embedding import embed


@dataclass(frozen=True)
class Table:
    """Rows of text; `align` has one letter a column: l for text, r for numbers, w for text that may
    break anywhere, as hashes and paths do."""

    caption: str
    align: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def thinned(items: Sequence[Any], limit: int) -> list[Any]:
    """At most `limit` of the items for a table, evenly spaced, the first and last among them."""
    if len(items) <= limit:
        return list(items)
    last = len(items) - 1
    return [items[round(place * last / (limit - 1))] for place in range(limit)]


@dataclass(frozen=True)
class Figure:
    """A picture with the sentence that tells how to read it and the table behind it."""

    name: str  # unique on the page
    svg: str
    alternative: str  # what a person sees who looks at it: the finding
    reading: str
    table: Table | None = None
    dense: bool = False  # scrolls inside its frame on a phone instead of shrinking

    @property
    def markup(self) -> Markup:
        """The picture as it stands in the page."""
        return embed(self.svg, f"picture-{self.name}", self.alternative)


@dataclass(frozen=True)
class Card:
    """One of several pictures of a kind, with a heading of its own."""

    heading: str
    figure: Figure
    text: str = ""
    points: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A finding, and what it rests on."""

    topic: str  # the field's term for it, for people who look for it
    finding: str
    text: tuple[str, ...] = ()
    figure: Figure | None = None
    cards: tuple[Card, ...] = ()
    columns: int = 2  # of cards, on a wide screen
    tables: tuple[Table, ...] = ()

    @property
    def anchor(self) -> str:
        """The id of the section on its page: topics are ours, in letters and blanks."""
        return self.topic.lower().replace(" ", "-")


@dataclass(frozen=True)
class Page:
    """A page of the site: its file, its place in the navigation, what it found."""

    file: str
    label: str
    finding: str
    lead: str
    sections: tuple[Section, ...]

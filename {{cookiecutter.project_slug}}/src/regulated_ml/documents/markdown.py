"""A document as Markdown, in which nothing that persons have written is read as markup.

The flavour is GitHub's: tables with bars. Every sign of Markdown and HTML in a text is escaped, and
a line break becomes a blank, so a text cannot begin a heading, end a table or hide a link.
"""

import re
from collections.abc import Iterator, Sequence

from regulated_ml.documents.structure import Document, Part
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import clean

# ASCII punctuation that may begin or end markup (CommonMark 2.4), but for what reads on as it is.
SIGNS = re.compile(r"([\\`*_\[\]{}<>|#~!$@&])")
AT_START = re.compile(r"^(\s*)([-+=]|\d{1,9}(?=[.)]))")
ADDRESS = re.compile(r"(https?|ftp|mailto|www)(?=[:.])", re.IGNORECASE)


def markdown(document: Document, state: str) -> str:
    """The whole document; `state` says what its data are."""
    lines = [
        f"# {escaped(document.label)}: {escaped(document.title)}",
        "",
        f"**{escaped(state)}**",
        "",
        escaped(document.lead),
        "",
        *_open(document),
    ]
    for part in document.parts:
        lines += _part(part)
    return "\n".join(lines).rstrip() + "\n"


def escaped(text: object) -> str:
    """A text in one line, in which every sign stands for itself."""
    line = SIGNS.sub(r"\\\1", clean(text))
    line = ADDRESS.sub(lambda found: f"{found[0]}\u200b", line)  # so that no link is made of it
    return AT_START.sub(r"\1\\\2", line) if not line[:1].isdigit() else _numbered(line)


def _numbered(line: str) -> str:
    """A line that begins with a number and a point would be a list: the point is escaped."""
    return re.sub(r"^(\d{1,9})([.)])(?=\s|$)", r"\1\\\2", line)


def _open(document: Document) -> Iterator[str]:
    if not document.open:
        return
    yield f"## Open fields: {len(document.open)}"
    yield ""
    for each in document.open:
        yield f"- **{escaped(each.place)}**: {escaped(each.asked)}"
    yield ""


def _part(part: Part) -> Iterator[str]:
    yield f"## {escaped(part.topic)}"
    yield ""
    yield f"**{escaped(part.finding)}**"
    yield ""
    if part.clauses:
        yield f"*Answers {'; '.join(escaped(clause) for clause in part.clauses)}*"
        yield ""
    for sign in part.signs:
        yield f"- Sign of risk: {escaped(sign)}"
        if answer := getattr(sign, "answer", ""):
            yield f"  - Answer: {escaped(answer)}"
    if part.signs:
        yield ""
    for paragraph in part.text:
        yield escaped(paragraph)
        yield ""
    if part.facts:
        yield from _rows(("", ""), part.facts, "ll")
    for card in part.cards:
        yield f"{escaped(card.figure.alternative)} {escaped(card.figure.reading)}"
        yield ""
        if card.figure.table:
            yield from _table(card.figure.table)
    for table in part.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"{escaped(table.caption)}:"
    yield ""
    yield from _rows(table.head, table.rows, table.align)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> Iterator[str]:
    yield _line(head)
    yield "|" + "|".join("---:" if letter == "r" else "---" for letter in align) + "|"
    yield from map(_line, rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"

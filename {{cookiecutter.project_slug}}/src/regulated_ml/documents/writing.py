"""Writes documents as files: HTML for readers and for print, Markdown, and JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from regulated_ml.documents.markdown import markdown
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Document, Part
from regulated_ml.files import write_json, write_text
from regulated_ml.reports.inputs import State
from regulated_ml.reports.rendering import templates
from regulated_ml.reports.security import frame
from regulated_ml.settings import Settings


def write(
    settings: Settings, documents: Sequence[Document], state: State, folder: Path
) -> list[Path]:
    """Writes each document three times into `folder`; returns the files.

    Raises:
        OSError: a file cannot be written.
    """
    links = [(f"{each.name}.html", each.label) for each in documents]
    template = templates().get_template("document.html.j2")
    around = frame(settings)
    paths = []
    for document in documents:
        page = folder / f"{document.name}.html"
        text = template.render(
            site=around, state=state, here=page.name, links=links, document=document
        )
        write_text(page, text)
        write_text(page.with_suffix(".md"), markdown(document, f"{state.label}. {state.sentence}"))
        write_json(page.with_suffix(".json"), as_json(document, state))
        paths += [page, page.with_suffix(".md"), page.with_suffix(".json")]
    return paths


def as_json(document: Document, state: State) -> dict[str, Any]:
    """The document as plain data; of a picture what it shows and the numbers behind it."""
    return {
        "document": document.name,
        "label": document.label,
        "title": document.title,
        "lead": document.lead,
        "data_state": state.key,
        "open": [asdict(each) for each in document.open],
        "parts": [_part(part) for part in document.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "topic": part.topic,
        "finding": part.finding,
        "answers": [clause._asdict() for clause in part.clauses],
        "signs_of_risk": [
            {"id": sign.id, "words": str(sign), "answer": sign.answer}
            for sign in part.signs
            if isinstance(sign, Sign)
        ],
        "text": list(part.text),
        "facts": [{"name": name, "value": value} for name, value in part.facts],
        "figures": [
            {
                "shows": card.figure.alternative,
                "reading": card.figure.reading,
                "table": asdict(card.figure.table) if card.figure.table else None,
            }
            for card in part.cards
        ],
        "tables": [asdict(table) for table in part.tables],
    }

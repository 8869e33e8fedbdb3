"""Markdown in which no text is read as markup, held to a parser of CommonMark and tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from regulated_ml.documents.markdown import escaped, markdown
from regulated_ml.documents.structure import Document, Part
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import clean

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SIGNS = st.text(alphabet="ab1 .)(<>|*_`#~[]!\\&;-+=:/\n$@{}", max_size=30)


def read(text: str) -> tuple[list[str], str]:
    """The kinds of a text's pieces, and what a reader sees."""
    tokens = PARSER.parse(text)
    inside = [child for token in tokens for child in token.children or ()]
    kinds = [token.type for token in (*tokens, *inside)]
    return kinds, "".join(t.content for t in inside if t.type in ("text", "text_special"))


@given(SIGNS)
def test_a_text_reads_as_it_was_written(text: str) -> None:
    kinds, seen = read(escaped(text))
    allowed = {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    assert set(kinds) <= allowed
    assert seen.replace("\u200b", "") == clean(text)


@given(SIGNS)
def test_a_cell_stays_a_cell(text: str) -> None:
    table = Table("Of cells", "ll", ("First", "Second"), ((text, "kept"), ("also", "kept")))
    part = Part("Topic", "Finding", tables=(table,))
    kinds, _ = read(markdown(Document("name", "Label", "Title", "Lead", (), (part,)), "STATE"))
    assert kinds.count("td_open") == 4 and kinds.count("table_open") == 1


@pytest.mark.parametrize("text", ["https://example.com", "www.example.com", "mailto:a@example.com"])
def test_an_address_is_no_link(text: str) -> None:
    # GitHub makes links of bare addresses; a sign without width in them keeps it from that.
    assert "\u200b" in escaped(text)

"""The page of the questions says what the rules say."""

import pytest
from commands import TEMPLATE

from generation.place import QUESTIONS
from regulated_ml.identifiers import fields, longest_slug, reserved_names, rules

PAGE = (TEMPLATE / "docs/questions.md").read_text("utf-8")


def cell(text: str) -> str:
    """A text as Markdown shows it in a table."""
    return "".join(f"\\{sign}" if sign in "|*_<>[]`" else sign for sign in text)


def row(name: str) -> str:
    rule = rules()[fields()[name].kind]
    return f"| `{name}` | {cell(rule.says)} | {cell(rule.fix)} |"


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_page_has_the_row_of_each_question(name: str) -> None:
    assert row(name) in PAGE.splitlines()


def test_the_page_names_the_limits() -> None:
    assert f"at most {longest_slug()} characters" in PAGE
    for name, number in (("subnet_ids", "2 to 16"), ("security_group_ids", "1 to 5")):
        field = fields()[name]
        assert number == f"{field.fewest} to {field.most}"
        assert f"| `{name}` | {number}, each one once" in PAGE
    assert "regulated_ml" in reserved_names()

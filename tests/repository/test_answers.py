"""Answers that try to be more than text stay text in README.md and pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from commands import ANSWERS, cookiecutter
from markdown_it import MarkdownIt

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script> & &lt;b&gt;",
    "[a link](https://evil.example) ![a picture](https://evil.example/x.png)",
    "`code` and **bold** and _more_ ~~less~~ # no heading | no cell",
    'quotes " and \' and \\ and \\" and """ and \'\'\'',
    "$(touch x) `touch x` ${HOME} $x^2$",
    "Müller 日本 😀 zażółć",
    "ends with a backslash \\",
    "1. no list - no list + no list",
    "https://evil.example www.evil.example",
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_stays_text(tmp_path: Path, answer: str) -> None:
    fields = [f"{field}={answer}" for field in ("description", "owner_name")]
    cookiecutter(tmp_path, "--config-file", str(ANSWERS), *fields)
    project = tomllib.loads((tmp_path / "credit-default/pyproject.toml").read_text("utf-8"))
    assert project["project"]["description"] == answer
    assert project["project"]["authors"][0]["name"] == answer
    readme = (tmp_path / "credit-default/README.md").read_text("utf-8")
    tokens = MarkdownIt("commonmark").enable("table").parse(readme)
    inline = [child for token in tokens for child in token.children or ()]
    types = {token.type for token in (*tokens, *inline)}
    assert not types & {"html_block", "html_inline", "link_open", "image", "em_open", "code_block"}
    said = "".join(child.content for child in inline if child.type == "text")
    assert f" {answer}" in said
    assert f"Owner: {answer} (" in said


def test_nothing_of_jinja_is_left(sample: Path) -> None:
    for name in ("README.md", "pyproject.toml"):
        assert re.findall(r"\{\{|\{%|\{#", (sample / name).read_text("utf-8")) == []

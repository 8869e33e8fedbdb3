"""Documents of the template: their links lead somewhere, and what they list is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from commands import TEMPLATE

from regulated_ml.cli.app import app
from regulated_ml.errors import ExitStatus

DOCUMENTS = sorted([*TEMPLATE.glob("*.md"), *(TEMPLATE / "docs").glob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_exit_status_is_explained() -> None:
    text = (TEMPLATE / "docs/exit-statuses.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (\d+) \| (\w+) \|", text, re.MULTILINE))
    assert listed == {str(status.value): status.name for status in ExitStatus}


def test_every_target_of_the_template_is_explained() -> None:
    makefile = (TEMPLATE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    text = (TEMPLATE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `make (\w+)` \|", text, re.MULTILINE)) == targets - {"help"}


def commands(text: str) -> list[str]:
    """Every `rml ...` of a document, in a block or a line; `list | stop` are two commands."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`([^`]+)`", rest)
    found = []
    for line in lines:
        if shown := re.match(r"(?:\.venv/bin/)?(rml .+)", line):
            first, *others = shown[1].split(" | ")
            found += [first, *(f"{first.rpartition(' ')[0]} {other}" for other in others)]
    return found


def unknown(line: str) -> list[str]:
    """The words of a command that `rml` does not know: verbs, and options of its help."""
    command: Any = typer.main.get_command(app)
    options = {"--help"}
    mistakes, value_follows = [], False
    for word in line.split()[1:]:
        options |= {name for option in command.params for name in option.opts}
        if value_follows:
            value_follows = False
        elif word.startswith("-"):
            value_follows = word in ("--env", "--against", "--data")
            mistakes += [] if word in options else [word]
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return [*mistakes, word]
            command = command.commands[word]
    return mistakes


def test_what_rml_does_not_know_is_noticed() -> None:
    assert unknown("rml --env dev trian") == ["trian"]
    assert unknown("rml --env dev report --wait") == ["--wait"]
    assert unknown("rml --env dev train --wait") == []


def test_every_command_of_the_readmes_is_there(sample: Path) -> None:
    for document in (TEMPLATE / "README.md", sample / "README.md"):
        found = commands(document.read_text(encoding="utf-8"))
        assert "rml --env dev run --wait" in found
        assert {line: mistakes for line in found if (mistakes := unknown(line))} == {}

"""Documents of the template: their links lead somewhere, and what they list is there."""

import re
from pathlib import Path

import pytest
from commands import TEMPLATE

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

"""What the documents say of controls is what the catalogue says."""

import re
from pathlib import Path

import pytest

from regulated_ml.security.catalogue import standard_controls
from regulated_ml.security.overview import overview
from regulated_ml.security.requests import VERBS
from regulated_ml.security.values import VALUES
from regulated_ml.settings import load
from regulated_ml.settings.controls import Tightening

from .controls_table import DOCUMENT, TEMPLATE, table, written

THREATS = (TEMPLATE / "docs/threat-model.md").read_text(encoding="utf-8")
CONTROLS = DOCUMENT.read_text(encoding="utf-8")
KNOWN = {control.id: control for control in standard_controls().controls}
SERIES = re.compile(r"(RML-[A-Z0-9]+-)(\d+) to \1(\d+)")


def named(text: str) -> set[str]:
    """The controls that a text names, those of a series among them."""
    found = set(re.findall(r"RML-[A-Z0-9]+-\d+", text))
    for start, first, last in SERIES.findall(text):
        found |= {f"{start}{number}" for number in range(int(first), int(last) + 1)}
    return found


@pytest.mark.parametrize("text", [THREATS, CONTROLS], ids=["threat model", "controls"])
def test_every_control_that_is_named_exists(text: str) -> None:
    assert named(text) - set(KNOWN) == set()


def test_every_control_answers_a_threat() -> None:
    assert set(KNOWN) - named(THREATS) == set()


def test_the_table_of_controls_is_the_catalogues(sample: Path) -> None:
    assert written() == table(overview(load(sample))), "run python tests/security/controls_table.py"


def test_the_form_of_a_control_is_told_whole() -> None:
    for word in (*VERBS, *VALUES, *(set(Tightening.model_fields) - {"control"})):
        assert re.search(rf"`[^`\n]*\b{word}\b", CONTROLS), word


def test_rows_of_the_threat_model_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", THREATS, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    rows = [line for line in THREATS.splitlines() if re.match(r"\| \d+ \|", line)]
    assert all(line.count("|") == 5 for line in rows)


@pytest.mark.parametrize(
    "who",
    [
        "data scientist", "malicious dependency", "insider", "Stolen credentials", "Another team's",
        "platform team", "AWS CLI", "signed by hand", "notebook", "edits the guard", ".pth",
        "RML_ENV", "exception",
    ],
)  # fmt: skip
def test_those_who_could_do_something_are_there(who: str) -> None:
    assert who in THREATS


def test_what_the_guard_cannot_see_is_said_in_both() -> None:
    for text in (THREATS, CONTROLS):
        assert "AWS CLI" in text
        assert "signed by hand" in text

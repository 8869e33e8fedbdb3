"""How the tests of the validation report work, in words: from tests.yaml."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

FILE = Path(__file__).with_name("tests.yaml")
LABELS = {
    "purpose": "Purpose",
    "method": "How it works",
    "risk": "Signs of risk",
    "strengths": "Strengths",
    "limits": "Limits",
}


class Method(NamedTuple):
    """A test: what a reader has to know of it."""

    topic: str
    facts: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]


@cache
def methods() -> dict[str, Method]:
    """The tests by their keys, in the order of the report."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        key: Method(
            row["topic"],
            tuple((label, " ".join(row[name].split())) for name, label in LABELS.items()),
            tuple(row["answers"]),
        )
        for key, row in content.items()
    }

"""What a part of a document answers to, with the date of the last check: from regulation.yaml."""

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from regulated_ml.reports.elements import Table

FILE = Path(__file__).with_name("regulation.yaml")


class Clause(NamedTuple):
    """A place in a rule that a part of a document answers."""

    rule: str  # its key in regulation.yaml
    name: str
    place: str  # Art. 10; empty: the rule as a whole
    checked: str  # the month of the last check

    def __str__(self) -> str:
        return f"{self.name} {self.place}".rstrip() + f" (checked {self.checked})"


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def clauses(answers: Sequence[str], applies: Collection[str]) -> tuple[Clause, ...]:
    """The clauses that parts of these kinds answer, of the rules that apply; each once."""
    rules = _content()["rules"]
    found = (
        Clause(key, rules[key]["name"], str(place), str(rules[key]["checked"]))
        for answer in answers
        for key, place in _content()["answers"][answer].items()
        if key in applies
    )
    return tuple(dict.fromkeys(found))


def table(applies: Collection[str]) -> Table:
    """The rules that apply, their state, and on what ground it is told here."""
    sources = {"primary": "primary text", "secondary": "secondary sources that agree"}
    rows = tuple(
        (rule["title"], " ".join(rule["state"].split()), sources[rule["basis"]], rule["checked"])
        for key, rule in _content()["rules"].items()
        if key in applies
    )
    head = ("Rule", "State", "Read in", "Last check")
    return Table("The regulation that is answered", "llll", head, rows)

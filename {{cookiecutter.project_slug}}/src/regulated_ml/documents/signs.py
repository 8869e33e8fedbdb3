"""Signs of risk: sentences with an id, by which a person answers them in config/documents.yaml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from regulated_ml.documents.structure import Part
from regulated_ml.identifiers import Problem
from regulated_ml.settings.documents import Answer

FILE = Path(__file__).with_name("signs.yaml")


class Sign(str):
    """A sentence at which a reader stops; it is a text wherever a text is wanted.

    Args:
        id: a row of signs.yaml, and behind a colon what it is about.
        words: the sentence.
        answer: what a person says to it, who and when; empty: nobody has answered.
    """

    id: str
    answer: str

    def __new__(cls, id: str, words: str, answer: str = "") -> "Sign":
        """A text that carries its id."""
        if kind(id) not in known():
            raise ValueError(f"{FILE.name} has no sign {id}")
        sign = super().__new__(cls, words)
        sign.id, sign.answer = id, answer
        return sign


def kind(sign: str) -> str:
    """The row of signs.yaml that an id is of."""
    return sign.partition(":")[0]


@cache
def known() -> Mapping[str, Mapping[str, Any]]:
    """The rows of signs.yaml by their ids."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def bound(sign: str, name: str = "bound") -> float:
    """The bound from which on a sign is raised."""
    return float(known()[sign][name])


def answered(parts: Iterable[Part], answers: Sequence[Answer]) -> tuple[Part, ...]:
    """The parts, each sign with what a person says to it.

    An answer to an id answers every sign of it; one with a colon that one alone, and goes before.
    """
    said = {each.sign: f"{each.answer} ({each.by}, {each.when})" for each in answers}

    def with_answer(sign: str) -> str:
        if not isinstance(sign, Sign):
            return sign
        return Sign(sign.id, str(sign), said.get(sign.id, said.get(kind(sign.id), "")))

    return tuple(replace(part, signs=tuple(map(with_answer, part.signs))) for part in parts)


def problems(answers: Sequence[Answer], place: str) -> Iterator[Problem]:
    """Answers to signs that the documents do not have."""
    for number, each in enumerate(answers, start=1):
        if kind(each.sign) not in known():
            rule = f"a sign of risk is one of {', '.join(known())}"
            fix = "take the id that stands in the table of the validation report's summary"
            yield Problem(f"{place}: answers.{number}.sign", each.sign, rule, fix)

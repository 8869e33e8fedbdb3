"""What persons say of the model, in config/documents.yaml: the words that no record can hold.

A field says in its description what is asked. One that is still empty is open: the documents name
it at their top, and a version is not approved while there is one. So nothing here is required to
load the configuration; what is written must have its form.
"""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, Field

from regulated_ml.settings.base import Section

LONGEST = 8000  # characters of one text


def _text(value: Any) -> Any:
    return "" if value is None else value  # `purpose:` with nothing behind it


Text = Annotated[str, BeforeValidator(_text), Field(max_length=LONGEST)]
Word = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Level = Literal["high", "medium", "low"]
Rule = Literal["sr-26-2", "ss1-23", "reg-b", "fcra", "ai-act", "gdpr", "nist-ai-rmf"]

# What stands where nobody has written yet, in lower case and without signs around it.
PLACEHOLDERS = {"", "todo", "tbd", "tba", "tbc", "fixme", "xxx", "n/a", "na", "none", "to do"}


class Materiality(Section):
    """How much depends on the model."""

    tier: Annotated[
        Level | None, Field(description="the materiality tier: high, medium or low")
    ] = None
    reason: Annotated[
        Text, Field(description="why it has this tier: exposure, use, complexity")
    ] = ""


class Alternative(Section):
    """Another way that was tried."""

    what: Word
    result: Word


class Risk(Section):
    """What could go wrong, for clients or for the bank."""

    what: Word
    severity: Level
    treatment: Word
    owner: Word


class Overlay(Section):
    """An adjustment on top of the model, or a limit to its use."""

    what: Word
    reason: Word
    until: datetime.date


class Finding(Section):
    """What a validation has found."""

    what: Word
    severity: Level
    owner: Word
    due: datetime.date
    state: Literal["open", "closed"]


class Answer(Section):
    """What a person says to a sign of risk that the documents raise."""

    sign: Word  # its id, as the validation report's summary has it
    answer: Word
    by: Word
    when: datetime.date


class DataWords(Section):
    """What is known of the data beside the table."""

    collection: Annotated[
        Text, Field(description="how and when the rows were collected, and by whom")
    ] = ""
    legal_basis: Annotated[
        Text, Field(description="on what legal basis the data are used for this")
    ] = ""
    representativeness: Annotated[
        Text, Field(description="whom the rows stand for, whom they leave out, and what follows")
    ] = ""


class Oversight(Section):
    """What persons do beside the model."""

    review: Annotated[
        Text, Field(description="who reviews decisions, which ones, and may overrule them")
    ] = ""
    contesting: Annotated[
        Text, Field(description="how a client contests a decision and gets a person")
    ] = ""


class Monitoring(Section):
    """What happens after the deployment."""

    plan: Annotated[
        Text, Field(description="what is measured, how often, by whom, with which limits")
    ] = ""
    revalidation: Annotated[
        Text, Field(description="what leads to a new validation, beside the calendar")
    ] = ""
    next_validation: Annotated[
        datetime.date | None, Field(description="the day by which the model is validated again")
    ] = None


class Validation(Section):
    """What the validator says; written by them, not by the developer."""

    validator: Annotated[Text, Field(description="who validated, and why they are independent")] = (
        ""
    )
    scope: Annotated[
        Text, Field(description="what the validation covered, and what it did not")
    ] = ""
    conclusion: Annotated[
        Text, Field(description="the validator's conclusion, with its conditions")
    ] = ""


class Documents(Section):
    """What persons write for all of the documents."""

    applies: tuple[Rule, ...] = get_args(Rule)  # of the regulation that the documents answer
    purpose: Annotated[
        Text, Field(description="which decision the model serves, and why a model does it")
    ] = ""
    intended_use: Annotated[
        Text, Field(description="who uses the score, for which clients and products")
    ] = ""
    out_of_scope: Annotated[Text, Field(description="what the score must not be used for")] = ""
    business_owner: Annotated[
        Text, Field(description="who answers for the decisions in the business")
    ] = ""
    materiality: Materiality = Materiality()
    assumptions: Annotated[
        tuple[Word, ...] | None, Field(description="what has to be true for the model to be right")
    ] = None
    alternatives: Annotated[
        tuple[Alternative, ...] | None,
        Field(description="other models, features or targets that were tried, and how they did"),
    ] = None
    limits: Annotated[
        tuple[Word, ...] | None,
        Field(description="where the model is known to be weak or was not tested"),
    ] = None
    data: DataWords = DataWords()
    oversight: Oversight = Oversight()
    risks: Annotated[
        tuple[Risk, ...] | None,
        Field(description="the risks for clients and bank, each with its treatment and owner"),
    ] = None
    impact_assessment: Annotated[
        Text,
        Field(description="where the data protection and fundamental rights assessments are kept"),
    ] = ""
    overlays: Annotated[
        tuple[Overlay, ...] | None,
        Field(description="adjustments on top of the model and limits to its use; [] for none"),
    ] = None
    monitoring: Monitoring = Monitoring()
    validation: Validation = Validation()
    findings: Annotated[
        tuple[Finding, ...] | None,
        Field(description="what validations have found, with owner and date; [] for none"),
    ] = None
    answers: Annotated[
        tuple[Answer, ...],
        Field(description="what was done about the signs of risk of the documents; [] for none"),
    ] = ()


MAY_BE_NONE = ("overlays", "findings", "answers")  # an empty list of these is an answer


class Open(NamedTuple):
    """A field that nobody has filled in yet."""

    place: str  # materiality.reason
    asked: str


def open_fields(section: Section, above: str = "") -> Iterator[Open]:
    """The fields that are still empty, or hold a placeholder, in their order."""
    for name, field in type(section).model_fields.items():
        value, place = getattr(section, name), f"{above}{name}"
        if isinstance(value, Section):
            yield from open_fields(value, f"{place}.")
        elif field.description and _is_open(value, name):
            yield Open(place, field.description)
        elif field.description and isinstance(value, tuple):
            places = (each for entry in enumerate(value, 1) for each in _unsaid(place, *entry))
            yield from (Open(each, field.description) for each in places)


def _unsaid(list_place: str, number: int, entry: Any) -> Iterator[str]:
    """The places in an entry of a list that hold a placeholder: limits.2, findings.1.owner."""
    place = f"{list_place}.{number}"
    if not isinstance(entry, Section):
        yield from [place] if _is_open(entry, place) else []
        return
    for name in type(entry).model_fields:
        if _is_open(getattr(entry, name), name):
            yield f"{place}.{name}"


def _is_open(value: Any, name: str) -> bool:
    if isinstance(value, str):
        bare = value.casefold().strip(" \t\n.:?!-–…_<>[]()")
        return bare in PLACEHOLDERS or bare.startswith(("todo", "tbd", "fixme"))
    return value is None or (value == () and name not in MAY_BE_NONE)

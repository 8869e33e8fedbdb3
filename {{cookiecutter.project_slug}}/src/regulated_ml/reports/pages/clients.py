"""The section about single clients: how each score comes about.

The explain job has chosen them, as config/model.yaml says; identifiers are shown where it asks.
"""

from collections.abc import Mapping
from typing import Any

from regulated_ml.reports.elements import Card, Figure, Section, Table
from regulated_ml.reports.findings import explanation as findings
from regulated_ml.reports.inputs import SYNTHETIC, SiteInput
from regulated_ml.reports.plots import explanation as plots
from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    letter,
    plural,
    quantity,
    signed,
)

Json = Mapping[str, Any]

STEPS = 7  # features by name in a client's waterfall; the others together are one more step


def section(found: Json, site: SiteInput) -> Section | None:
    """The section, or None where no client was chosen."""
    entries = found["clients"]
    if not entries:
        return None
    cards = [_card(place, entry, site) for place, entry in enumerate(entries)]
    return Section(
        "Clients",
        findings.clients(entries),
        (_whose_values(site),),
        cards=tuple(cards),
    )


def _whose_values(site: SiteInput) -> str:
    """What a reader must know who sees the values of single clients."""
    if site.state is SYNTHETIC:
        return "The clients are drawn, like all rows of the twin: their values are nobody’s."
    if site.show_identifiers:
        return "The values and identifiers are those of clients: handle the page as such."
    return (
        "The values are those of clients: handle the page as such. Clients are named by letters, "
        "since the number of a row would tell who they are."
    )


def _name(place: int, entry: Json, site: SiteInput) -> str:
    name = f"Client {letter(place)}"
    if not site.show_identifiers:
        return name
    return f"{name} ({clean(entry.get('identifier', 'row ' + quantity(entry['row'])))})"


def _card(place: int, entry: Json, site: SiteInput) -> Card:
    words = site.vocabulary
    name = _name(place, entry, site)
    pushes = sorted(entry["contributions"], key=lambda one: -abs(one["contribution"]))
    top, rest = pushes[:STEPS], pushes[STEPS:]
    steps = [(_step(one, words), one["contribution"]) for one in top]
    if rest:
        together = sum(one["contribution"] for one in rest)
        steps.append((plural(len(rest), "other feature"), together))
    heading = findings.client(name, entry)
    drivers = findings.client_drivers(entry, words)
    rows = tuple(
        (
            words.name(p["feature"]),
            words.value(p["feature"], p["value"]),
            signed(p["contribution"], 3),
        )
        for p in pushes
    )
    average = ("Average of all clients", "", signed(entry["base_value"], 3))
    return Card(
        heading,
        Figure(
            f"client-{place}",
            plots.waterfall(entry["base_value"], steps),
            f"Waterfall of contributions: {heading}. {drivers}",
            "From the average client to this one: orange bars raise the score, blue ones lower it.",
            Table(
                f"{name}: all contributions",
                "llr",
                ("Feature", "Value", "Contribution"),
                (average, *rows),
            ),
        ),
        drivers,
        tuple(clean(reason["text"]) for reason in entry["reasons"]),
    )


def _step(one: Json, words: Vocabulary) -> str:
    value = words.meaning(one["feature"], one["value"]) or words.value(one["feature"], one["value"])
    return capital(f"{words.name(one['feature'])}: {value}")

"""Sentences about the table: its schema, what it lacks, what goes with the label."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.reports.words import capital, decimal, listing, percent, plural, short, whole

Json = Mapping[str, Any]
STRONG = 0.8  # a correlation from here on, in either direction, is called strong


def check(result: Json) -> str:
    """Whether the table keeps the rules of config/dataset.yaml."""
    remarks = len(result["remarks"])
    aside = f", with {plural(remarks, 'remark')}" if remarks else ", without a remark"
    if not result["violations"]:
        return f"The table keeps every rule of config/dataset.yaml{aside}"
    broken = plural(len(result["violations"]), "rule")
    return f"The table breaks {broken} of config/dataset.yaml{aside}"


def label(rate: float | None, rows: int, event: str) -> str:
    """How often the label is positive."""
    if not rows:
        return "The table has no rows"
    if rate is None:
        return f"The table has {plural(rows, 'row')}, and its label has no value"
    if rows == 1:
        return f"The table has one row, labelled “{short(event)}” or not: {percent(rate, 0)}"
    return f"{percent(rate)} of the {whole(rows)} rows are labelled “{short(event)}”"


class Span(NamedTuple):
    """A column, its groups' lowest and highest label rate, and the share of variance explained."""

    name: str
    low: float
    high: float
    explained: float


def label_rates(spans: Sequence[Span]) -> str:
    """Which column the label goes with most; the spans come in falling order of `explained`."""
    if not spans:
        return "No column has groups large enough to compare their label rates"
    first = spans[0]
    if percent(first.explained) == percent(0):
        return "The label rate hardly differs along any column"
    equal = [span for span in spans if percent(span.explained) == percent(first.explained)]
    if len(equal) > 1:
        names = listing([short(span.name, 60) for span in equal])
        return f"The label goes most, and about equally, with {names}"
    return (
        f"The label goes most with {short(first.name, 70)}: its rate lies between "
        f"{percent(first.low, 0)} and {percent(first.high, 0)}"
    )


def missing(shares: Sequence[tuple[str, float]], columns: int) -> str:
    """Which columns lack values; (name, share of the rows) of those that do."""
    lacking = sorted(shares, key=lambda one: -one[1])
    if not lacking:
        return f"No value is missing in any of the {plural(columns, 'column')}"
    name, share = lacking[0]
    if len(lacking) == 1:
        return f"Only {short(name, 70)} lacks values: in {percent(share)} of the rows"
    return (
        f"{plural(len(lacking), 'column')} of {columns} lack values, {short(name, 70)} most: "
        f"in {percent(share)} of the rows"
    )


def correlations(pairs: Sequence[tuple[str, str, float]]) -> str:
    """Which two columns go together most, and how many pairs do; strongest first."""
    if not pairs:
        return "No two columns can be compared"
    first, second, value = pairs[0]
    strong = sum(abs(pair[2]) >= STRONG for pair in pairs)
    names = f"{short(first, 60)} and {short(second, 60)}"
    if not strong:
        return f"No two columns go together closely: at most {decimal(value, 2)}, {names}"
    more = f"; {plural(strong, 'pair')} reach {STRONG} in either direction" if strong > 1 else ""
    how = "go together most" if value > 0 else "go against each other most"
    return f"{capital(names)} {how} (correlation {decimal(value, 2)}){more}"

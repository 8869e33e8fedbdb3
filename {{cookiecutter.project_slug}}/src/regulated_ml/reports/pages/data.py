"""The page about the table: its schema, its columns, what goes with the label."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.elements import Card, Figure, Page, Section, Table
from regulated_ml.reports.findings import data as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.plots import data as plots
from regulated_ml.reports.words import (
    Vocabulary,
    about,
    capital,
    clean,
    is_number,
    percent,
    plural,
    quantity,
    short,
    signed,
    whole,
)

Json = Mapping[str, Any]

ENOUGH = 30  # rows from which on a group's label rate is compared with others
SHOWN = 20  # columns in a picture; its table has them all
PAIRS = 20  # pairs in the table of correlations


def page(site: SiteInput) -> Page | None:
    """The page, or None where the table has not been described."""
    found = site.description
    if found is None:
        return None
    words = site.vocabulary
    rate = found["label"]["rate"] if found.get("label") else None
    sections = [
        schema(site),
        label_rates(found, words, rate),
        missing(found, words),
        _correlations(found, words),
        _columns(found, words, rate),
    ]
    finding = findings.label(rate, found["rows"], words.event)
    columns = plural(len(found["columns"]), "column")
    lead = f"The table {clean(site.data['name'])}: {plural(found['rows'], 'row')}, {columns}."
    return Page("data.html", "Data", finding, lead, tuple(s for s in sections if s))


def schema(site: SiteInput) -> Section | None:
    """What the check of the table has found, or None where it was not made."""
    result = site.check
    if result is None:
        return None
    tables = [
        _problems(caption, result[key], site)
        for caption, key in (("Violations", "violations"), ("Remarks", "remarks"))
        if result[key]
    ]
    text = ("The command rml data check lists the rows and values of each.",) if tables else ()
    return Section("Schema", findings.check(result), text, tables=tuple(tables))


def _problems(caption: str, entries: Sequence[Json], site: SiteInput) -> Table:
    rows = tuple(
        (
            clean(entry["column"] or "whole rows"),
            clean(entry["rule"]),
            _examples(entry, site),
            whole(entry["count"]),
        )
        for entry in entries
    )
    return Table(caption, "lllr", ("Column", "Rule", "For example", "Rows"), rows)


def _examples(entry: Json, site: SiteInput) -> str:
    """Only codes that config/dataset.yaml lists: any other value may be a single client's."""
    column, examples = entry["column"], entry["examples"]
    if not (site.show_identifiers and site.vocabulary.is_identifier(column)):
        examples = [code for code in examples if site.vocabulary.lists(column, code)]
    return ", ".join(map(short, examples)) or "not shown"


def explained(column: Json) -> float:
    """The share of the label's variance that lies between a column's groups, from 0 to 1.

    The correlation ratio (Fisher, Statistical Methods for Research Workers, section 45). Groups
    count by their rows, so that a handful of clients cannot put a column first.
    """
    groups = [g for g in column.get("groups") or () if is_number(g["label_rate"]) and g["rows"]]
    rows = sum(g["rows"] for g in groups)
    rate = sum(g["rows"] * g["label_rate"] for g in groups) / rows if rows else 0
    between = sum(g["rows"] * (g["label_rate"] - rate) ** 2 for g in groups)
    return between / rows / (rate * (1 - rate)) if 0 < rate < 1 else 0.0


def _rated(column: Json) -> list[float]:
    """The label rates of a column's groups that are large enough to be compared."""
    groups = column.get("groups") or ()
    return [g["label_rate"] for g in groups if g["rows"] >= ENOUGH and is_number(g["label_rate"])]


def label_rates(found: Json, words: Vocabulary, rate: float | None) -> Section | None:
    """How much the label's rate differs with each column."""
    if rate is None:
        return None
    columns = [(column, _rated(column)) for column in found["columns"]]
    columns = [(c, rates) for c, rates in columns if len(rates) > 1 and c["role"] != "label"]
    columns.sort(key=lambda item: -explained(item[0]))
    spans = [
        findings.Span(words.name(c["name"]), min(rates), max(rates), explained(c))
        for c, rates in columns
    ]
    finding = findings.label_rates(spans)
    if not columns:
        return Section("Label rate", finding)
    rows = tuple(
        (
            span.name,
            clean(c["name"]),
            percent(span.low),
            percent(span.high),
            percent(span.explained),
        )
        for (c, _), span in zip(columns, spans, strict=True)
    )
    head = ("Column", "Name", "Lowest", "Highest", "Explained")
    top = columns[:SHOWN]
    return Section(
        "Label rate",
        finding,
        (
            "The rows are grouped by the codes or the size of each column in turn. Columns are in "
            "the order of how much of the label’s variance lies between their groups.",
        ),
        Figure(
            "label-rates",
            plots.label_rates(
                [capital(span.name) for span in spans[:SHOWN]], [rates for _, rates in top], rate
            ),
            f"Label rate by group of each column: {finding}.",
            "Each dot is a group of rows; the further apart the dots of a line, the more the "
            f"column tells about the label by itself. Groups below {ENOUGH} rows are left out.",
            Table("Label rates by column", "llrrr", head, rows),
        ),
    )


def missing(found: Json, words: Vocabulary) -> Section:
    """Where values are missing."""
    rows = found["rows"] or 1
    lacking = [c for c in found["columns"] if c["missing"]]
    lacking.sort(key=lambda column: -column["missing"])
    shares = [(words.name(c["name"]), c["missing"] / rows) for c in lacking]
    finding = findings.missing(shares, len(found["columns"]))
    if not lacking:
        return Section("Missing values", finding)
    table = tuple(
        (name, clean(c["name"]), whole(c["missing"]), percent(share))
        for c, (name, share) in zip(lacking, shares, strict=True)
    )
    top = shares[:SHOWN]
    return Section(
        "Missing values",
        finding,
        (),
        Figure(
            "missing",
            plots.missing([capital(name) for name, _ in top], [share for _, share in top]),
            f"Share of rows without a value: {finding}.",
            "Columns that are complete are not shown.",
            Table("Missing values", "llrr", ("Column", "Name", "Rows", "Share"), table),
        ),
    )


def _correlations(found: Json, words: Vocabulary) -> Section | None:
    names = found["correlations"]["columns"]
    matrix = found["correlations"]["matrix"]
    pairs = [
        (words.name(names[a]), words.name(names[b]), matrix[a][b])
        for a in range(len(names))
        for b in range(a)
        if is_number(matrix[a][b])
    ]
    pairs.sort(key=lambda pair: -abs(pair[2]))
    finding = findings.correlations(pairs)
    if not pairs:
        return Section("Correlations", finding)
    rows = tuple((a, b, signed(value)) for a, b, value in pairs[:PAIRS])
    caption = f"The {min(PAIRS, len(pairs))} closest of {whole(len(pairs))} pairs"
    return Section(
        "Correlations",
        finding,
        ("Columns that say nearly the same share their importance in the model.",),
        Figure(
            "correlations",
            plots.correlations(names, matrix),
            f"Correlation of each pair of columns: {finding}.",
            "Blue: both rise together. Brown: one falls where the other rises. The numbers below "
            "the columns are those beside the rows.",
            Table(caption, "llr", ("Column", "Column", "Correlation"), rows),
            dense=len(names) > plots.MAPPED,
        ),
    )


def _columns(found: Json, words: Vocabulary, rate: float | None) -> Section | None:
    cards = [
        _column_card(place, column, words, rate)
        for place, column in enumerate(found["columns"])
        if column.get("groups")
    ]
    if not cards:
        return None
    return Section(
        "Columns",
        f"How the values of {plural(len(cards), 'column')} spread",
        (
            "Above: how many rows have which values; of numbers, the outermost 1% on each side lie "
            "outside the picture. Below: the label rate in groups of values; dashed: of all rows.",
        ),
        cards=tuple(cards),
        columns=3,
    )


def _column_card(place: int, column: Json, words: Vocabulary, rate: float | None) -> Card:
    title = capital(words.describe(column["name"]))
    name, summary = clean(column["name"]), column_summary(column, words)
    rows = tuple(
        (clean(g["text"]), whole(g["rows"]), percent(g["share"]), percent(g["label_rate"]))
        for g in column["groups"]
    )
    head = ("Value", "Rows", "Share", "Label rate")
    table = Table(f"{title} ({name})", "lrrr", head, rows)
    figure = Figure(f"column-{place}", _drawn(column, rate), f"{title}: {summary}", "", table)
    return Card(title, figure, f"{name}, {clean(column['role'])}. {summary}")


def _drawn(column: Json, rate: float | None) -> str:
    groups, quantiles = column["groups"], column.get("quantiles")
    overall = rate if column["role"] != "label" else None
    if quantiles and all(is_number(g.get("low")) for g in groups):
        low, high = quantiles["0.01"], quantiles["0.99"]
        if low == high:
            low, high = groups[0]["low"], groups[-1]["high"]
        if low < high:
            return plots.numbers(groups, (low, high), overall)
    return plots.codes(groups, overall)


def column_summary(column: Json, words: Vocabulary) -> str:
    """A column in one sentence: middle and ends, or the most frequent value; what is missing."""
    if is_number(column.get("median")):
        unit = f" {words.unit(column['name'])}" if words.unit(column["name"]) else ""
        low, high = about(column["minimum"]), about(column["maximum"])
        text = f"Median {quantity(column['median'])}{unit}, from about {low} to about {high}."
    else:
        most = max(column["groups"], key=lambda group: group["rows"])
        text = f"Most often {clean(most['text'])} ({percent(most['share'], 0)})."
    lacking = f" {plural(column['missing'], 'value')} missing." if column["missing"] else ""
    return text + lacking

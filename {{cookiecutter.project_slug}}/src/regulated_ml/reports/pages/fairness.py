"""The page about fairness: what decisions and scores are like for each protected group."""

from collections.abc import Iterator, Mapping
from typing import Any

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.findings import fairness as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages import proxies
from regulated_ml.reports.plots import groups as plots
from regulated_ml.reports.plots.groups import Dot, Scale
from regulated_ml.reports.words import (
    NOTHING,
    Vocabulary,
    capital,
    decimal,
    interval,
    is_number,
    percent,
    quantity,
    whole,
)

Json = Mapping[str, Any]
UNKNOWN = "Nobody can say how groups are treated: no column is declared protected"
DECLARE = (
    "Columns of role “protected” in config/dataset.yaml are measured and not learnt from. Without "
    "one nothing is compared here, which does not mean that nothing differs."
)
JOINT = (
    "The intervals of ratios and gaps hold for all pairs of an attribute’s groups at once, since "
    "the most extreme pair is picked out of them."
)


def page(site: SiteInput) -> Page | None:
    """The page, or None where it was not measured."""
    found, words = site.fairness, site.vocabulary
    if found is None:
        return None
    if not found["attributes"]:
        return Page("fairness.html", "Fairness", UNKNOWN, DECLARE, ())
    by_group = (site.explanation or {}).get("reasons_by_group")
    sections = [
        _selection(found, words),
        _rate(found, "tpr", "True positive rate", words),
        _rate(found, "fpr", "False positive rate", words),
        _calibration(found, words),
        _ranking(found, words),
        proxies.section(found, words),
        proxies.reasons(by_group, words) if by_group else None,
    ]
    small = findings.small(found, words)
    lead = (
        f"Measured on {whole(found['rows'])} rows at the threshold "
        f"{quantity(found['threshold'])}; accepted is who scores below it. Protected attributes "
        f"are measured here and not learnt from. {small}"
    )
    headline = findings.headline(found, words)
    chosen = tuple(section for section in sections if section)
    return Page("fairness.html", "Fairness", headline, lead.strip(), chosen)


def judged(found: Json) -> Iterator[tuple[Json, Json]]:
    """Each attribute with each of its groups that is large enough."""
    for attribute in found["attributes"]:
        for entry in attribute["groups"]:
            if entry["enough"]:
                yield attribute, entry


def _selection(found: Json, words: Vocabulary) -> Section:
    finding = findings.headline(found, words)
    entries = [
        Dot(capital(findings.group(attribute, entry["name"], words)), ratio)
        for attribute, entry in judged(found)
        if (ratio := entry.get("selection_ratio"))
    ]
    text = (
        "Each group’s rate is held against that of the group which is accepted most often. Below "
        "four fifths (0.8), the rule of thumb of 29 CFR 1607.4(D), a difference is looked into.",
        JOINT,
    )
    if not entries:
        return Section("Selection rate", finding, text, tables=(_selection_table(found, words),))
    scale = Scale("acceptance rate as a share of the reference’s; dashed: 0.8", False,
                  found["four_fifths"], (found["four_fifths"], 1.0))  # fmt: skip
    return Section(
        "Selection rate",
        finding,
        text,
        Figure(
            "selection",
            plots.dots(entries, scale),
            f"Selection rate of each group over the highest: {finding}.",
            "The dot is the ratio, the bar its interval; the group accepted most often is 1 and "
            "not drawn.",
            _selection_table(found, words),
        ),
    )


def _selection_table(found: Json, words: Vocabulary) -> Table:
    head = ("Group", "Rows", "Share", "Positives", "Accepted", "Interval", "Ratio", "Its interval")
    rows = []
    for attribute in found["attributes"]:
        for entry in attribute["groups"]:
            rate, ratio = entry.get("selection_rate"), entry.get("selection_ratio")
            reference = entry["name"] == attribute["reference"]
            rows.append(
                (
                    findings.group(attribute, entry["name"], words),
                    whole(entry["rows"]),
                    percent(entry["share"]),
                    whole(entry["positives"]),
                    percent(rate["value"]) if rate else "too few rows",
                    between(rate),
                    "reference" if reference else decimal(ratio["value"]) if ratio else NOTHING,
                    interval(ratio),
                )
            )
    return Table("Decisions by group", "l" + "r" * 7, head, tuple(rows))


def _rate(found: Json, name: str, topic: str, words: Vocabulary) -> Section | None:
    entries = [
        Dot(capital(findings.group(attribute, entry["name"], words)), entry[name])
        for attribute, entry in judged(found)
        if entry[name]
    ]
    overall = found["overall"][name]
    if not entries or not overall:
        return None
    finding = findings.rate(found, name, words)
    rows = tuple(
        (dot.label, whole(dot.estimate["rows"]), percent(dot.estimate["value"]),
         between(dot.estimate))
        for dot in entries
    )  # fmt: skip
    meaning = findings.RATES[name]
    scale = Scale(f"share of the {meaning}; dashed: all clients", line=overall["value"])
    return Section(
        topic,
        finding,
        (f"The {topic.lower()} is the share of the {meaning}.",),
        Figure(
            name,
            plots.dots(entries, scale),
            f"{topic} by group: {finding}.",
            "The dot is the rate, the bar its interval.",
            Table(f"{topic} by group", "lrrr", ("Group", "Counted", "Rate", "Interval"), rows),
        ),
    )


def _calibration(found: Json, words: Vocabulary) -> Section | None:
    entries = [
        Dot(
            capital(findings.group(attribute, entry["name"], words)),
            entry["calibration"]["observed"],
            entry["calibration"]["predicted"],
        )
        for attribute, entry in judged(found)
    ]
    if not entries:
        return None
    finding = findings.calibration(found, words)
    rows = tuple(
        (dot.label, percent(dot.predicted), percent(dot.estimate["value"]), between(dot.estimate))
        for dot in entries
    )
    head = ("Group", "Predicted", "Observed", "Observed, interval")
    return Section(
        "Calibration by group",
        finding,
        ("A score that is too high for a group declines clients that are as good as others.",),
        Figure(
            "calibration-by-group",
            plots.dots(entries, Scale("rate of the label; stroke: mean score")),
            f"Observed and predicted rate by group: {finding}.",
            "The dot is the observed rate, the bar its interval, the upright stroke the mean "
            "score.",
            Table("Calibration by group", "lrrr", head, rows),
        ),
    )


def _ranking(found: Json, words: Vocabulary) -> Section | None:
    entries = [
        Dot(capital(findings.group(attribute, entry["name"], words)), entry["auc"])
        for attribute, entry in judged(found)
        if entry["auc"]
    ]
    overall = found["overall"]["auc"]
    if not entries or not overall:
        return None
    worst = min(entries, key=lambda dot: float(dot.estimate["value"]))
    finding = (
        f"The model ranks worst among “{worst.label}”: AUC {decimal(worst.estimate['value'])} "
        f"(interval {interval(worst.estimate)}), {decimal(overall['value'])} among all"
    )
    rows = tuple((dot.label, decimal(dot.estimate["value"]), interval(dot.estimate))
                 for dot in entries)  # fmt: skip
    return Section(
        "AUC by group",
        finding,
        (),
        Figure(
            "auc-by-group",
            plots.dots(entries, Scale("AUC; dashed: all clients", False, overall["value"])),
            f"AUC by group: {finding}.",
            "The dot is the AUC among the clients of the group, the bar its interval.",
            Table("AUC by group", "lrr", ("Group", "AUC", "Interval"), rows),
        ),
    )


def between(estimate: Json | None) -> str:
    """An interval of shares: 84.1% to 86.2%."""
    if not estimate or not is_number(estimate.get("low")) or not is_number(estimate.get("high")):
        return NOTHING
    return f"{percent(estimate['low'])} to {percent(estimate['high'])}"

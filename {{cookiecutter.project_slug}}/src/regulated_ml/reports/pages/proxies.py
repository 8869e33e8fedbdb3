"""The sections about proxies: what gives an attribute away, and what each group is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.elements import Figure, Section, Table
from regulated_ml.reports.findings import fairness as findings
from regulated_ml.reports.plots import groups as plots
from regulated_ml.reports.plots.groups import Dot, Scale
from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    decimal,
    interval,
    listing,
    percent,
    points,
    short,
    whole,
)

Json = Mapping[str, Any]
SHOWN = 8  # reasons in the picture; its table has them all
TOLD = 10  # features of each attribute in the table


def section(found: Json, words: Vocabulary) -> Section | None:
    """How well the features tell each group."""
    told = [entry for entry in found["proxies"] if entry["auc"]]
    if not told:
        return None
    finding = findings.proxies(found, words)
    entries = [
        Dot(capital(findings.group(entry, group["name"], words)), group["auc"])
        for entry in told
        for group in entry["groups"]
    ]
    rows = tuple((dot.label, decimal(dot.estimate["value"]), interval(dot.estimate))
                 for dot in entries)  # fmt: skip
    text = (
        "Trees are fitted to tell each group from the others by the model’s own features, and "
        "judged on rows they have not seen. A feature that tells a group is no proof of unfair "
        "decisions: it says where to look.",
        *_left_out(told),
    )
    scale = Scale("AUC of telling the group from the others; dashed: 0.5, chance", False, 0.5)
    return Section(
        "Proxies",
        finding,
        text,
        Figure(
            "proxies",
            plots.dots(entries, scale),
            f"How well the features tell each protected group: {finding}.",
            "The dot is the AUC, the bar its interval. At the dashed line nothing is given away.",
            Table("How well each group is told", "lrr", ("Group", "AUC", "Interval"), rows),
        ),
        tables=tuple(_features(entry, words) for entry in told),
    )


def _left_out(told: Sequence[Json]) -> tuple[str, ...]:
    names = list(dict.fromkeys(short(name) for entry in told for name in entry["left_out"]))
    if not names:
        return ()
    return (f"Left out of the search, being protected themselves: {listing(names, 6)}.",)


def _features(entry: Json, words: Vocabulary) -> Table:
    """The features that tell an attribute best, each alone."""
    rows = tuple(
        (
            clean(feature["name"]),
            words.describe(feature["name"]) if feature["name"] in words.columns
            else clean(feature["description"]),
            clean(feature["group"]),
            decimal(feature["auc"]),
            percent(feature["share"]),
        )
        for feature in entry["features"][:TOLD]
    )  # fmt: skip
    head = ("Feature", "Meaning", "Tells best", "AUC alone", "Share of all trees’ gain")
    return Table(f"What tells {words.name(entry['name'])}", "lllrr", head, rows)


def reasons(attributes: Sequence[Json], words: Vocabulary) -> Section:
    """Which reasons are told to one group more often than to another."""
    finding = findings.reasons(attributes, words)
    gaps = sorted(
        ((gap, attribute) for attribute in attributes for gap in attribute["gaps"]),
        key=lambda pair: -float(pair[0]["value"]),
    )
    if not gaps:
        return Section("Reason codes by group", finding)
    entries = [
        Dot(f"{gap['text']} – {_pair(gap, attribute, words)}", gap)
        for gap, attribute in gaps[:SHOWN]
    ]
    scale = Scale("difference between the shares that are told it; dashed: none", line=0.0)
    return Section(
        "Reason codes by group",
        finding,
        (
            "Of the declined clients of each group, the share that is told a reason; the two "
            "groups that differ most. The intervals of all reasons and pairs hold at once.",
        ),
        Figure(
            "reasons-by-group",
            plots.dots(entries, scale),
            f"Differences between groups in what declined clients are told: {finding}.",
            "The dot is the difference, the bar its interval.",
            Table(
                "Differences between groups in the reasons told",
                "llrr",
                ("Reason", "More often / less often", "Difference", "Interval"),
                tuple(
                    (
                        clean(gap["text"]),
                        _pair(gap, attribute, words),
                        points(gap["value"]),
                        f"{points(gap['low'])} to {points(gap['high'])}",
                    )
                    for gap, attribute in gaps
                ),
            ),
        ),
        tables=tuple(_told(attribute, words) for attribute in attributes if attribute["gaps"]),
    )


def _pair(gap: Json, attribute: Json, words: Vocabulary) -> str:
    name = words.name(attribute["name"])
    return f"{name}: {short(gap['highest'])} / {short(gap['lowest'])}"


def _told(attribute: Json, words: Vocabulary) -> Table:
    """Each reason with the share of each group's declined clients that are told it."""
    groups = [group for group in attribute["groups"] if group["enough"]]
    texts = [reason["text"] for reason in groups[0]["reasons"]]
    shares = [{reason["text"]: reason["value"] for reason in group["reasons"]} for group in groups]
    rows = [
        ("Declined clients", *(whole(group["declined"]) for group in groups)),
        *((clean(text), *(percent(each[text]) for each in shares)) for text in texts),
    ]
    head = ("Reason", *(clean(group["name"]) for group in groups))
    caption = f"Reasons by {words.name(attribute['name'])}"
    return Table(caption, "l" + "r" * len(groups), head, tuple(rows))

"""The page about the explanation: which features move the score, in general and for one client."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from regulated_ml.reports.elements import Card, Figure, Page, Section, Table
from regulated_ml.reports.findings import explanation as findings
from regulated_ml.reports.inputs import SYNTHETIC, SiteInput
from regulated_ml.reports.plots import explanation as plots
from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    decimal,
    letter,
    percent,
    plural,
    quantity,
    short,
    signed,
    whole,
)

Json = Mapping[str, Any]

SHOWN = 10  # features in a picture; its table has them all
STEPS = 7  # features by name in a client's waterfall; the others together are one more step
LEVELS_HEAD = ("Value", "Rows", "Median contribution")


def page(site: SiteInput) -> Page | None:
    """The page, or None where nothing has been explained."""
    found = site.explanation
    if found is None:
        return None
    words = site.vocabulary
    sections = [
        _importance(found["features"], words),
        _beeswarm(found, words),
        _dependence(found, words),
        _clients(found, site),
        _reasons(found, words),
        _additivity(found),
    ]
    lead = (
        f"Contributions by TreeSHAP on {whole(found['rows'])} rows, in log-odds: a client’s "
        "contributions and the average add up to the score. They say what moved the score, not "
        "what would change the client’s behaviour."
    )
    finding = findings.importance(_described(found["features"], words))
    return Page("explanation.html", "Explanation", finding, lead, tuple(s for s in sections if s))


def _described(features: Sequence[Json], words: Vocabulary) -> list[Json]:
    """The features under the names that the page calls them by."""
    return [{**f, "description": _label(f, words)} for f in features]


def _label(feature: Json, words: Vocabulary) -> str:
    """A column's name from dataset.yaml; a feature that the team made has the job's description."""
    if feature["name"] in words.columns:
        return words.name(feature["name"])
    return clean(feature.get("description") or feature["name"])


def _importance(features: Sequence[Json], words: Vocabulary) -> Section:
    top = features[:SHOWN]
    labels = [_label(feature, words) for feature in top]
    share = percent(sum(feature["share"] for feature in top), 0)
    rows = tuple(
        (
            _label(feature, words),
            clean(feature["name"]),
            decimal(feature["mean_absolute"]),
            percent(feature["share"]),
            signed(feature["mean"], 3),
            decimal(feature.get("gain"), 1),
        )
        for feature in features
    )
    head = ("Feature", "Column", "Mean |contribution|", "Share", "Mean", "Gain")
    finding = (
        f"The {len(top)} features that matter most make up {share} of all movement of the score"
        if len(features) > len(top)
        else f"The score rests on {plural(len(features), 'feature')}"
    )
    parts = [f"{label} {percent(f['share'])}" for label, f in zip(labels, top, strict=True)]
    return Section(
        "Importance",
        finding,
        ("Importance is the mean absolute contribution over all explained rows.",),
        Figure(
            "importance",
            plots.importance(
                [capital(label) for label in labels],
                [f["mean_absolute"] for f in top],
                [f["share"] for f in top],
            ),
            f"Features by mean absolute contribution: {'; '.join(parts)}.",
            "The longer the bar, the further the feature moves scores on average, up or down. The "
            "percentage is its share of all features’ movement.",
            Table("All features", "llrrrr", head, rows),
        ),
    )


def _beeswarm(found: Json, words: Vocabulary) -> Section | None:
    sample = found["beeswarm"]
    if not sample["contributions"]:
        return None
    labels = {feature["name"]: _label(feature, words) for feature in found["features"]}
    order = [feature["name"] for feature in found["features"]][:SHOWN]
    places = [sample["features"].index(name) for name in order]
    values = [plots.as_numbers([row[place] for row in sample["values"]]) for place in places]
    pushes = np.array(sample["contributions"], dtype=float)
    finding = findings.beeswarm(
        [labels.get(name, clean(name)) for name in sample["features"]], list(pushes.T)
    )
    quantiles = np.quantile(pushes, (0, 0.05, 0.5, 0.95, 1), axis=0)
    rows = tuple(
        (labels[name], *(signed(float(quantiles[q, place]), 3) for q in range(5)))
        for name, place in zip(order, places, strict=True)
    )
    head = ("Feature", "Lowest", "5%", "Median", "95%", "Highest")
    return Section(
        "Contributions",
        finding,
        (),
        Figure(
            "beeswarm",
            plots.beeswarm(
                [capital(labels[name]) for name in order], values, [pushes[:, p] for p in places]
            ),
            f"Contributions of {whole(sample['sample'])} clients to their scores: {finding}.",
            "Each dot is a client: on the right the feature raised the score, on the left it "
            "lowered it. Orange dots have high values of the feature, blue ones low values, grey "
            "ones none.",
            Table("Contributions in the sample", "lrrrrr", head, rows),
        ),
    )


def _dependence(found: Json, words: Vocabulary) -> Section | None:
    labels = {feature["name"]: _label(feature, words) for feature in found["features"]}
    cards = [
        _dependence_card(place, labels.get(cloud.name, clean(cloud.name)), cloud, words)
        for place, cloud in enumerate(_clouds(found))
    ]
    if not cards:
        return None
    return Section(
        "Dependence",
        f"How the score goes with the values of {plural(len(cards), 'feature')}",
        (
            "Each dot is a client. What looks like a cause need not be one: features that go "
            "together share their contributions. The headings compare medians over groups of at "
            f"least {findings.COMPARED} clients, where there are such.",
        ),
        cards=tuple(cards),
    )


def _clouds(found: Json) -> list[findings.Cloud]:
    """The features with a value in the sample, the one that matters most first."""
    order = {feature["name"]: place for place, feature in enumerate(found["features"])}
    clouds = []
    for name in sorted(found["dependence"], key=lambda name: order.get(name, len(order))):
        points = found["dependence"][name]
        values, pushes = (plots.as_numbers(points[key]) for key in ("values", "contributions"))
        known = ~(np.isnan(values) | np.isnan(pushes))
        if known.any():
            codes = [clean(code) for code in points.get("codes") or ()]
            clouds.append(findings.Cloud(name, values[known], pushes[known], codes))
    return clouds


def _dependence_card(place: int, label: str, cloud: findings.Cloud, words: Vocabulary) -> Card:
    levels = findings.levels(cloud, words)
    finding = findings.dependence(label, levels)
    unit = f" ({words.unit(cloud.name)})" if words.unit(cloud.name) else ""
    rows = tuple((level.text, whole(level.rows), signed(level.median)) for level in levels)
    reading = "Above the line the score is raised, below it is lowered."
    if not cloud.codes and len(np.unique(cloud.values)) > plots.FEW:
        reading += f" The outermost {2 * plots.TAIL:.0f}% of the values lie outside the picture."
    return Card(
        finding,
        Figure(
            f"dependence-{place}",
            plots.dependence(short(label + unit, 60), cloud.values, cloud.pushes, cloud.codes),
            f"Contribution by value: {finding}.",
            reading,
            Table(f"{capital(label)}: contribution by value", "lrr", LEVELS_HEAD, rows),
        ),
    )


def _clients(found: Json, site: SiteInput) -> Section | None:
    entries = found["clients"]
    if not entries:
        return None
    cards = [_client_card(place, entry, site) for place, entry in enumerate(entries)]
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


def _client_name(place: int, entry: Json, site: SiteInput) -> str:
    name = f"Client {letter(place)}"
    if not site.show_identifiers:
        return name
    return f"{name} ({clean(entry.get('identifier', 'row ' + quantity(entry['row'])))})"


def _client_card(place: int, entry: Json, site: SiteInput) -> Card:
    words = site.vocabulary
    name = _client_name(place, entry, site)
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


def _reasons(found: Json, words: Vocabulary) -> Section:
    declined, frequencies = found["declined"], found["reason_frequency"]
    finding = findings.reasons(frequencies, declined)
    if not declined or not frequencies:
        return Section("Reason codes", finding)
    top = frequencies[:SHOWN]
    rows = tuple(
        (
            clean(entry["text"]),
            clean(entry["feature"]),
            whole(entry["clients"]),
            percent(entry["share"]),
        )
        for entry in frequencies
    )
    return Section(
        "Reason codes",
        finding,
        (
            f"{plural(declined, 'client')} of the sample would be declined. Each is given the "
            "reasons that raised its own score most; protected attributes are never among them.",
            *(
                f"{capital(words.name(entry['feature']))} is protected and would have been a "
                f"reason for {plural(entry['clients'], 'client')}: it moves scores unnamed."
                for entry in found.get("withheld_reasons") or ()
            ),
        ),
        Figure(
            "reasons",
            plots.reasons([entry["text"] for entry in top], [entry["share"] for entry in top]),
            f"Reasons given to declined clients: {finding}.",
            "The bar is the share of the declined clients that are given the reason; a client can "
            "have several.",
            Table("All reasons", "llrr", ("Reason", "Column", "Clients", "Share"), rows),
        ),
    )


def _additivity(found: Json) -> Section:
    return Section(
        "Additivity",
        findings.additivity(found["additivity"]),
        ("A sum that is off would mean that the pictures explain another model.",),
    )

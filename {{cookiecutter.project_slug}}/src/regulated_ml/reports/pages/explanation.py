"""The page about the explanation: which features move the score, in general and for one client.

The sections about single features and single clients are in modules of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.findings import explanation as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages import clients, dependence
from regulated_ml.reports.pages.dependence import feature_label
from regulated_ml.reports.plots import explanation as plots
from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    decimal,
    percent,
    plural,
    signed,
    whole,
)

Json = Mapping[str, Any]

SHOWN = 10  # features in a picture; its table has them all


def page(site: SiteInput) -> Page | None:
    """The page, or None where nothing has been explained."""
    found = site.explanation
    if found is None:
        return None
    words = site.vocabulary
    sections = [
        _importance(found["features"], words),
        _beeswarm(found, words),
        dependence.section(found, words),
        clients.section(found, site),
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
    return [{**f, "description": feature_label(f, words)} for f in features]


def _importance(features: Sequence[Json], words: Vocabulary) -> Section:
    top = features[:SHOWN]
    labels = [feature_label(feature, words) for feature in top]
    share = percent(sum(feature["share"] for feature in top), 0)
    rows = tuple(
        (
            feature_label(feature, words),
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
    labels = {feature["name"]: feature_label(feature, words) for feature in found["features"]}
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

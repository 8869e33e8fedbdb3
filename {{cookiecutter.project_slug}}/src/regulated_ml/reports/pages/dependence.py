"""The section about how the score goes with the values of each feature."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from regulated_ml.reports.elements import Card, Figure, Section, Table
from regulated_ml.reports.findings import dependence as findings
from regulated_ml.reports.plots import explanation as plots
from regulated_ml.reports.words import Vocabulary, capital, clean, plural, short, signed, whole

Json = Mapping[str, Any]

HEAD = ("Value", "Rows", "Median contribution")


def feature_label(feature: Json, words: Vocabulary) -> str:
    """A column's name from dataset.yaml; a feature that the team made has the job's description."""
    if feature["name"] in words.columns:
        return words.name(feature["name"])
    return clean(feature.get("description") or feature["name"])


def section(found: Json, words: Vocabulary) -> Section | None:
    """The section, or None where no feature has enough values in the sample."""
    labels = {feature["name"]: feature_label(feature, words) for feature in found["features"]}
    cards = [
        _card(place, labels.get(cloud.name, clean(cloud.name)), cloud, words)
        for place, cloud in enumerate(_clouds(found))
    ]
    if not cards:
        return None
    return Section(
        "Dependence",
        f"How the score goes with the values of {plural(len(cards), 'feature')}",
        (
            "Each dot is a client. What looks like a cause need not be one: features that go "
            "together share their contributions. Groups have "
            f"{findings.SHARED} clients or more, so that none tells of a single one.",
        ),
        cards=tuple(cards),
    )


def _clouds(found: Json) -> list[findings.Cloud]:
    """The features with enough values in the sample, the one that matters most first."""
    order = {feature["name"]: place for place, feature in enumerate(found["features"])}
    clouds = []
    for name in sorted(found["dependence"], key=lambda name: order.get(name, len(order))):
        points = found["dependence"][name]
        values, pushes = (plots.as_numbers(points[key]) for key in ("values", "contributions"))
        known = ~(np.isnan(values) | np.isnan(pushes))
        codes = [clean(code) for code in points.get("codes") or ()]
        cloud = findings.Cloud(name, values[known], pushes[known], codes)
        if len(_drawn(cloud).values) >= findings.SHARED:
            clouds.append(cloud)
    return clouds


def _drawn(cloud: findings.Cloud) -> findings.Cloud:
    """The clients in the picture. Where values can be told apart, only those that many share."""
    return cloud.of_shared_values() if plots.told_apart(cloud.values, cloud.codes) else cloud


def _card(place: int, label: str, cloud: findings.Cloud, words: Vocabulary) -> Card:
    levels = findings.levels(cloud, words)
    finding = findings.dependence(label, levels)
    unit = f" ({words.unit(cloud.name)})" if words.unit(cloud.name) else ""
    rows = tuple((level.text, whole(level.rows), signed(level.median)) for level in levels)
    reading = "Above the line the score is raised, below it is lowered."
    drawn = _drawn(cloud)
    if len(drawn.values) < len(cloud.values):
        reading += f" Values of fewer than {findings.SHARED} clients are not in the picture."
    if not plots.told_apart(cloud.values, cloud.codes):
        reading += f" The outermost {2 * plots.TAIL:.0f}% of the values lie outside the picture."
    return Card(
        finding,
        Figure(
            f"dependence-{place}",
            plots.dependence(short(label + unit, 60), drawn.values, drawn.pushes, drawn.codes),
            f"Contribution by value: {finding}.",
            reading,
            Table(f"{capital(label)}: contribution by value", "lrr", HEAD, rows),
        ),
    )

"""The sections about decisions by a threshold: whom it flags, and what its mistakes cost."""

from collections.abc import Mapping
from typing import Any

from regulated_ml.reports.elements import Figure, Section, Table, thinned
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.plots import model as plots
from regulated_ml.reports.words import decimal, percent, quantity, whole

Json = Mapping[str, Any]


def precision_recall(found: Json, event: str) -> Section:
    """What share of the positives the threshold finds, and how many others it flags."""
    finding = findings.decisions(found, event)
    points = thinned(found["precision_recall"], 21)
    rows = tuple((decimal(p["recall"]), decimal(p["precision"])) for p in points)
    chosen = findings.chosen_row(found)
    return Section(
        "Precision and recall",
        finding,
        ("A lower threshold finds more of them and flags more of the others as well.",),
        Figure(
            "precision-recall",
            plots.precision_recall(found["precision_recall"], found["label_rate"], chosen),
            f"Precision over recall: {finding}.",
            "The marked point is the threshold in use; the dashed line is what flagging at random "
            "would reach.",
            Table("Points of the curve", "rr", ("Recall", "Precision"), rows),
        ),
    )


def costs(found: Json) -> Section:
    """What the decisions at each threshold cost."""
    finding = findings.cost(found)
    head = (
        "Threshold",
        "Flagged",
        "True pos.",
        "False pos.",
        "False neg.",
        "Precision",
        "Recall",
        "Cost",
    )
    rows = tuple(
        (
            decimal(row["threshold"], 2),
            whole(row["flagged"]),
            whole(row["true_positives"]),
            whole(row["false_positives"]),
            whole(row["false_negatives"]),
            percent(row["precision"]),
            percent(row["recall"]),
            quantity(row["cost"]),
        )
        for row in found["thresholds"]
    )
    chosen, cheapest = found["chosen_threshold"], found["cheapest_threshold"]
    return Section(
        "Thresholds and costs",
        finding,
        (
            "The cost counts each wrong decision with its weight from config/model.yaml. The "
            "threshold is a decision for people: the cheapest one is so for these weights only.",
        ),
        Figure(
            "thresholds",
            plots.thresholds(found["thresholds"], chosen, cheapest),
            f"Cost by threshold: {finding}.",
            "Above: the cost of all decisions on the sample. Below: precision (solid) and recall "
            "(dashed).",
            Table("Decisions by threshold", "r" * len(head), head, rows),
        ),
    )

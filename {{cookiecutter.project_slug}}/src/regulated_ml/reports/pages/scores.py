"""The sections about the scores themselves: bands, calibration, and how they spread."""

from collections.abc import Mapping
from typing import Any

from regulated_ml.reports.elements import Figure, Section, Table
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.plots import model as plots
from regulated_ml.reports.words import decimal, percent, quantity, short, whole

Json = Mapping[str, Any]


def bands(found: Json) -> Section:
    """The label rate in bands of scores."""
    rising = sorted(found["bands"], key=lambda row: row["low"])
    finding = findings.bands(found)
    head = ("Band", "Scores from", "to", "Rows", "Share", "Positives", "Label rate")
    rows = tuple(
        (
            str(row["band"]),
            decimal(row["low"]),
            decimal(row["high"]),
            whole(row["rows"]),
            percent(row["share"]),
            whole(row["defaults"]),
            percent(row["default_rate"]),
        )
        for row in rising
    )
    return Section(
        "Score bands",
        finding,
        (),
        Figure(
            "bands",
            plots.bands(rising),
            f"Label rate by score band: {finding}.",
            "Each bar is one band of scores.",
            Table("Score bands", "r" * len(head), head, rows),
        ),
    )


def calibration(found: Json) -> Section:
    """Whether scores can be read as rates."""
    finding = findings.calibration(found)
    head = ("Scores from", "to", "Rows", "Predicted", "Observed", "Observed, interval")
    rows = tuple(
        (
            decimal(b["low"]),
            decimal(b["high"]),
            whole(b["rows"]),
            percent(b["predicted"]),
            percent(b["observed"]),
            f"{percent(b['observed_low'])} to {percent(b['observed_high'])}",
        )
        for b in found["calibration"]
    )
    return Section(
        "Calibration",
        finding,
        (
            "A score can be read as a rate where the mean score of a group lies in the interval of "
            "the rate observed in it.",
        ),
        Figure(
            "calibration",
            plots.calibration(found["calibration"]),
            f"Observed against predicted rate: {finding}.",
            "Each dot is a group of clients of similar score. On the dashed line, prediction and "
            "observation agree.",
            Table("Calibration", "r" * len(head), head, rows),
        ),
    )


def distribution(found: Json, event: str) -> Section:
    """How the two classes spread over the scores."""
    histogram, edges = found["score_histogram"], found["score_histogram"]["edges"]
    name = short(event)
    rows = tuple(
        (f"{decimal(low, 2)} to {decimal(high, 2)}", whole(positive), whole(negative))
        for low, high, positive, negative in zip(
            edges, edges[1:], histogram["positive"], histogram["negative"], strict=False
        )
    )
    finding = scores_finding(found, event)
    return Section(
        "Distribution of scores",
        finding,
        (),
        Figure(
            "scores",
            plots.score_histogram(histogram, found["chosen_threshold"], name),
            f"How each class spreads over the scores: {finding}.",
            "Upwards the positives, downwards the others, each as shares of its own class.",
            Table("Rows by score", "rrr", ("Score", "Positives", "Others"), rows),
        ),
    )


def scores_finding(found: Json, event: str) -> str:
    """How many of each class the threshold flags."""
    row = findings.chosen_row(found)
    if row is None:
        return "How the scores of the two classes spread"
    return (
        f"{percent(row['recall'], 0)} of the clients labelled “{short(event)}” score "
        f"{quantity(row['threshold'])} or more, against "
        f"{percent(row['false_positive_rate'], 0)} of the others"
    )

"""Pictures of how well the model ranks, how honest its scores are and what decisions cost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes

from regulated_ml.reports.plots.canvas import (
    BEHIND,
    DASHED,
    FILL,
    INK,
    LOWERS,
    MARK,
    MODEL,
    MUTED,
    OTHER,
    RAISES,
    axes,
    compact_axis,
    key,
    panels,
    percent_axis,
    picture,
    rows,
)
from regulated_ml.reports.words import decimal, interval, percent, quantity, short

Json = Mapping[str, Any]
Rows = Sequence[Json]


@picture
def auc_intervals(estimates: Sequence[tuple[str, Mapping[str, Any]]]) -> Axes:
    """The AUC of each model (its name and estimate) with its interval, against chance at 0.5."""
    labels = [name for name, _ in estimates]
    values = [f"{decimal(auc['value'])} ({interval(auc)})" for _, auc in estimates]
    plot, marks = rows(labels, values)
    lowest = min(0.5, *(auc["low"] for _, auc in estimates))
    plot.axvline(0.5, color=MARK, linestyle=DASHED, linewidth=1.2)
    for place, (mark, (_, auc)) in enumerate(zip(marks, estimates, strict=True)):
        color = MODEL if place == 0 else OTHER
        plot.plot([auc["low"], auc["high"]], [mark, mark], color=color, linewidth=4)
        plot.plot(auc["value"], mark, "o", color=color, markersize=9)
    plot.set(xlim=(lowest - 0.01, 1.005), xlabel="AUC; dashed: 0.5, chance")
    return plot


def _square(upward: str) -> Axes:
    """Axes for two shares between 0 and 1, equally long."""
    plot = axes(444, left=48, upward=upward)
    plot.set(xlim=(0, 1), ylim=(0, 1.01))
    percent_axis(plot.xaxis)
    percent_axis(plot.yaxis)
    return plot


@picture
def roc(points: Rows, chosen: Mapping[str, Any] | None) -> Axes:
    """The ROC curve, with the chosen threshold on it."""
    plot = _square("true positive rate: share of positives found")
    across, up = [p["fpr"] for p in points], [p["tpr"] for p in points]
    plot.plot([0, 1], [0, 1], color=OTHER, linestyle=DASHED, linewidth=1.2)
    plot.text(0.63, 0.58, "chance", color=MUTED)
    plot.fill_between(across, up, across, color=FILL, alpha=0.45, linewidth=0)
    plot.plot(across, up, color=MODEL)
    if chosen:
        _point(plot, chosen["false_positive_rate"], chosen["recall"], chosen["threshold"], "below")
    plot.set_xlabel("false positive rate: share of negatives flagged")
    return plot


@picture
def precision_recall(points: Rows, label_rate: float, chosen: Mapping[str, Any] | None) -> Axes:
    """Precision over recall, with the label rate as the floor of chance."""
    plot = _square("precision: share of the flagged that are positive")
    plot.axhline(label_rate, color=OTHER, linestyle=DASHED, linewidth=1.2)
    plot.text(0.01, label_rate + 0.015, f"chance: {percent(label_rate)}", color=MUTED)
    plot.plot([p["recall"] for p in points], [p["precision"] for p in points], color=MODEL)
    if chosen and chosen["precision"] is not None:
        _point(plot, chosen["recall"], chosen["precision"], chosen["threshold"], "above")
    plot.set_xlabel("recall: share of positives found")
    return plot


def _point(plot: Axes, x: float, y: float, threshold: float, side: str) -> None:
    """Marks the threshold in use; its text stands on the side of the curve that is free."""
    plot.plot(x, y, "o", color=MARK, markersize=9, markeredgecolor="white", markeredgewidth=1.5)
    right, below = x < 0.6, side == "below"
    plot.annotate(
        f"threshold {quantity(threshold)}",
        (x, y),
        xytext=(9 if right else -9, -5 if below else 5),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top" if below else "bottom",
        color=MARK,
        bbox=BEHIND,
    )


@picture
def calibration(bins: Rows) -> Axes:
    """Observed against predicted rate of each bin, with the observed rate's interval."""
    plot = axes(410, left=48, upward="observed rate, with its interval")
    top = max(max(b["predicted"], b["observed_high"]) for b in bins) * 1.06 or 1
    plot.plot([0, top], [0, top], color=OTHER, linestyle=DASHED, linewidth=1.2)
    for b in bins:
        line = [b["observed_low"], b["observed_high"]]
        plot.plot([b["predicted"]] * 2, line, color=MODEL, linewidth=2.5, alpha=0.5)
    plot.plot([b["predicted"] for b in bins], [b["observed"] for b in bins], "o", color=MODEL)
    plot.set(xlim=(0, top), ylim=(0, top), xlabel="predicted rate; dashed: predicted = observed")
    percent_axis(plot.xaxis)
    percent_axis(plot.yaxis)
    return plot


@picture
def thresholds(table: Rows, chosen: float, cheapest: float) -> Axes:
    """What each threshold costs; below, precision and recall."""
    cost, rates = panels([150, 150], left=48, upwards=["cost", "share"])
    at = [row["threshold"] for row in table]
    known = [row for row in table if row["precision"] is not None]
    cost.plot(at, [row["cost"] for row in table], color=MODEL)
    cost.set_ylim(0, None)
    for value, name, fill in ((cheapest, "cheapest", "white"), (chosen, "chosen", MARK)):
        for row in (row for row in table if row["threshold"] == value):
            look: Json = {"color": fill, "markeredgecolor": MARK, "markersize": 8, "linestyle": ""}
            cost.plot(value, row["cost"], "o", label=f"{name}: {quantity(value)}", **look)
    rates.plot(
        [r["threshold"] for r in known],
        [r["precision"] for r in known],
        color=MODEL,
        label="precision",
    )
    recall = [row["recall"] for row in table]
    rates.plot(at, recall, color=RAISES, linestyle=(0, (5, 2)), label="recall")
    rates.set(ylim=(0, 1.04), xlim=(0, 1), xlabel="threshold: a score from here on is flagged")
    compact_axis(cost.yaxis, 4)
    percent_axis(rates.yaxis)
    for plot in (cost, rates):
        plot.axvline(chosen, color=MARK, linewidth=1)
        key(plot)
    return cost


@picture
def bands(table: Rows) -> Axes:
    """The label rate of each score band, from the lowest scores to the highest."""
    plot = axes(270, upward="label rate")
    places = range(len(table))
    bars = plot.bar(places, [row["default_rate"] or 0 for row in table], color=MODEL, width=0.72)
    if len(table) <= 12:
        texts = [percent(row["default_rate"], 0) for row in table]
        plot.bar_label(bars, texts, padding=2, fontsize=8.5, color=INK)
    step = -(-len(table) // 12)
    plot.set_xticks(list(places)[::step], [str(row["band"]) for row in table][::step])
    plot.set_xlabel("score band, from the lowest scores to the highest")
    plot.grid(visible=False, axis="x")
    plot.margins(y=0.12)
    percent_axis(plot.yaxis)
    return plot


@picture
def score_histogram(
    histogram: Mapping[str, Sequence[float]], threshold: float, positive: str
) -> Axes:
    """How each class spreads over the scores: the positives upwards, the negatives downwards."""
    plot = axes(320, upward="share of the class")
    edges = histogram["edges"]
    widths = [high - low for low, high in pairwise(edges)]
    for name, sign, color, text in (
        ("positive", 1, RAISES, f"“{short(positive, 20)}”"),
        ("negative", -1, LOWERS, "others"),
    ):
        total = sum(histogram[name]) or 1
        heights = [sign * count / total for count in histogram[name]]
        look: Json = {"align": "edge", "color": color, "edgecolor": "white", "label": text}
        plot.bar(edges[:-1], heights, widths, **look)
    plot.axhline(0, color=INK, linewidth=0.8)
    plot.axvline(threshold, color=MARK, linewidth=1.2)
    limit = max(abs(y) for y in plot.get_ylim())
    plot.set(ylim=(-limit, limit), xlim=(edges[0], edges[-1]))
    plot.set_xlabel(f"score; line: threshold {quantity(threshold)}")
    plot.yaxis.set_major_formatter(lambda value, _: percent(abs(value), 0))
    key(plot)
    return plot


@picture
def training(history: Mapping[str, Sequence[float]], best: int, metric: str) -> Axes:
    """The metric on the rows trained on and on the validation rows, round by round."""
    plot = axes(290, left=52, upward=metric)
    for name, color, text in (("train", OTHER, "training"), ("validation", MODEL, "validation")):
        values = history.get(name) or []
        if values:
            plot.plot(range(1, len(values) + 1), values, color=color, label=f"{text} rows")
    plot.axvline(best, color=MARK, linewidth=1.2)
    plot.set_xlabel(f"round; line: the model’s last, {best}")
    plot.margins(y=0.1)
    key(plot)
    return plot

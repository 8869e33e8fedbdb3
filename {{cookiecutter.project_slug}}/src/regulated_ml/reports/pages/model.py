"""The page about the model: how well it ranks, what its scores mean, what decisions cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.plots import model as plots
from regulated_ml.reports.words import (
    capital,
    clean,
    decimal,
    interval,
    percent,
    quantity,
    short,
    whole,
)

Json = Mapping[str, Any]

TEST = "test"  # the sample that the split has set aside
# The metrics of both models: a name, the key, digits, and which direction is better.
METRICS = (
    ("Gini", "gini", "higher"),
    ("Average precision", "average_precision", "higher"),
    ("Brier score", "brier", "lower"),
    ("Log loss", "log_loss", "lower"),
)


def page(site: SiteInput) -> Page | None:
    """The page, or None where no model has been evaluated."""
    found = site.evaluation
    if found is None:
        return None
    event = site.vocabulary.event
    sections = [
        _ranking(found, event),
        _challenger(found),
        _decisions(found, event),
        _costs(found),
        _bands(found),
        _calibration(found),
        _scores(found, event),
        _training(site.training),
    ]
    lead = (
        f"Measured on the {whole(found['rows'])} rows of {_sample(found)}; "
        f"{percent(found['label_rate'])} of them are labelled “{short(event)}”."
    )
    finding = findings.auc(found, event)
    return Page("model.html", "Model", finding, lead, tuple(s for s in sections if s))


def _sample(found: Json) -> str:
    """The sample, and what is known of it: a validator's may hold rows of the training."""
    name = f"sample “{short(found['sample'])}”"
    if found.get("own_sample"):
        return f"the validator’s {name}, which was brought from outside"
    unknown = ", which the model has not been trained on" if found["sample"] == TEST else ""
    return f"the {name}{unknown}"


def metrics_table(evaluation: Json) -> Table:
    """The model's metrics beside the challenger's."""
    rival = evaluation.get("challenger")
    both = [evaluation, rival] if rival else [evaluation]
    level = percent(evaluation["auc"].get("confidence", 0.95), 0)
    rows = [
        ("AUC", "higher", *(decimal(one["auc"]["value"]) for one in both)),
        (f"AUC, {level} interval", "", *(interval(one["auc"]) for one in both)),
        ("KS", "higher", *(decimal(one["ks"]["value"]) for one in both)),
    ]
    rows += [
        (name, better, *(decimal(one.get(key)) for one in both)) for name, key, better in METRICS
    ]
    names = ("Model", short(rival["name"]).capitalize()) if rival else ("Model",)
    head = ("Metric", "Better when", *names)
    return Table("Metrics on the same rows", "ll" + "r" * len(both), head, tuple(rows))


def _ranking(found: Json, event: str) -> Section:
    points = [(decimal(p["fpr"]), decimal(p["tpr"])) for p in _thinned(found["roc"], 21)]
    alternative = f"ROC curve: {findings.auc(found, event)}."
    return Section(
        "Ranking",
        findings.ranks(found),
        (
            "The higher the curve bends above the dashed line, the better the score tells the "
            "two classes apart, whatever threshold is chosen later.",
        ),
        Figure(
            "roc",
            plots.roc(found["roc"], findings.chosen_row(found)),
            alternative,
            "Each point of the curve is one threshold; the marked one is the threshold in use.",
            Table(
                "Points of the ROC curve",
                "rr",
                ("False positive rate", "True positive rate"),
                tuple(points),
            ),
        ),
    )


def _challenger(found: Json) -> Section | None:
    if not found.get("challenger"):
        return None
    rival = found["challenger"]
    finding = findings.challenger(found)
    estimates = [("Model", found["auc"]), (short(rival["name"]).capitalize(), rival["auc"])]
    return Section(
        "Challenger",
        finding,
        (findings.challenger_test(found),),
        Figure(
            "challenger",
            plots.auc_intervals(estimates),
            f"AUC of both models with their intervals: {finding}.",
            "The dot is the AUC, the bar its interval.",
            metrics_table(found),
        ),
    )


def _decisions(found: Json, event: str) -> Section:
    finding = findings.decisions(found, event)
    points = _thinned(found["precision_recall"], 21)
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


def _costs(found: Json) -> Section:
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


def _bands(found: Json) -> Section:
    bands = sorted(found["bands"], key=lambda row: row["low"])
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
        for row in bands
    )
    return Section(
        "Score bands",
        finding,
        (),
        Figure(
            "bands",
            plots.bands(bands),
            f"Label rate by score band: {finding}.",
            "Each bar is one band of scores.",
            Table("Score bands", "r" * len(head), head, rows),
        ),
    )


def _calibration(found: Json) -> Section:
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


def _scores(found: Json, event: str) -> Section:
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


def _training(result: Json | None) -> Section | None:
    if result is None or not any(result["history"].values()):
        return None
    history = result["history"]
    finding = findings.training(result)
    names = [name for name in ("train", "validation") if history.get(name)]
    length = max(len(history[name]) for name in names)
    places = _thinned(range(length), 21)
    rows = tuple(
        (
            whole(place + 1),
            *(decimal(history[n][place], 4) if place < len(history[n]) else "–" for n in names),
        )
        for place in places
    )
    head = ("Round", *(clean(name).capitalize() for name in names))
    metric = findings.metric_name(result["metric"])
    return Section(
        "Training",
        finding,
        ("A wide gap between the two lines is a sign of learning the training rows by heart.",),
        Figure(
            "training",
            plots.training(history, result["best_round"], metric),
            f"{capital(metric)} by round of training: {finding}.",
            f"{capital(metric)} after each round, on training and on validation rows.",
            Table("The metric by round", "r" * len(head), head, rows),
        ),
    )


def _thinned(items: Sequence[Any], limit: int) -> list[Any]:
    """At most `limit` of the items, evenly spaced, the first and last among them."""
    if len(items) <= limit:
        return list(items)
    last = len(items) - 1
    return [items[round(place * last / (limit - 1))] for place in range(limit)]

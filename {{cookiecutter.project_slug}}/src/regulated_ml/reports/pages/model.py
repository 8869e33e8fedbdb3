"""The page about the model: how well it ranks, what its scores mean, what decisions cost.

The sections about thresholds and about the scores themselves are in modules of their own.
"""

from collections.abc import Mapping
from typing import Any

from regulated_ml.reports.elements import Figure, Page, Section, Table, thinned
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages import decisions, scores
from regulated_ml.reports.plots import model as plots
from regulated_ml.reports.words import (
    capital,
    clean,
    decimal,
    interval,
    percent,
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
        decisions.precision_recall(found, event),
        decisions.costs(found),
        scores.bands(found),
        scores.calibration(found),
        scores.distribution(found, event),
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
    points = [(decimal(p["fpr"]), decimal(p["tpr"])) for p in thinned(found["roc"], 21)]
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


def _training(result: Json | None) -> Section | None:
    if result is None or not any(result["history"].values()):
        return None
    history = result["history"]
    finding = findings.training(result)
    names = [name for name in ("train", "validation") if history.get(name)]
    length = max(len(history[name]) for name in names)
    places = thinned(range(length), 21)
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
            plots.training(history, findings.kept_rounds(result), metric),
            f"{capital(metric)} by round of training: {finding}.",
            f"{capital(metric)} after each round, on training and on validation rows.",
            Table("The metric by round", "r" * len(head), head, rows),
        ),
    )

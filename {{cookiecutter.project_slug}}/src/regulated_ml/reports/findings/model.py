"""Sentences about how well the model ranks, how honest its scores are and what decisions cost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from regulated_ml.reports.words import (
    decimal,
    interval,
    is_number,
    p_value,
    percent,
    plural,
    quantity,
    short,
    whole,
)

Json = Mapping[str, Any]
PERFECT = 0.995  # an AUC from here on is more often a leak than a good model
METRIC_NAMES = {
    "auc": "AUC",
    "aucpr": "area under precision and recall",
    "logloss": "log loss",
    "error": "error rate",
}
# Metrics of XGBoost that are better when they are higher; all others are losses or errors.
HIGHER_IS_BETTER = ("auc", "aucpr", "map", "ndcg", "pre")


def auc(evaluation: Json, event: str) -> str:
    """How well the model ranks, with the interval of its AUC."""
    estimate = evaluation.get("auc") or {}
    if not all(is_number(estimate.get(key)) for key in ("value", "low", "high")):
        return "The AUC cannot be computed: the sample holds only one class"
    value, low, high = estimate["value"], estimate["low"], estimate["high"]
    level = percent(estimate.get("confidence", 0.95), 0)
    figures = f"AUC {decimal(value)} ({level} interval {interval(estimate)})"
    if low <= 0.5 <= high:
        return f"The model cannot be told from chance, which is 0.5: {figures}"
    if value < 0.5:
        return f"The model ranks the wrong way round: {figures}"
    if value >= PERFECT:
        return f"The model separates the classes almost without error, as a leak would: {figures}"
    return (
        f"In {value * 100:.0f} of 100 pairs the model scores the client labelled "
        f"“{short(event)}” above the other one: {figures}"
    )


def challenger(evaluation: Json) -> str:
    """Whether the model beats its challenger by more than chance."""
    rival = evaluation["challenger"]
    difference = rival["auc_difference"]
    name, value = short(rival["name"]), difference["value"]
    if not is_number(value) or not is_number(difference["low"]):
        return f"The model and the {name} cannot be compared: the sample holds only one class"
    figures = f"{decimal(abs(value))} AUC (interval of the difference {interval(difference)})"
    if difference["low"] <= 0 <= difference["high"]:
        return f"The model and the {name} cannot be told apart: they differ by {figures}"
    winner = "The model beats the" if value > 0 else "The model is worse than the"
    return f"{winner} {name} by {figures}"


def challenger_test(evaluation: Json) -> str:
    """The test behind the comparison."""
    p = p_value(evaluation["challenger"]["auc_difference"].get("p_value"))
    return f"Both models score the same rows, so the difference is tested on pairs ({p})."


def chosen_row(evaluation: Json) -> Json | None:
    """The row of the threshold that decides, if the table has it."""
    return _row(evaluation, evaluation["chosen_threshold"])


def _row(evaluation: Json, threshold: float) -> Json | None:
    rows: Sequence[Json] = evaluation["thresholds"]
    return next((row for row in rows if row["threshold"] == threshold), None)


def decisions(evaluation: Json, event: str) -> str:
    """What the chosen threshold does: how many of the flagged are right, how many are found."""
    threshold = quantity(evaluation["chosen_threshold"])
    row = chosen_row(evaluation)
    if row is None or not row["flagged"]:
        return f"At the threshold {threshold} no client is flagged"
    found = percent(row["recall"], 0)
    return (
        f"At the threshold {threshold}, {percent(row['precision'], 0)} of the flagged clients are "
        f"labelled “{short(event)}”, and {found} of those so labelled are found"
    )


def cost(evaluation: Json) -> str:
    """Whether another threshold would be cheaper, and by how much."""
    cheapest, chosen = _row(evaluation, evaluation["cheapest_threshold"]), chosen_row(evaluation)
    best = quantity(evaluation["cheapest_threshold"])
    if cheapest is None or chosen is None:
        return f"The cheapest threshold is {best}"
    here = quantity(evaluation["chosen_threshold"])
    if chosen["cost"] <= cheapest["cost"]:
        return f"No threshold is cheaper than the chosen one, {here}"
    if not cheapest["cost"]:
        return (
            f"The threshold {best} would cost nothing, the chosen one costs {whole(chosen['cost'])}"
        )
    more = percent(chosen["cost"] / cheapest["cost"] - 1, 0)
    return f"The chosen threshold, {here}, costs {more} more than the cheapest, {best}"


def ranks(evaluation: Json) -> str:
    """Where the two classes are furthest apart."""
    ks = evaluation["ks"]
    if not is_number(ks["value"]):
        return "The classes cannot be compared: the sample holds only one"
    return (
        f"The classes are furthest apart at a score of {decimal(ks['score'], 2)}, "
        f"where KS is {decimal(ks['value'])}"
    )


def calibration(evaluation: Json) -> str:
    """In how many groups the score can be read as a rate, and where it misses most."""
    bins = evaluation["calibration"]
    right = [b for b in bins if b["observed_low"] <= b["predicted"] <= b["observed_high"]]
    if len(right) == len(bins):
        return f"Scores can be read as rates in {_all(len(bins))} of similar score"
    worst = max(bins, key=lambda b: abs(b["predicted"] - b["observed"]))
    side = "too high" if worst["predicted"] > worst["observed"] else "too low"
    part = f"{len(right)} of {len(bins)} groups" if right else f"none of the {len(bins)} groups"
    return (
        f"Scores can be read as rates in {part} of similar score; the largest gap is a score "
        f"{side}: {percent(worst['predicted'])} predicted, {percent(worst['observed'])} observed"
    )


def _all(count: int) -> str:
    return f"all {count} groups" if count > 1 else "the one group"


def bands(evaluation: Json) -> str:
    """Whether the label rate rises from band to band."""
    rows = sorted(evaluation["bands"], key=lambda row: row["low"])
    rates = [row["default_rate"] for row in rows if row["rows"]]
    if len(rates) < 2:
        return "All clients fall into one score band"
    back = sum(later < earlier for earlier, later in pairwise(rates))
    ends = (
        f"from {percent(rates[0])} in the lowest score band to {percent(rates[-1])} in the highest"
    )
    if rates[-1] <= rates[0]:
        return f"The label rate does not rise with the score: it goes {ends}"
    steps = f"with {plural(back, 'step')} back" if back else "without a step back"
    return f"The label rate rises {ends}, {steps}"


def metric_name(metric: str) -> str:
    """XGBoost's name of a metric as it is written in a sentence."""
    return METRIC_NAMES.get(metric) or short(metric)


def kept_rounds(training_result: Json) -> int:
    """The rounds that the model keeps; earlier versions wrote them as the best round."""
    name = "kept_rounds" if "kept_rounds" in training_result else "best_round"
    return int(training_result[name])


def training(training_result: Json) -> str:
    """Where the validation metric was best, and how far training and validation are apart."""
    history = training_result["history"]
    metric = metric_name(training_result["metric"])
    values, fitted = history.get("validation") or [], history.get("train") or []
    used = kept_rounds(training_result)
    if not values:
        return f"The model has {plural(used, 'round')}; no validation rows were watched"
    sign = 1 if training_result["metric"].split("@")[0] in HIGHER_IS_BETTER else -1
    best = max(range(len(values)), key=lambda place: sign * values[place]) + 1
    gap = ""
    if 0 < used <= min(len(values), len(fitted)):
        pair = f"{decimal(values[used - 1])} against {decimal(fitted[used - 1])} on training rows"
        gap = f"; the model’s last round has {pair}"
    where = "in its last round" if best == len(values) else f"in round {best} of {len(values)}"
    return f"On validation rows the {metric} was best {where}{gap}"

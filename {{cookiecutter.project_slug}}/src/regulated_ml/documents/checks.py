"""The signs of risk that can be told from the figures alone: a validator stops at each of them.

They are no gates. The bounds are conventions of the field, named where they come from.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from regulated_ml.documents.evidence import Evidence, Json
from regulated_ml.reports.words import decimal, is_number, percent, plural, quantity, whole

LEAK = 0.95  # an AUC of credit scoring from here on is more often a leak
# Population stability index: below 0.1 no change, above 0.25 a large one (Siddiqi 2006, p. 137).
PSI_LOOK, PSI_ACT = 0.10, 0.25
PROXY = 0.7  # an AUC from which on features tell an attribute well: acceptable discrimination
FOUR_FIFTHS = 0.8  # 29 CFR 1607.4(D), a rule of thumb from employment
DEARER = 1.1  # costs of the threshold in use, of the cheapest
FLIPS = 0.1  # decisions that flip when one feature moves
BY_CHANCE = 0.05  # of the groups that may lie outside an interval of 95%


def nothing(_: Evidence) -> Iterator[str]:
    """No sign can be told."""
    yield from ()


def data(evidence: Evidence) -> Iterator[str]:
    """Rows that are not those that were agreed, or break their own rules."""
    found = evidence.runs["prepare"].data
    if found.state != "real":
        yield evidence.site.state.sentence
    if found.violations:
        yield f"The table breaks rules of dataset.yaml in {whole(found.violations)} places."
    if unknown := (evidence.summary or {}).get("unknown_codes"):
        yield f"Codes that dataset.yaml does not know occur in {', '.join(unknown)}."


def discrimination(evidence: Evidence) -> Iterator[str]:
    """An AUC that cannot be told from chance, or is too good."""
    auc = (evidence.site.evaluation or {})["auc"]
    if not is_number(auc.get("low")):
        yield "The AUC has no interval: the sample holds one class only."
    elif auc["low"] <= 0.5:
        yield "The AUC cannot be told from chance."
    elif auc["value"] >= LEAK:
        yield f"An AUC of {decimal(auc['value'])} is more often a leak than a good model."


def calibration(evidence: Evidence) -> Iterator[str]:
    """More groups outside their interval than chance would put there."""
    bins = (evidence.site.evaluation or {})["calibration"]
    off = [b for b in bins if not b["observed_low"] <= b["predicted"] <= b["observed_high"]]
    if len(off) > max(1, BY_CHANCE * len(bins)):
        yield f"In {len(off)} of {len(bins)} groups the score is no rate of default."


def decisions(evidence: Evidence) -> Iterator[str]:
    """A threshold in use that is dearer than need be."""
    found = evidence.site.evaluation or {}
    costs = {row["threshold"]: row["cost"] for row in found["thresholds"]}
    chosen, cheapest = (costs.get(found[f"{k}_threshold"]) for k in ("chosen", "cheapest"))
    if chosen and cheapest and chosen > DEARER * cheapest:
        more = percent(chosen / cheapest - 1, 0)
        yield (
            f"At the costs of model.yaml the threshold in use, "
            f"{quantity(found['chosen_threshold'])}, costs {more} more than the cheapest, "
            f"{quantity(found['cheapest_threshold'])}; no reason for it is on record."
        )


def bands(evidence: Evidence) -> Iterator[str]:
    """Rates that fall from band to band by more than chance."""
    rows = sorted((evidence.site.evaluation or {})["bands"], key=lambda row: row["low"])
    known = [row for row in rows if row["rows"]]
    if back := sum(_falls(lower, higher) for lower, higher in pairwise(known)):
        yield (
            "The rate of default falls from one band to the next, by more than chance, in "
            f"{plural(back, 'place')}."
        )


def _falls(lower: Json, higher: Json) -> bool:
    """Whether the second rate lies below the first by two standard errors of the difference."""
    rows = lower["rows"] + higher["rows"]
    pooled = (lower["defaults"] + higher["defaults"]) / rows
    error = (pooled * (1 - pooled) * (1 / lower["rows"] + 1 / higher["rows"])) ** 0.5
    return bool(lower["default_rate"] - higher["default_rate"] > 2 * error)


def challenger(evidence: Evidence) -> Iterator[str]:
    """A challenger that is as good."""
    difference = (evidence.site.evaluation or {})["challenger"]["auc_difference"]
    if is_number(difference["low"]) and difference["low"] <= 0:
        yield "The simpler model ranks as well, as far as these rows can tell."


def training(evidence: Evidence) -> Iterator[str]:
    """Training that went on after validation stopped improving."""
    found = evidence.site.training or {}
    values = found["history"].get("validation") or []
    if not values:
        yield "No validation rows were watched."
        return
    best = min(range(len(values)), key=values.__getitem__) + 1
    if found["metric"] == "logloss" and found["best_round"] > best + len(values) // 10:
        yield f"The loss on validation rows was lowest in round {best} of {len(values)}."


def stability(evidence: Evidence) -> Iterator[str]:
    """Scores or features that moved, and a ranking that is lost on new rows."""
    found = evidence.site.stability or {}
    psi = _number(found["scores"]["psi"])
    if psi is not None and psi > PSI_LOOK:
        yield f"The PSI of the scores is {decimal(psi)}, {_size(psi)}."
    for each in found["features"]:
        moved = _number(each["psi"])
        if moved is not None and moved > PSI_LOOK:
            yield f"The PSI of {each['description']} is {decimal(moved)}, {_size(moved)}."
    drop = found["auc"]["drop"]
    if drop and is_number(drop["low"]) and drop["low"] > 0:
        yield (
            f"The AUC falls by {decimal(drop['value'])} from training to test rows, more than by "
            "chance: the model knows its training rows better than others."
        )
    off = sorted({each["feature"] for each in found["segments"] if each["off"]})
    if off:
        yield f"The score is no rate of default in some segments of {', '.join(off)}."
    if not found["periods"]:
        yield "The split is random: nothing here shows how the model does at another time."


def _size(psi: float) -> str:
    return f"above {PSI_ACT}" if psi > PSI_ACT else f"above {PSI_LOOK}"


def _number(estimate: Any) -> float | None:
    value = estimate.get("value") if isinstance(estimate, Mapping) else estimate
    return value if is_number(value) else None


def sensitivity(evidence: Evidence) -> Iterator[str]:
    """Decisions that flip with one feature, and directions that are not kept."""
    found = evidence.site.sensitivity or {}
    for each in found["features"]:
        worst = max(each["moves"], key=lambda move: move["flipped"], default=None)
        if worst and worst["flipped"] > FLIPS:
            share = percent(worst["flipped"])
            yield f"Moving {each['description']} ({worst['move']}) flips {share} of the decisions."
    if violations := found["monotone"]["violations"]:
        yield f"{whole(violations)} scores go against a direction that dataset.yaml promises."


def explanation(evidence: Evidence) -> Iterator[str]:
    """Explanations of another model, and reasons without words."""
    found = evidence.site.explanation or {}
    error, tolerance = (found["additivity"][key] for key in ("largest_error", "tolerance"))
    if error > tolerance:
        yield f"Contributions miss the score by up to {error:.2g}."
    for each in found.get("withheld_reasons") or ():
        yield f"{each['feature']} moves scores and is never named as a reason."
    if evidence.settings.model.explanation.reason_codes > 4 and "fcra" in evidence.written.applies:
        yield "More than four reasons are given; FCRA 615(a) has at most four key factors."


GAPS = {
    "tpr_gap": "how many of those who default are declined",
    "fpr_gap": "how many good clients are declined",
    "selection_rate_gap": "how many are accepted",
}


def fairness(evidence: Evidence) -> Iterator[str]:
    """Groups that fare worse by more than chance, and features that stand in for an attribute."""
    found = evidence.site.fairness or {}
    if not found["attributes"]:
        yield "No column is declared protected, so nothing is compared."
    for attribute in found["attributes"]:
        ratio, name = attribute.get("selection_ratio"), attribute["description"]
        if ratio and ratio["value"] < FOUR_FIFTHS:
            yield (
                f"Of {name}, the group {ratio['group']} is accepted {decimal(ratio['value'], 2)} "
                f"times as often as {ratio['reference']}, below four fifths."
            )
        apart = [
            f"{words} ({percent(gap['value'])} between {gap['lowest']} and {gap['highest']})"
            for key, words in GAPS.items()
            if (gap := attribute.get(key)) and is_number(gap["low"]) and gap["low"] > 0
        ]
        if apart:
            yield f"Groups of {name} differ by more than chance in {'; '.join(apart)}."
    for each in found["proxies"]:
        auc = _number(each.get("auc"))
        if auc is not None and auc > PROXY:
            yield f"The features tell {each['description']} with an AUC of {decimal(auc, 2)}."


def reproducibility(evidence: Evidence) -> Iterator[str]:
    """What the records themselves warn of."""
    for run in evidence.runs.values():
        if run.commit.dirty:
            yield f"The code of {run.step} was in no commit as it ran."
    by_words: dict[str, list[str]] = {}
    for step, words in evidence.warnings:
        by_words.setdefault(words, []).append(step)
    for words, steps in by_words.items():
        yield f"{', '.join(steps)}: {words}"

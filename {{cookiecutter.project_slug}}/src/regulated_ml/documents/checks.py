"""The signs of risk that can be told from the figures alone: a validator stops at each of them.

They are no gates. The bounds are conventions of the field: signs.yaml has them, with their sources.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from regulated_ml.documents.evidence import Evidence, Json
from regulated_ml.documents.signs import Sign, bound
from regulated_ml.reports.findings.model import kept_rounds
from regulated_ml.reports.words import decimal, is_number, percent, plural, quantity, whole

Signs = Iterator[Sign]


def nothing(_: Evidence) -> Signs:
    """No sign can be told."""
    yield from ()


def data(evidence: Evidence) -> Signs:
    """Rows that are not those that were agreed, or break their own rules."""
    found = evidence.runs["prepare"].data
    if found.state != "real":
        yield Sign("data.state", evidence.site.state.sentence)
    if found.violations:
        count = whole(found.violations)
        yield Sign("data.rules", f"The table breaks rules of dataset.yaml in {count} places.")
    if unknown := (evidence.summary or {}).get("unknown_codes"):
        names = ", ".join(unknown)
        yield Sign("data.codes", f"Codes that dataset.yaml does not know occur in {names}.")


def discrimination(evidence: Evidence) -> Signs:
    """An AUC that cannot be told from chance, or is too good."""
    auc = (evidence.site.evaluation or {})["auc"]
    if not is_number(auc.get("low")):
        words = "The AUC has no interval: the sample holds one class only."
        yield Sign("discrimination.no-interval", words)
    elif auc["low"] <= bound("discrimination.chance"):
        yield Sign("discrimination.chance", "The AUC cannot be told from chance.")
    elif auc["value"] >= bound("discrimination.leak"):
        words = f"An AUC of {decimal(auc['value'])} is more often a leak than a good model."
        yield Sign("discrimination.leak", words)


def calibration(evidence: Evidence) -> Signs:
    """More groups outside their interval than chance would put there."""
    bins = (evidence.site.evaluation or {})["calibration"]
    off = [b for b in bins if not b["observed_low"] <= b["predicted"] <= b["observed_high"]]
    if len(off) > max(1, bound("calibration.groups") * len(bins)):
        words = f"In {len(off)} of {len(bins)} groups the score is no rate of default."
        yield Sign("calibration.groups", words)


def decisions(evidence: Evidence) -> Signs:
    """A threshold in use that is dearer than need be."""
    found = evidence.site.evaluation or {}
    costs = {row["threshold"]: row["cost"] for row in found["thresholds"]}
    chosen, cheapest = (costs.get(found[f"{k}_threshold"]) for k in ("chosen", "cheapest"))
    if chosen and cheapest and chosen > bound("decisions.threshold") * cheapest:
        more = percent(chosen / cheapest - 1, 0)
        yield Sign(
            "decisions.threshold",
            f"At the costs of model.yaml the threshold in use, "
            f"{quantity(found['chosen_threshold'])}, costs {more} more than the cheapest, "
            f"{quantity(found['cheapest_threshold'])}; no reason for it is on record.",
        )


def bands(evidence: Evidence) -> Signs:
    """Rates that fall from band to band by more than chance."""
    rows = sorted((evidence.site.evaluation or {})["bands"], key=lambda row: row["low"])
    known = [row for row in rows if row["rows"]]
    if back := sum(_falls(lower, higher) for lower, higher in pairwise(known)):
        yield Sign(
            "bands.order",
            "The rate of default falls from one band to the next, by more than chance, in "
            f"{plural(back, 'place')}.",
        )


def _falls(lower: Json, higher: Json) -> bool:
    """Whether the second rate lies below the first by some standard errors of the difference."""
    rows = lower["rows"] + higher["rows"]
    pooled = (lower["defaults"] + higher["defaults"]) / rows
    error = (pooled * (1 - pooled) * (1 / lower["rows"] + 1 / higher["rows"])) ** 0.5
    return bool(lower["default_rate"] - higher["default_rate"] > bound("bands.order") * error)


def challenger(evidence: Evidence) -> Signs:
    """A challenger that is as good."""
    difference = (evidence.site.evaluation or {})["challenger"]["auc_difference"]
    if is_number(difference["low"]) and difference["low"] <= bound("challenger.as-good"):
        words = "The simpler model ranks as well, as far as these rows can tell."
        yield Sign("challenger.as-good", words)


def training(evidence: Evidence) -> Signs:
    """Training that went on after validation stopped improving."""
    found = evidence.site.training or {}
    values = found["history"].get("validation") or []
    if not values:
        yield Sign("training.unwatched", "No validation rows were watched.")
        return
    best = min(range(len(values)), key=values.__getitem__) + 1
    kept = kept_rounds(found)
    allowed = int(bound("training.best-round") * len(values))
    if found["metric"] == "logloss" and kept > best + allowed:
        yield Sign(
            "training.best-round",
            f"The loss on validation rows was lowest after round {best}, and the model keeps all "
            f"{kept}: training went on without early stopping.",
        )


def stability(evidence: Evidence) -> Signs:
    """Scores or features that moved, and a ranking that is lost on new rows."""
    found = evidence.site.stability or {}
    psi = _number(found["scores"]["psi"])
    if psi is not None and psi > bound("stability.scores"):
        words = f"The PSI of the scores is {decimal(psi)}, {_size('stability.scores', psi)}."
        yield Sign("stability.scores", words)
    for each in found["features"]:
        moved = _number(each["psi"])
        if moved is not None and moved > bound("stability.feature"):
            size = _size("stability.feature", moved)
            words = f"The PSI of {each['description']} is {decimal(moved)}, {size}."
            yield Sign(f"stability.feature:{each['name']}", words)
    drop = found["auc"]["drop"]
    if drop and is_number(drop["low"]) and drop["low"] > bound("stability.auc"):
        yield Sign(
            "stability.auc",
            f"The AUC falls by {decimal(drop['value'])} from training to test rows, more than by "
            "chance: the model knows its training rows better than others.",
        )
    off = sorted({each["feature"] for each in found["segments"] if each["off"]})
    if off:
        words = f"The score is no rate of default in some segments of {', '.join(off)}."
        yield Sign("stability.segments", words)
    if not found["periods"]:
        words = "The split is random: nothing here shows how the model does at another time."
        yield Sign("stability.periods", words)


def _size(sign: str, psi: float) -> str:
    large = bound(sign, "large")
    return f"above {large if psi > large else bound(sign)}"


def _number(estimate: Any) -> float | None:
    value = estimate.get("value") if isinstance(estimate, Mapping) else estimate
    return value if is_number(value) else None


def sensitivity(evidence: Evidence) -> Signs:
    """Decisions that flip with one feature, and directions that are not kept."""
    found = evidence.site.sensitivity or {}
    for each in found["features"]:
        worst = max(each["moves"], key=lambda move: move["flipped"], default=None)
        if worst and worst["flipped"] > bound("sensitivity.flips"):
            what, share = f"{each['description']} ({worst['move']})", percent(worst["flipped"])
            words = f"Moving {what} flips {share} of the decisions."
            yield Sign(f"sensitivity.flips:{each['name']}", words)
    if violations := found["monotone"]["violations"]:
        words = f"{whole(violations)} scores go against a direction that dataset.yaml promises."
        yield Sign("sensitivity.monotone", words)


def explanation(evidence: Evidence) -> Signs:
    """Explanations of another model, and reasons without words."""
    found = evidence.site.explanation or {}
    error, tolerance = (found["additivity"][key] for key in ("largest_error", "tolerance"))
    if error > tolerance:
        words = f"Contributions miss the score by up to {error:.2g}."
        yield Sign("explanation.additivity", words)
    for each in found.get("withheld_reasons") or ():
        words = f"{each['feature']} moves scores and is never named as a reason."
        yield Sign(f"explanation.withheld:{each['feature']}", words)
    given, most = evidence.settings.model.explanation.reason_codes, bound("explanation.reasons")
    if given > most and "fcra" in evidence.written.applies:
        words = f"{given} reasons are given; FCRA 615(a) has at most {most:g} key factors."
        yield Sign("explanation.reasons", words)


GAPS = {
    "tpr_gap": "how many of those who default are declined",
    "fpr_gap": "how many good clients are declined",
    "selection_rate_gap": "how many are accepted",
}


def fairness(evidence: Evidence) -> Signs:
    """Groups that fare worse by more than chance, and features that stand in for an attribute."""
    found = evidence.site.fairness or {}
    if not found["attributes"]:
        words = "No column is declared protected, so nothing is compared."
        yield Sign("fairness.no-attributes", words)
    for attribute in found["attributes"]:
        ratio, name = attribute.get("selection_ratio"), attribute["description"]
        if ratio and ratio["value"] < bound("fairness.four-fifths"):
            yield Sign(
                f"fairness.four-fifths:{attribute['name']}",
                f"Of {name}, the group {ratio['group']} is accepted {decimal(ratio['value'], 2)} "
                f"times as often as {ratio['reference']}, below four fifths.",
            )
        apart = [
            f"{words} ({percent(gap['value'])} between {gap['lowest']} and {gap['highest']})"
            for key, words in GAPS.items()
            if (gap := attribute.get(key))
            and is_number(gap["low"])
            and gap["low"] > bound("fairness.gap")
        ]
        if apart:
            words = f"Groups of {name} differ by more than chance in {'; '.join(apart)}."
            yield Sign(f"fairness.gap:{attribute['name']}", words)
    for each in found["proxies"]:
        auc = _number(each.get("auc"))
        if auc is not None and auc > bound("fairness.proxy"):
            words = f"The features tell {each['description']} with an AUC of {decimal(auc, 2)}."
            yield Sign(f"fairness.proxy:{each['name']}", words)


def reproducibility(evidence: Evidence) -> Signs:
    """What the records themselves warn of."""
    for run in evidence.runs.values():
        if run.commit.dirty:
            words = f"The code of {run.step} was in no commit as it ran."
            yield Sign(f"reproducibility.commit:{run.step}", words)
    by_words: dict[str, list[str]] = {}
    for step, words in evidence.warnings:
        by_words.setdefault(words, []).append(step)
    for words, steps in by_words.items():
        yield Sign("reproducibility.warning", f"{', '.join(steps)}: {words}")

"""Sentences about how steady the model is: on new rows, in segments, and when features move."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    decimal,
    interval,
    listing,
    percent,
    plural,
    quantity,
    short,
)

Json = Mapping[str, Any]
MOVES = {
    "up": "raised by {by}",
    "down": "lowered by {by}",
    "other": "of another client",
    "missing": "missing",
}


def scores(stability: Json) -> str:
    """Whether the scores are spread as they were on the training rows."""
    psi = stability["scores"]["psi"]
    figures = f"PSI {decimal(psi['value'], 4)}, where chance stays below {_chance(psi)}"
    if psi["value"] <= psi["by_chance"]:
        return f"Scores are spread as on the training rows: {figures}"
    return f"Scores are spread otherwise than on the training rows: {figures}"


def _chance(found: Json) -> str:
    return decimal(found["by_chance"], 4)


def drop(stability: Json) -> str:
    """How much of the AUC is lost on rows that the model has not seen."""
    found = stability["auc"]["drop"]
    size = f"{decimal(abs(found['value']))} (interval {interval(found)})"
    if found["low"] <= 0:
        return f"On rows that it has not seen the model ranks no worse beyond doubt: {size}"
    return f"On rows that it has not seen the model loses {size} AUC"


def moved(stability: Json, words: Vocabulary) -> str:
    """The features whose distribution has moved further than by chance."""
    features = stability["features"]
    further = [each for each in features if each["psi"]["value"] > each["psi"]["by_chance"]]
    if not further:
        return f"Not one of {plural(len(features), 'feature')} has moved further than by chance"
    names = listing([words.name(each["name"]) for each in further])
    expected = len(features) * 0.05
    return (
        f"{plural(len(further), 'feature')} of {len(features)} {_have(further)} moved further than "
        f"chance usually does, by which {decimal(expected, 1)} would: {names}"
    )


def _have(items: Sequence[object]) -> str:
    return "has" if len(items) == 1 else "have"


def segments(found: Sequence[Json], words: Vocabulary) -> str:
    """Whether scores are right in every segment, and where the model ranks worst."""
    off = [each for each in found if each["off"]]
    if off:
        worst = max(off, key=lambda e: abs(float(e["predicted"]) - float(e["observed"]["value"])))
        return (
            f"Scores are off in {plural(len(off), 'segment')} of {len(found)}, most in "
            f"“{segment(worst, words)}”: {percent(worst['predicted'])} predicted, "
            f"{percent(worst['observed']['value'])} observed"
        )
    known = [each for each in found if each["auc"]]
    if not known:
        return f"Scores mean what they say in all {len(found)} segments"
    low = min(known, key=lambda each: float(each["auc"]["value"]))
    return (
        f"Scores mean what they say in all {len(found)} segments; the model ranks worst in "
        f"“{segment(low, words)}”, with an AUC of {decimal(low['auc']['value'], 2)}"
    )


def segment(found: Json, words: Vocabulary) -> str:
    """A segment as the page calls it: credit limit: 10,000 to 50,000."""
    name, low, high = found["feature"], found["low"], found["high"]
    if low is None:
        text = "missing"
    elif low == high:
        text = words.meaning(name, low) or quantity(low)
    else:
        text = f"{quantity(low)} to {quantity(high)}"
    return f"{capital(words.name(name))}: {short(text, 60)}"


def periods(found: Sequence[Json]) -> str:
    """Whether scores are right in every period."""
    off = [short(each["period"]) for each in found if each["off"]]
    if not off:
        return f"Scores mean what they say in all {len(found)} periods"
    return f"Scores are off in {plural(len(off), 'period')} of {len(found)}: {listing(off)}"


def sensitivity(found: Json, words: Vocabulary) -> str:
    """The move of one feature that changes most decisions."""
    pairs = [
        (each, move)
        for each in found["features"]
        for move in each["moves"]
        if move["move"] in ("up", "down")
    ]
    if not pairs:
        return "No feature is a number that could be moved"
    each, move = max(pairs, key=lambda pair: float(pair[1]["flipped"]))
    return (
        f"“{capital(words.name(each['name']))}” {moves(move)} decides {percent(move['flipped'])} "
        "of the clients otherwise, more than any other number moved by its standard deviation"
    )


def moves(move: Json) -> str:
    """What was done to a feature: raised by 1."""
    return MOVES[move["move"]].format(by=quantity(move["by"]))


def direction(found: Json, words: Vocabulary) -> str:
    """Whether declared directions are kept."""
    declared, rows = found["declared"], found["rows"]
    if not declared:
        return "No direction is declared for any feature"
    if not found["violations"]:
        return (
            f"All {plural(declared, 'declared direction')} are kept for each of "
            f"{plural(rows, 'client')}"
        )
    broken = [words.name(each["name"]) for each in found["features"] if each["violations"]]
    return f"{plural(len(broken), 'declared direction')} of {declared} broken: {listing(broken)}"

"""Sentences about what decisions are like for each group, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import Any

from regulated_ml.reports.words import (
    Vocabulary,
    clean,
    decimal,
    interval,
    listing,
    plural,
    points,
    short,
)

Json = Mapping[str, Any]
CLEAR = 0.7  # an AUC from here on gives an attribute away well
RATES = {
    "tpr": "defaults that are declined",
    "fpr": "good clients who are declined",
}


def group(attribute: Json, name: str, words: Vocabulary) -> str:
    """A group as the page calls it: sex: female."""
    return f"{words.name(attribute['name'])}: {short(name)}"


def headline(found: Json, words: Vocabulary) -> str:
    """The lowest selection ratio, held to four fifths."""
    lowest = found["summary"]["selection_ratio_lowest"]
    if not lowest:
        return "There are no two groups large enough to be compared"
    rule, value = found["four_fifths"], lowest["value"]
    figures = f"{decimal(value, 2)} (interval {interval(lowest, 2)})"
    who = (
        f"The acceptance rate of {_quoted(lowest, 'group', words)} is {figures} of that of "
        f"{_quoted(lowest, 'reference', words)}"
    )
    if value < rule:
        return f"{who}, below four fifths"
    if lowest["low"] < rule:
        return f"{who}: above four fifths, though not beyond doubt"
    return f"{who}; no group’s ratio is below four fifths"


def _quoted(found: Json, key: str, words: Vocabulary) -> str:
    return f"“{words.name(found['attribute'])}: {short(found[key])}”"


def rate(found: Json, name: str, words: Vocabulary) -> str:
    """The widest gap of a rate, and whether chance could have made it."""
    gap = found["summary"][f"{name}_gap_largest"]
    what = RATES[name]
    if not gap:
        return f"Too few rows to compare the share of the {what}"
    attribute, span = words.name(gap["attribute"]), points(gap["value"])
    ends = f"“{short(gap['lowest'])}” and “{short(gap['highest'])}”"
    said = f"The share of the {what} differs most by {attribute}: {span} between {ends}"
    if gap["low"] <= 0:
        return f"{said}, which chance alone could have made"
    return f"{said}, more than chance alone would make"


def calibration(found: Json, words: Vocabulary) -> str:
    """Whether the score means the same rate in each group."""
    gap = found["summary"]["calibration_gap_largest"]
    if not gap:
        return "No group is large enough to compare predicted and observed rates"
    who, size = _quoted(gap, "group", words), points(gap["value"])
    if gap["low"] <= 0 <= gap["high"]:
        return (
            f"Scores mean the same rate in every group, as far as can be seen: at most {size} off"
        )
    side = "too low" if gap["difference"] > 0 else "too high"
    return f"Scores are {side} for {who}: {size} off, more than chance alone would make"


def proxies(found: Json, words: Vocabulary) -> str:
    """Which attribute the features tell best, and by which of them."""
    best = found["summary"]["proxy_auc_largest"]
    if not best:
        return "No attribute has two groups large enough to search for proxies"
    who, value = _quoted(best, "group", words), decimal(best["value"], 2)
    if best["low"] <= 0.5:
        return f"The features give no protected attribute away: AUC {value} at most, for {who}"
    entry = next(each for each in found["proxies"] if each["name"] == best["attribute"])
    top = entry["features"][0]
    alone = f"; most telling alone is “{words.name(top['name'])}” ({decimal(top['auc'], 2)})"
    most = "well" if best["value"] >= CLEAR else "a little"
    return (
        f"The features give {who} away {most}, with an AUC of {value}"
        f"{alone if top['auc'] > 0.5 else ''}"
    )


def reasons(attributes: Sequence[Json], words: Vocabulary) -> str:
    """The reason that groups are told most unequally."""
    gaps = [(gap, each) for each in attributes for gap in each["gaps"]]
    if not gaps:
        return "Too few clients of two groups are declined to compare what they are told"
    clear = [pair for pair in gaps if pair[0]["low"] > 0]
    gap, attribute = max(clear or gaps, key=lambda pair: float(pair[0]["value"]))
    if not clear:
        return "No reason is told to one group more often than chance alone could make"
    return (
        f"{plural(len(clear), 'reason')} {'is' if len(clear) == 1 else 'are'} told unequally; "
        f"“{short(gap['text'], 60)}” most: {points(gap['value'])} more often to "
        f"“{clean(words.name(attribute['name']))}: {short(gap['highest'])}” than to "
        f"“{short(gap['lowest'])}”"
    )


def small(found: Json, words: Vocabulary) -> str:
    """The groups that are not judged."""
    names = [
        f"{group(attribute, entry['name'], words)} ({plural(entry['rows'], 'row')})"
        for attribute in found["attributes"]
        for entry in attribute["groups"]
        if not entry["enough"]
    ]
    if not names:
        return ""
    return (
        f"Not judged, because fewer than {found['smallest_group']} rows would give noise: "
        f"{listing(names, 6)}."
    )

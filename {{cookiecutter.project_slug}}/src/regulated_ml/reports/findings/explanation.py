"""Sentences about what moves the score: in general, and for one client."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from regulated_ml.reports.words import (
    Vocabulary,
    capital,
    clean,
    decimal,
    is_number,
    listing,
    percent,
    plural,
    short,
    signed,
    whole,
)

Json = Mapping[str, Any]
Numbers = npt.NDArray[np.float64]

TIE = 1.05  # a ratio below this is called equal: it would round to 1.0 or 1.1


def importance(features: Sequence[Json]) -> str:
    """Which feature moves the score most, and how much more than the next one."""
    moving = [feature for feature in features if feature["mean_absolute"] > 0]
    if not moving:
        return "No feature moves the score: every client gets the same one"
    first = capital(_name(moving[0]))
    if len(moving) == 1:
        return f"{first} alone moves the score"
    top = [f for f in moving if f["mean_absolute"] * TIE > moving[0]["mean_absolute"]]
    if len(top) > 1:
        return f"{capital(listing([_name(f) for f in top]))} matter most, about equally"
    ratio = moving[0]["mean_absolute"] / moving[1]["mean_absolute"]
    times = f"{ratio:.1f} times" if ratio < 10 else f"{whole(ratio)} times"
    return f"{first} matters most: it moves the score {times} as much as {_name(moving[1])}"


def _name(feature: Json) -> str:
    return short(feature.get("description") or feature["name"], 70)


def beeswarm(names: Sequence[str], contributions: Sequence[Numbers]) -> str:
    """Which feature raises a score furthest, and which lowers one furthest."""
    highest, lowest = (
        [float(c.max()) for c in contributions],
        [float(c.min()) for c in contributions],
    )
    up, down = int(np.argmax(highest)), int(np.argmin(lowest))
    raised = f"{short(names[up], 70)} raises a client’s score furthest ({signed(highest[up])})"
    lowered = f"{short(names[down], 70)} lowers one furthest ({signed(lowest[down])})"
    if highest[up] <= 0 and lowest[down] >= 0:
        return "No feature moves any client’s score"
    if highest[up] <= 0:
        return capital(lowered.replace(" one ", " a client’s score "))
    if lowest[down] >= 0:
        return capital(raised)
    return capital(f"{raised}, {lowered}")


def client(name: str, entry: Json) -> str:
    """The decision about one client and the score it rests on."""
    return f"{name} is {clean(entry['decision'])} with a score of {decimal(entry['score'], 2)}"


def client_drivers(entry: Json, words: Vocabulary) -> str:
    """What raises and what lowers the client's score most."""
    pushes = entry["contributions"]
    up = max(pushes, key=lambda one: one["contribution"], default=None)
    down = min(pushes, key=lambda one: one["contribution"], default=None)
    sentences = []
    if up and up["contribution"] > 0:
        sentences.append(f"Raised most by {_push(up, words)}.")
    if down and down["contribution"] < 0:
        sentences.append(f"Lowered most by {_push(down, words)}.")
    return " ".join(sentences) or "No feature moves this score."


def _push(one: Json, words: Vocabulary) -> str:
    value = words.value(one["feature"], one["value"])
    return f"{words.name(one['feature'])}: {value} ({signed(one['contribution'])})"


def clients(entries: Sequence[Json]) -> str:
    """How many clients are shown, and how they were decided."""
    counts: dict[str, int] = {}
    for entry in entries:
        decision = clean(entry["decision"])
        counts[decision] = counts.get(decision, 0) + 1
    parts = [f"{count} {decision}" for decision, count in counts.items()]
    return f"How the score comes about for {plural(len(entries), 'client')}: {listing(parts)}"


def reasons(frequencies: Sequence[Json], declined: int) -> str:
    """Which reason is given most often to declined clients."""
    if not declined or not frequencies:
        return "No client of the sample is declined, so no reason is given"
    most = max(entry["clients"] for entry in frequencies)
    top = [entry for entry in frequencies if entry["clients"] == most]
    share = percent(most / declined, 0)
    to = (
        f"{share} of the {plural(declined, 'declined client')}"
        if declined > 1
        else "the one declined client"
    )
    if len(top) > 1:
        texts = listing([f"“{short(entry['text'], 70)}”" for entry in top], 2)
        return f"{texts} are the most frequent reasons, each given to {to}"
    return f"“{short(top[0]['text'], 90)}” is the most frequent reason, given to {to}"


def additivity(check: Json) -> str:
    """Whether the contributions add up to the score on every row."""
    error, allowed = check["largest_error"], check["tolerance"]
    rows = plural(check["rows_checked"], "row")
    size = f"{error:.1e}" if is_number(error) else "no number"
    figures = f"the largest error is {size}, allowed is {allowed:.0e}"
    if not is_number(error) or error > allowed:
        return f"Contributions do not add up to the score: {figures}"
    return f"Contributions add up to the score on all {rows}: {figures}"

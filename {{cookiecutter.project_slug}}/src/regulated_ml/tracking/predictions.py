"""A captured prediction as a person reads it: the features that were sent, the score, the decision.

The values are a client's: they are shown to whoever asks for the prediction by its id, and no row
of a lineage has them. Masked ones stay masked.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from regulated_ml.tracking.captures import Capture, Side

AT_ONCE = 5  # rows of a request that are shown


class Prediction(NamedTuple):
    """A captured request, row by row."""

    facts: tuple[tuple[str, str], ...]  # when, which endpoint and version, where it is kept
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # score, decision and each feature, a column a row sent
    notes: tuple[str, ...]


def read(found: Capture, names: Sequence[str] | None, threshold: float) -> Prediction:
    """What was sent and answered.

    Args:
        found: the captured request.
        names: of the features, in order; None where they are not known here.
        threshold: the score from which on a client is declined.
    """
    sent, answered = _text(found.sent), _text(found.answered)
    cells = [line.split(",") for line in sent.splitlines()] if sent else []
    scores = _scores(answered) if answered else []
    notes = []
    if names is None:
        notes.append("the names of the features are not on this machine: they are numbered")
    elif any(len(row) != len(names) for row in cells):
        notes.append(f"a row has not as many values as the model has features, {len(names)}")
        names = None
    if len(scores) != len(cells):
        notes.append(f"{len(cells)} rows were captured, and {len(scores)} scores that can be read")
    shown = max(len(cells), len(scores))
    if shown > AT_ONCE:
        notes.append(f"the first {AT_ONCE} of {shown} rows are shown")
    width = max(map(len, cells), default=0)
    names = names if names is not None and cells else [str(n + 1) for n in range(width)]
    places = range(min(shown, AT_ONCE))
    return Prediction(
        facts=(
            ("time", f"{found.time:%Y-%m-%d %H:%M:%S} {found.time.tzname()}"),
            ("endpoint", found.endpoint),
            ("variant", found.variant),
            ("kept in", f"{found.file}, line {found.line}"),
        ),
        head=("", *(f"row {place + 1}" for place in places)),
        rows=(
            ("score", *(_at(scores, place) for place in places)),
            ("decision", *(_decision(_at(scores, place), threshold) for place in places)),
            *(
                (name, *(_at(cells[place], n) if place < len(cells) else "" for place in places))
                for n, name in enumerate(names)
            ),
        ),
        notes=tuple(notes),
    )


def _text(side: Side | None) -> str:
    """The text of one side of a request; empty where it was not captured, or is none."""
    if side is None:
        return ""
    if side.encoding.upper() != "BASE64":
        return side.data
    try:
        return base64.b64decode(side.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _scores(answered: str) -> list[str]:
    """The scores of an answer: a line each, or the container's JSON."""
    try:
        content: Any = json.loads(answered)
        return [json.dumps(each["score"]) for each in content["predictions"]]
    except (ValueError, KeyError, TypeError):
        return answered.splitlines()


def _decision(score: str, threshold: float) -> str:
    try:
        return f"{'declined' if float(score) >= threshold else 'accepted'} at {threshold:g}"
    except ValueError:
        return ""


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""

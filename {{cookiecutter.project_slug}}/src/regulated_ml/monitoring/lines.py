"""A line of captured requests, as SageMaker's data capture has it, taken apart."""

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

NAN = float("nan")


class ForeignError(Exception):
    """A line that is no captured request; says why, in words that are the same for its kind."""


class Request(NamedTuple):
    """What was asked and answered."""

    id: str  # the inference id that the caller gave, or else the event id
    time: datetime
    rows: list[bytes]  # of CSV
    scores: list[float]  # one for each row; NaN where the answer was not captured

    def keys(self) -> Iterator[int]:
        """The key of each row's id."""
        return (key(self.id, number) for number in range(len(self.rows)))


def key(name: str, row: int = 0) -> int:
    """A number of 64 bits that stands for an id, and for a row of a request that has several.

    Among a million ids two share one with a probability of 3 in 100 million.
    """
    text = f"{name}#{row}" if row else name
    return int.from_bytes(
        blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def read_line(line: bytes) -> Request:
    """Takes a line apart.

    Raises:
        ForeignError: it is none that an endpoint of such a model writes.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise ForeignError("no JSON") from None
    about, data = _member(event, "eventMetadata"), _member(event, "captureData")
    sent = _text(_member(data, "endpointInput")).splitlines()
    if not sent:
        raise ForeignError("a request without rows")
    answer = data.get("endpointOutput")
    scores = [NAN] * len(sent) if answer is None else _scores(_as_object(answer))
    if len(scores) != len(sent):
        raise ForeignError("another number of scores than of rows")
    name = about.get("inferenceId") or about.get("eventId")
    if not isinstance(name, str):
        raise ForeignError("no eventId")
    return Request(name, _time(about.get("inferenceTime")), sent, scores)


def _member(content: Any, name: str) -> dict[str, Any]:
    found = content.get(name) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ForeignError(f"no {name}")
    return found


def _as_object(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ForeignError("an endpointOutput of another form")
    return content


def _text(side: dict[str, Any]) -> bytes:
    """The CSV of a request."""
    kind, data = side.get("encoding"), side.get("data")
    if not isinstance(data, str):
        raise ForeignError("no data of a request")
    if kind == "BASE64":
        return _decoded(data)
    if kind != "CSV":
        raise ForeignError(f"a request in {str(kind)[:20]}, where the model reads CSV")
    return data.encode("utf-8", "replace")


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ForeignError("BASE64 that cannot be decoded") from None


def _scores(side: dict[str, Any]) -> list[float]:
    """The scores of an answer, in CSV or JSON."""
    data = side.get("data")
    if not isinstance(data, str):
        raise ForeignError("no data of an answer")
    text = _decoded(data).decode("utf-8", "replace") if side.get("encoding") == "BASE64" else data
    try:
        if text.lstrip().startswith("{"):
            return [float(each["score"]) for each in json.loads(text)["predictions"]]
        return list(map(float, text.replace(",", "\n").split()))
    except (ValueError, KeyError, TypeError):
        raise ForeignError("an answer that holds no scores") from None


def _time(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ForeignError("no inferenceTime") from None
    if moment.tzinfo is None:
        raise ForeignError("an inferenceTime without a zone")
    return moment

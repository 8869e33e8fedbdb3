"""What the records of monitoring say, window by window: where reading goes on, and the trend."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.monitoring.parts import Mark

RESULT, MARKS, SCORED = "monitor.json", "marks.json", "scores.parquet"


class Entry(NamedTuple):
    """A judgement of a window; a window has several where labels came late."""

    id: str  # of the record
    endpoint: str
    version: int
    number: int  # of the window, from 1 for each endpoint and version; 0: of a span, on request
    again: bool  # by labels that came after the window was first judged
    first: str  # times of its requests, ISO 8601; empty: it has none
    last: str
    ended: str  # when it was judged
    metrics: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The window as persons call it."""
        return f"window {self.number}" if self.number else "a span"


def entry(record_id: str, said: Mapping[str, Any], ended: str, metrics: Mapping[str, Any]) -> Entry:
    """The entry of a record.

    Args:
        record_id: its id.
        said: its parameters.
        ended: when it was made.
        metrics: its metrics.
    """
    window = said["window"]
    return Entry(
        id=record_id,
        endpoint=said["endpoint"],
        version=int(said["version"]),
        number=window["number"],
        again=window["again"],
        first=window["first"],
        last=window["last"],
        ended=ended,
        metrics=metrics,
    )


def of(entries: Iterable[Entry], endpoint: str, version: int | None = None) -> list[Entry]:
    """Those of an endpoint, and of one version of it."""
    return [
        each for each in entries if each.endpoint == endpoint and version in (None, each.version)
    ]


BY_LABELS = ("model_quality", "bias")  # monitors that judge again when labels come


def judged_again(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a window's judgement with what labels say now in the place of what they said.

    Args:
        before: the content that it had.
        now: the judgement by labels alone.
    """
    kept = [each for each in before["violations"] if each["monitor"] not in BY_LABELS]
    checks = {each["check"] for each in kept}
    alerts = [each for each in before["alerts"] if checks & set(each["checks"])]
    return {
        **before,
        **{name: now[name] for name in (*BY_LABELS, "labelled")},
        "violations": [*kept, *now["violations"]],
        "alerts": [*alerts, *now["alerts"]],
        "notes": list(dict.fromkeys([*before["notes"], *now["notes"]])),
    }


def last_window(entries: Sequence[Entry]) -> Entry | None:
    """The window that was made last: where it ended, reading goes on."""
    made = [each for each in entries if each.number and not each.again]
    return max(made, key=lambda each: each.number, default=None)


def newest(entries: Sequence[Entry]) -> list[Entry]:
    """The newest judgement of each window, in the order of the windows."""
    by_window = {(each.version, each.number): each for each in entries if each.number}
    return [by_window[name] for name in sorted(by_window)]


def marks_as_json(marks: Mapping[str, Mark]) -> dict[str, list[int]]:
    """How far files have been read, for a file."""
    return {name: list(mark) for name, mark in marks.items()}


def marks_of(content: Mapping[str, Sequence[int]]) -> dict[str, Mark]:
    """What `marks_as_json` has made."""
    return {name: Mark(*mark) for name, mark in content.items()}

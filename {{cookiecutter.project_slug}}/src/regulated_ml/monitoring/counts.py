"""What becomes of the lines of a window, counted so that none is lost unseen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Counts:
    """What became of each line of a window: `lines` is the sum of the others."""

    lines: int = 0
    requests: int = 0
    torn: int = 0
    outside: int = 0  # of the span that was asked for
    foreign: dict[str, int] = field(default_factory=dict)  # why a line is no request -> lines
    examples: dict[str, str] = field(default_factory=dict)  # why -> the first place
    rows: int = 0  # of the requests; those below are not among them
    widths: dict[int, int] = field(default_factory=dict)  # another number of cells -> rows
    unscored: int = 0  # rows whose answer was not captured
    masked: dict[str, int] = field(default_factory=dict)  # feature -> cells
    backwards: int = 0  # requests that are earlier than the one before in their file
    ahead: int = 0  # of the clock of this machine
    shrunk: list[str] = field(default_factory=list)  # files that are shorter than what was read
    first: datetime | None = None  # times of requests
    last: datetime | None = None

    def strange(self, reason: str, place: str) -> None:
        """Counts a line that is no request."""
        self.foreign[reason] = self.foreign.get(reason, 0) + 1
        self.examples.setdefault(reason, place)

    def at(self, time: datetime) -> None:
        """Takes the time of a request in."""
        self.first = min(self.first or time, time)
        self.last = max(self.last or time, time)


def about(counts: Counts) -> Iterator[str]:
    """What was not taken in, and what is odd about what was."""
    for reason, lines in counts.foreign.items():
        first = counts.examples[reason]
        yield f"lines that are no captured request, {reason}: {lines}, first {first}"
    for number, what in (
        (counts.torn, "lines without an end, as after a crash"),
        (counts.unscored, "rows without a score, since their answer was not captured"),
        (counts.backwards, "requests earlier than the one before, since the clock was set back"),
        (counts.ahead, "requests later than this machine's clock"),
    ):
        if number:
            yield f"{what}: {number}"
    if counts.shrunk:
        yield f"files are shorter than what was read of them before: {', '.join(counts.shrunk)}"
    if counts.masked:
        yield f"not judged, since their values are not kept: {', '.join(counts.masked)}"

"""Captured requests: files as SageMaker's endpoints write them, a line of JSON for each request.

The format is that of SageMaker's data capture (Developer Guide, "Capture data from real-time
endpoint"): ENDPOINT/VARIANT/yyyy/mm/dd/hh/mm-ss-fff-UUID.jsonl. The variant is the version that
answers: while one takes over from another, both do, and only the path tells which it was.

A line is handed to the operating system in one call before the request is answered, so a process
killed at any moment has captured all that it has answered; only the machine's own end can tear the
last line.
"""

import errno
import json
import logging
import os
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

EVENT_VERSION = "0"
MASK = b"masked"  # stands in a cell that is not kept
# Made once: json.dumps makes one for each call that wants other separators.
ENCODE = json.JSONEncoder(separators=(",", ":")).encode

logger = logging.getLogger("regulated_ml.serving")


@dataclass(frozen=True)
class CaptureOptions:
    """What is captured, and where.

    Args:
        folder: the capture folder; the endpoint's own lies below it.
        endpoint: its name.
        variant: the version that answers, as v3.
        sampling_percentage: of the requests, by chance.
        masked: positions of columns whose values are not kept, from 0.
        rotate_bytes: a file is closed from this size on ...
        rotate_seconds: ... or this age.
        when_full: what becomes of a request that cannot be captured, as when the disk is full.
    """

    folder: Path
    endpoint: str
    variant: str
    sampling_percentage: int = 100
    masked: tuple[int, ...] = ()
    rotate_bytes: int = 16 << 20
    rotate_seconds: int = 3600
    when_full: Literal["serve", "refuse"] = "serve"


class Exchange(NamedTuple):
    """A request and what it was answered."""

    sent_type: str
    sent: bytes
    answer_type: str
    answer: bytes
    inference_id: str  # empty: the caller gave none
    time: datetime


class NotCapturedError(Exception):
    """A request could not be captured, and the options say that it is refused then."""


@dataclass
class Capture:
    """Writes exchanges to files; used by one process, from any thread."""

    options: CaptureOptions
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    captured: int = 0
    lost: int = 0  # those that could not be written: the disk is full, mostly
    _random: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: int | None = None
    _bytes: int = 0
    _opened: datetime | None = None

    def take(self, exchange: Exchange) -> str:
        """Captures an exchange, or not, as the sampling decides.

        Returns:
            The id under which it is found again: the caller's own, or else that of the event;
            empty where it is not captured.

        Raises:
            NotCapturedError: it cannot be captured, and the options say `refuse`.
        """
        if self._random.random() * 100 >= self.options.sampling_percentage:
            return ""
        event_id = str(uuid.uuid4())
        content = line(exchange, self.options.masked, event_id)
        with self._lock:
            try:
                self._write(content, exchange.time)
                self.captured += 1
            except OSError as error:
                self.lost += 1
                self._close()  # what comes next begins a file of its own
                if (
                    self.lost.bit_count() == 1
                ):  # the 1st, 2nd, 4th, 8th ...: a log has no end either
                    logger.error("a request was not captured, %d in all: %s", self.lost, error)
                if self.options.when_full == "refuse":
                    raise NotCapturedError(str(error)) from error
                return ""
        return exchange.inference_id or event_id

    def close(self) -> None:
        """Closes the open file."""
        with self._lock:
            self._close()

    def _write(self, content: bytes, time: datetime) -> None:
        if self._file is None or self._is_due(time):
            self._close()
            self._open(time)
        written = os.write(self._file or 0, content)
        self._bytes += written
        if written < len(content):
            # What there was no place for is taken back, so that the file keeps whole lines.
            os.ftruncate(self._file or 0, self._bytes - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_due(self, time: datetime) -> bool:
        opened = self._opened or time
        # Told by the distance: a clock that was set back must not keep a file open for ever.
        age = abs((time - opened).total_seconds())
        is_other_hour = (time.date(), time.hour) != (opened.date(), opened.hour)
        return (
            is_other_hour
            or age >= self.options.rotate_seconds
            or self._bytes >= self.options.rotate_bytes
        )

    def _open(self, time: datetime) -> None:
        own = self.options.folder / self.options.endpoint / self.options.variant
        folder = own / f"{time:%Y/%m/%d/%H}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{time:%M-%S}-{time.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._file = os.open(folder / name, flags, 0o600)
        self._bytes, self._opened = 0, time

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def line(exchange: Exchange, masked: tuple[int, ...], event_id: str) -> bytes:
    """An exchange as a line of the file; cells at the positions `masked` are not kept."""
    metadata = {"eventId": event_id}
    if exchange.inference_id:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = f"{exchange.time:%Y-%m-%dT%H:%M:%SZ}"
    sent = _masked(exchange.sent, masked).decode("utf-8", "replace")
    content = {
        "captureData": {
            "endpointInput": _side("INPUT", exchange.sent_type, sent),
            "endpointOutput": _side("OUTPUT", exchange.answer_type, exchange.answer.decode()),
        },
        "eventMetadata": metadata,
        "eventVersion": EVENT_VERSION,
    }
    return ENCODE(content).encode() + b"\n"


def _side(mode: str, kind: str, data: str) -> dict[str, str]:
    encoding = "JSON" if "json" in kind else "CSV"
    return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}


def _masked(sent: bytes, masked: tuple[int, ...]) -> bytes:
    """The rows with some cells masked, divided into lines and cells as `rows.parse` does it."""
    if not masked:
        return sent
    rows = [line.split(b",") for line in sent.splitlines()]
    for row in rows:
        for place in masked:
            row[place] = MASK
    return b"\n".join(map(b",".join, rows))

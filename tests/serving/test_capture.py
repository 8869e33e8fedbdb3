"""Captured requests: SageMaker's format, and none lost of what was answered."""

import http.client
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regulated_ml.serving import processes
from regulated_ml.serving.capture import Capture, CaptureOptions, Exchange
from regulated_ml.serving.server import ServerOptions

from .conftest import Served, say_nothing, served_in

NOON = datetime(2026, 11, 24, 12, 59, 30, 250_000, UTC)


def exchange(number: int, time: datetime = NOON, sent: bytes = b"1,2,3\n4,5,6\n") -> Exchange:
    """A request and its answer."""
    return Exchange(
        "text/csv", sent, "text/csv; charset=utf-8", b"0.5\n0.25\n", f"id-{number}", time
    )


def lines(folder: Path) -> list[str]:
    """All captured lines."""
    files = sorted(folder.rglob("*.jsonl"))
    return [line for path in files for line in path.read_text().splitlines()]


def test_a_line_is_as_sagemaker_writes_it(tmp_path: Path) -> None:
    capture = Capture(CaptureOptions(tmp_path, "credit", "v3"))
    capture.take(exchange(1))
    (path,) = tmp_path.rglob("*.jsonl")
    assert re.fullmatch(
        r"credit/v3/2026/11/24/12/59-30-250-[0-9a-f-]{36}\.jsonl",
        path.relative_to(tmp_path).as_posix(),
    )
    found = json.loads(path.read_text())
    assert re.fullmatch(r"[0-9a-f-]{36}", found["eventMetadata"].pop("eventId"))
    assert found == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2,3\n4,5,6\n",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "0.5\n0.25\n",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {"inferenceId": "id-1", "inferenceTime": "2026-11-24T12:59:30Z"},
        "eventVersion": "0",
    }
    assert path.stat().st_mode & 0o077 == 0


def test_masked_columns_are_not_kept(tmp_path: Path) -> None:
    Capture(CaptureOptions(tmp_path, "credit", "v3", masked=(0, 2))).take(exchange(1))
    (line,) = lines(tmp_path)
    sent = json.loads(line)["captureData"]["endpointInput"]["data"]
    assert sent == "masked,2,masked\nmasked,5,masked"


def test_a_line_break_that_csv_does_not_know_leaks_no_masked_value(tmp_path: Path) -> None:
    capture = Capture(CaptureOptions(tmp_path, "credit", "v3", masked=(1,)))
    for sent in (b"1,\x0c42,3", b"1,42\x0b,3", "1,\u202842,3".encode(), b"1,42,3\x1c\n4,42,6"):
        capture.take(exchange(1, sent=sent))
    assert len(lines(tmp_path)) == 4
    assert "42" not in "".join(
        json.loads(x)["captureData"]["endpointInput"]["data"] for x in lines(tmp_path)
    )


def test_a_share_is_kept(tmp_path: Path) -> None:
    capture = Capture(CaptureOptions(tmp_path, "credit", "v3", sampling_percentage=20))
    for number in range(5_000):
        capture.take(exchange(number))
    # Six standard deviations of 5,000 draws at one in five.
    assert abs(len(lines(tmp_path)) - 1_000) < 6 * (5_000 * 0.2 * 0.8) ** 0.5


@pytest.mark.parametrize(
    ("times", "files"),
    [
        ((NOON, NOON + timedelta(seconds=20)), 1),
        ((NOON, NOON + timedelta(seconds=40)), 2),  # another hour
        ((NOON - timedelta(minutes=20), NOON), 2),  # older than ten minutes
        ((NOON, NOON - timedelta(days=3)), 2),  # the clock was set back
    ],
)
def test_files_are_closed_by_hour_and_age(
    tmp_path: Path, times: tuple[datetime, datetime], files: int
) -> None:
    capture = Capture(CaptureOptions(tmp_path, "credit", "v3", rotate_seconds=600))
    for number, moment in enumerate(times):
        capture.take(exchange(number, moment))
    assert len(list(tmp_path.rglob("*.jsonl"))) == files
    assert len(lines(tmp_path)) == 2


def test_files_are_closed_by_size(tmp_path: Path) -> None:
    capture = Capture(CaptureOptions(tmp_path, "credit", "v3", rotate_bytes=1_000))
    for number in range(10):
        capture.take(exchange(number))
    sizes = [path.stat().st_size for path in tmp_path.rglob("*.jsonl")]
    assert len(sizes) > 1
    assert max(sizes) < 1_000 + len(lines(tmp_path)[0]) + 1  # one line beyond the size, at most
    assert len(lines(tmp_path)) == 10


FULL = """
import json, resource, signal, sys
from pathlib import Path
from regulated_ml.serving.capture import Capture, CaptureOptions, Exchange, NotCapturedError
from datetime import UTC, datetime
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (1300, 1300))
folder, when_full, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
capture = Capture(CaptureOptions(folder, "credit", "v3", when_full=when_full))
refused = 0
for number in range(3):
    try:
        now = datetime.now(UTC)
        capture.take(Exchange("text/csv", b"1" * size, "text/csv", b"0.5", "", now))
    except NotCapturedError:
        refused += 1
print(json.dumps([capture.captured, capture.lost, refused]))
"""


@pytest.mark.parametrize(
    ("when_full", "size", "expected"),
    [("serve", 600, [2, 1, 0]), ("refuse", 600, [2, 1, 1]), ("serve", 5_000, [0, 3, 0])],
)
def test_a_full_disk_is_counted_and_leaves_whole_lines(
    tmp_path: Path, when_full: str, size: int, expected: list[int]
) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path), when_full, str(size)]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    captured, lost, refused = json.loads(done.stdout)
    assert captured + lost == 3
    assert (lost > 0, refused) == (expected[1] > 0, lost if when_full == "refuse" else 0)
    assert [bool(json.loads(line)) for line in lines(tmp_path)] == [True] * captured


class Callers:
    """Threads that ask as fast as they can, and count what they were answered."""

    def __init__(self, served: Served, row: str, number: int = 4) -> None:
        self.answered: list[str] = []
        self.failed: list[str] = []
        self._served, self._row, self._stop = served, row, threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(number)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, caller: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            name = f"{caller}-{number}"
            try:
                found = self._served.ask(self._row, x_amzn_sagemaker_inference_id=name)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(f"{name}: {error}")
                return
            if found.status == 200:
                self.answered.append(name)
            else:
                self.failed.append(f"{name}: {found}")


def ids(served: Served) -> list[str]:
    """The inference ids of the captured requests."""
    return [str(each["eventMetadata"]["inferenceId"]) for each in served.captured()]


def test_another_version_takes_over_without_losing_a_request(
    served: Served, rows: list[str], model_folder: Path
) -> None:
    with Callers(served, rows[0]) as callers:
        time.sleep(0.5)
        options = ServerOptions(
            "credit", 4, model_folder, served.options.port, served.options.capture
        )
        running = processes.start(served.home, options, say_nothing)
        time.sleep(0.5)
    assert callers.failed == []
    assert running.version == 4
    assert sorted(ids(served)) == sorted(callers.answered)
    assert processes.serving(served.home, "credit") == running


def test_a_version_that_does_not_start_changes_nothing(served: Served, rows: list[str]) -> None:
    from regulated_ml.errors import UserError

    broken = served.home / "broken"
    broken.mkdir()
    (broken / "model.tar.gz").write_bytes(b"no archive")
    options = ServerOptions("credit", 9, broken, served.options.port, None)
    with pytest.raises(UserError, match=r"the model cannot be served: model.tar.gz cannot be read"):
        processes.start(served.home, options, say_nothing)
    assert served.ask(rows[0]).status == 200
    assert processes.serving(served.home, "credit") == served.running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_all_that_was_answered_is_captured(
    served: Served, rows: list[str], number: signal.Signals
) -> None:
    with Callers(served, rows[0]) as callers:
        time.sleep(0.7)
        os.kill(served.running.pid, number)
        time.sleep(0.5)
    assert len(callers.answered) > 50
    assert set(callers.answered) <= set(ids(served))
    if number == signal.SIGTERM:  # a request that was captured was answered, too
        assert set(callers.answered) == set(ids(served))
    assert processes.serving(served.home, "credit") is None


@pytest.mark.parametrize("when_full", ["serve", "refuse"])
def test_a_full_disk_loses_nothing_uncounted(
    tmp_path: Path, model_folder: Path, rows: list[str], when_full: str
) -> None:
    served = served_in(tmp_path, model_folder, when_full=when_full)
    statuses = [served.ask(rows[0]).status for _ in range(5)]
    (path,) = (tmp_path / "capture").rglob("*.jsonl")
    # A limit on the size of files fails as a full disk does; Python ignores its signal.
    room = int(path.stat().st_size * 1.5)
    resource.prlimit(served.running.pid, resource.RLIMIT_FSIZE, (room, room))
    statuses += [served.ask("\n".join(rows[:40])).status for _ in range(10)]
    text = served.ask(b"", "/metrics", "GET").body
    counts = dict(line.split() for line in text.splitlines() if line[0] != "#")
    captured, lost = (
        int(float(counts[f"rml_{name}_total"])) for name in ("captured_requests", "lost_captures")
    )
    assert captured + lost == 15
    assert lost == 10
    assert len(served.captured()) == captured  # whole lines, all of them
    assert statuses.count(507) == (lost if when_full == "refuse" else 0)
    assert statuses.count(200) == 15 - statuses.count(507)
    processes.stop(served.running, say_nothing)

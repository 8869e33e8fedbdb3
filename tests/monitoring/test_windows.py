"""Windows of captured requests: nothing is lost, and nothing is counted twice."""

import base64
import gzip
import json
from datetime import timedelta

import pytest

from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.parts import Mark, Part, divided, unread
from regulated_ml.monitoring.windows import Window

from .conftest import NOON, Captured, request

HOUR = "2026/11/24/12/"
AB = ("a", "b")


def told(line: str, **changes: object) -> str:
    """A line with the request's side changed."""
    event = json.loads(line)
    event["captureData"]["endpointInput"] |= changes
    return json.dumps(event)


def test_every_line_is_counted_once_whatever_it_is(captured: Captured) -> None:
    good = request("1,2", "x")
    captured.write(
        f"{HOUR}00-00-000-a.jsonl",
        good,
        b"\x00\xff\xfe not json",
        "[]",
        '{"captureData": {}}',
        told(good, encoding="JSON"),
        told(good, encoding="BASE64", data=base64.b64encode(b"3,4").decode()),
        request("5,6\n7,8", "two", answered="0.1\n0.2\n"),
        request("5,6\n7,8", "one-score"),
        request("1", "short"),
        request("1,2,3", "long"),
        request("nan,\ud800", "odd"),
        request("1,2", "torn")[:100],
        end=b"",
    )
    captured.write(f"{HOUR}01-00-000-empty.jsonl", end=b"")
    rows, counts = captured.read(AB)
    assert rows == [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["nan", "?"]]
    assert (counts.lines, counts.requests, counts.torn, counts.rows) == (12, 6, 1, 5)
    assert counts.widths == {1: 1, 3: 1}
    assert counts.foreign == {
        "no JSON": 1,
        "no eventMetadata": 2,
        "a request in JSON, where the model reads CSV": 1,
        "another number of scores than of rows": 1,
    }
    assert counts.lines == counts.requests + counts.torn + sum(counts.foreign.values())
    assert counts.examples["no JSON"] == f"{HOUR}00-00-000-a.jsonl, line 2 of what is new"


def test_a_line_belongs_to_the_first_window_after_it_was_written(captured: Captured) -> None:
    marks: dict[str, Mark] = {}
    first = f"{HOUR}00-00-000-a.jsonl"
    captured.write(first, request("1,1", "x"), request("2,2", "y")[:50], end=b"")
    assert captured.read(AB, marks)[0] == [["1", "1"]]
    assert captured.read(AB, marks)[1].lines == 0  # the torn line is not counted again
    captured.write(f"{HOUR}01-00-000-b.jsonl", request("3,3", "z"))
    assert captured.read(AB, marks)[0] == [["3", "3"]]
    captured.write(f"{HOUR}01-00-000-b.jsonl", request("4,4", "z"))
    assert captured.read(AB, marks)[0] == [["4", "4"]]
    assert unread(captured.folder, marks) == ()


def test_a_file_that_is_packed_afterwards_is_not_read_again(captured: Captured) -> None:
    marks: dict[str, Mark] = {}
    path = captured.write(f"{HOUR}00-00-000-a.jsonl", request("1,1", "x"))
    assert captured.read(AB, marks)[0] == [["1", "1"]]
    whole = path.read_bytes() + request("2,2", "y").encode() + b"\n"
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(whole))
    assert captured.read(AB, marks)[1].lines == 0  # as long as both are there, the first counts
    path.unlink()
    assert captured.read(AB, marks)[0] == [["2", "2"]]


def test_an_archive_that_ends_early_gives_what_it_holds(captured: Captured) -> None:
    lines = "".join(request("1,1", f"x{n}") + "\n" for n in range(2000)).encode()
    path = captured.folder / f"{HOUR}00-00-000-a.jsonl.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(lines)[:-200])
    rows, counts = captured.read(AB)
    assert 0 < len(rows) < 2000
    assert counts.torn >= 1
    assert counts.lines == counts.requests + counts.torn


def test_a_clock_that_jumps_loses_nothing_and_counts_nothing_twice(captured: Captured) -> None:
    marks: dict[str, Mark] = {}
    later = NOON + timedelta(days=3650)
    captured.write(
        f"{HOUR}00-00-000-a.jsonl",
        request("1,1", "a", NOON),
        request("2,2", "b", NOON - timedelta(seconds=2)),  # two at once: no jump
        request("3,3", "c", NOON - timedelta(hours=2)),
    )
    captured.write("2036/11/21/12/00-00-000-b.jsonl", request("4,4", "d", later))
    rows, counts = captured.read(AB, marks)
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert (counts.backwards, counts.ahead) == (1, 1)
    assert (counts.first, counts.last) == (NOON - timedelta(hours=2), later)
    # What is written after the clock was set right lies in an earlier folder.
    captured.write(f"{HOUR}59-00-000-c.jsonl", request("5,5", "e", NOON))
    assert captured.read(AB, marks)[0] == [["5", "5"]]


def test_a_span_goes_by_the_times_of_requests(captured: Captured) -> None:
    minutes = [timedelta(minutes=n) for n in range(4)]
    lines = [request(f"{n},0", str(n), NOON + each) for n, each in enumerate(minutes)]
    captured.write(f"{HOUR}00-00-000-a.jsonl", *lines)
    rows, counts = captured.read(AB, since=NOON + minutes[1], until=NOON + minutes[3])
    assert [row[0] for row in rows] == ["1", "2"]
    assert (counts.requests, counts.outside) == (2, 2)


def test_a_file_that_has_become_shorter_is_named(captured: Captured) -> None:
    marks: dict[str, Mark] = {}
    path = captured.write(f"{HOUR}00-00-000-a.jsonl", request("1,1", "x"), request("2,2", "y"))
    captured.read(AB, marks)
    path.write_bytes(b"{}\n")
    counts = Counts()
    assert unread(captured.folder, marks, counts) == ()
    assert counts.shrunk == [f"{HOUR}00-00-000-a.jsonl"]


@pytest.mark.parametrize(
    ("hours", "windows"),
    [
        ([9], [1]),
        ([9, 10], [2]),  # an hour that is full, and the one that has begun: on schedule
        ([9, 9, 10, 11, 14], [2, 1, 1, 1]),
    ],
)
def test_windows_that_were_missed_are_made_up_for(hours: list[int], windows: list[int]) -> None:
    parts = [
        Part(NotImplemented, f"2026/11/24/{hour:02}/{place}.jsonl", 0, 1)
        for place, hour in enumerate(hours)
    ]
    found = divided(parts, timedelta(minutes=60))
    assert [len(each) for each in found] == windows
    assert [part for each in found for part in each] == parts


def test_values_that_were_not_kept_are_counted(captured: Captured) -> None:
    captured.write(f"{HOUR}00-00-000-a.jsonl", request("1,1", "x"), *[request("masked,2", "y")] * 3)
    assert captured.read(AB)[1].masked == {"a": 3}


def test_a_window_reads_no_more_than_was_there_when_it_was_made(captured: Captured) -> None:
    name = f"{HOUR}00-00-000-a.jsonl"
    captured.write(name, request("1,1", "x"))
    window = Window(unread(captured.folder, {}), AB)
    captured.write(name, request("2,2", "y"))
    for _ in range(2):
        counts = Counts()
        assert sum(len(batch.keys) for batch in window.batches(counts)) == 1
        assert counts.lines == 1

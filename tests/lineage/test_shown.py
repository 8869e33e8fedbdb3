"""What a lineage shows of a prediction, and that a record which was changed carries a mark."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from commands import rml

from regulated_ml.errors import ExitStatus
from regulated_ml.tracking import predictions
from regulated_ml.tracking.captures import search

from .conftest import Told

MARK = "NOT AS THE TRAIL HAS IT: the record was changed since entry"
THRESHOLD = 0.5
AB = ["a", "b"]


@pytest.fixture
def own(told: Told, tmp_path: Path) -> Path:
    """A copy of the repository to write into."""
    return Path(shutil.copytree(told.repository, tmp_path / "own", symlinks=True))


def line(sent: str, answered: str, encoding: str = "CSV") -> dict[str, Any]:
    """A captured request as SageMaker writes it."""
    sides = {"endpointInput": sent, "endpointOutput": answered}
    return {
        "captureData": {k: {"data": v, "encoding": encoding} for k, v in sides.items()},
        "eventMetadata": {"eventId": "event-1", "inferenceTime": "2027-01-31T12:00:00Z"},
        "eventVersion": "0",
    }


@pytest.mark.parametrize(
    ("command", "beside"),
    [
        (("runs", "lineage", "v1"), "approve"),
        (("model", "show", "v1"), "approve"),
        (("runs", "show", "approve"), "finding"),
    ],
)
def test_a_record_that_was_changed_is_shown_with_a_mark(
    own: Path, told: Told, command: tuple[str, ...], beside: str
) -> None:
    approved = told.acts["approve"].id
    record = own / "runs" / approved / "record.json"
    record.write_text(record.read_text().replace("the gates hold", "everybody agreed"))
    done = rml(own, *command, COLUMNS="250")
    assert done.returncode == ExitStatus.FOUND
    (marked,) = [row for row in done.stdout.splitlines() if MARK.partition(": ")[2] in row]
    assert beside in marked
    assert f"not as the audit trail has it: {approved}" in done.stderr


def test_a_page_says_that_a_record_is_not_the_trails_and_what_a_client_sent(
    own: Path, told: Told
) -> None:
    (names,) = own.glob("runs/prepare-*/train/features.json")
    features = [each["name"] for each in json.loads(names.read_text())["features"]]
    values = [str(1000 + place) for place in range(len(features))]
    path = own / "data/capture/credit-default-local/v1/2027/01/31/12/a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(line(",".join(values), "0.625\n")) + "\n")
    record = own / "runs" / told.acts["deploy"].id / "record.json"
    record.write_text(record.read_text().replace("credit-default-local", "another"))
    done = rml(own, "runs", "lineage", "event-1", "--format", "html")
    assert done.returncode == ExitStatus.FOUND
    assert "captured lines are not chained" in done.stderr
    page = (own / done.stdout.strip()).read_text()
    assert "The audit trail does not have 1 record as it is here" in page
    for told_of in (*features, *values, "0.625", "declined at 0.5", "2027-01-31 12:00:00 UTC"):
        assert f">{told_of}</td>" in page, told_of


@pytest.mark.parametrize(
    ("sent", "answered", "names", "expected", "note"),
    [
        ("1,2\n3,4\n", "0.25\n0.5\n", AB, ["0.25 0.5", "accepted declined", "1 3", "2 4"], ""),
        ("1,2", '{"predictions": [{"score": 0.75}]}', AB, ["0.75", "declined", "1", "2"], ""),
        ("masked,2", "0.75", ["a", "b"], ["0.75", "declined", "masked", "2"], ""),
        ("1,2", "0.75", None, ["0.75", "declined", "1", "2"], "they are numbered"),
        ("1,2,3", "0.75", ["a"], ["0.75", "declined", "1", "2", "3"], "not as many values"),
        ("1\n2", "0.75", ["a"], ["0.75", "declined", "1 2"], "2 rows were captured, and 1 score"),
        ("1\n" * 9, "1\n" * 9, ["a"], ["1 1 1 1 1", "declined", "1 1 1 1 1"], "first 5 of 9 rows"),
        ("1", "no score", ["a"], ["no score", "", "1"], ""),
        ("", "", ["a"], ["", ""], ""),
    ],
)  # fmt: skip
def test_rows_are_shown_with_score_and_decision(
    sent: str, answered: str, names: list[str] | None, expected: list[str], note: str
) -> None:
    text = json.dumps(line(sent, answered)).encode()
    found = search([text], "event-1", "credit/v1/a.jsonl", "a.jsonl")
    assert found is not None
    assert found.time == datetime.fromisoformat("2027-01-31T12:00:00+00:00")
    shown = predictions.read(found, names, THRESHOLD)
    cells = [
        " ".join(" ".join(row[1:]).replace(f" at {THRESHOLD}", "").split()) for row in shown.rows
    ]
    assert cells[0] == expected[0]
    assert set(cells[1].split()) == set(expected[1].split())
    assert cells[2:] == expected[2:]
    assert note in "; ".join(shown.notes)
    assert bool(note) == bool(shown.notes)


def test_what_was_kept_in_base64_is_read_and_what_is_no_text_is_not() -> None:
    for data, expected in (("MSwy", ["1", "2"]), ("/w==", []), ("%", [])):
        text = json.dumps(line(data, "MC4yNQo=", "BASE64")).encode()
        found = search([text], "event-1", "credit/v1/a.jsonl", "a.jsonl")
        assert found is not None
        shown = predictions.read(found, ["a", "b"] if expected else None, THRESHOLD)
        assert shown.rows[0] == ("score", "0.25")
        assert [row[1] for row in shown.rows[2:]] == expected

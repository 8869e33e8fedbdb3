"""A note of a submitted job is a file that names folders: it is not believed."""

import json
import threading
import time
from pathlib import Path

import pytest
from test_store import a_record

from regulated_ml.errors import UserError
from regulated_ml.tracking.records import Begun, Submitted
from regulated_ml.tracking.submissions import Submissions

RUN = "train-20260101-000000-abcdef"


def a_note(folder: Path) -> Submitted:
    """A note with made-up facts."""
    known = a_record(RUN, folder).model_dump(include=set(Begun.model_fields))
    return Submitted(**known, job=f"slug-{RUN}", kind="training", is_latest=True)


def test_a_note_is_read_back_equal_and_forgotten(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path / "runs", "local")
    note = a_note(tmp_path)
    submissions.add(note)
    assert submissions.all() == [note]
    submissions.remove(note)
    assert submissions.all() == []


@pytest.mark.parametrize("run_id", ["../../../outside/evil", f"../{RUN}", f"/tmp/{RUN}", "", "x"])
def test_an_id_that_is_none_of_a_run_is_refused(tmp_path: Path, run_id: str) -> None:
    submissions = Submissions(tmp_path / "runs", "local")
    submissions.add(a_note(tmp_path))
    (path,) = tmp_path.glob("runs/.submitted/*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "id": run_id}))
    with pytest.raises(UserError, match="its id is none of a run") as caught:
        submissions.all()
    assert caught.value.problems[0].field == str(path)
    assert caught.value.problems[0].value == run_id


def test_one_key_is_submitted_by_one_at_a_time_and_others_are_not_held_up(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path / "runs", "local")
    told: list[str] = []

    def submit() -> None:
        with submissions.submitting("same", lambda: told.append("waiting")):
            told.append("in")

    with submissions.submitting("same", lambda: None):
        other = threading.Thread(target=submit)
        other.start()
        while not told:
            time.sleep(0.001)
        with submissions.submitting("other", lambda: told.append("held up")):
            assert told == ["waiting"]
    other.join()
    assert told == ["waiting", "in"]

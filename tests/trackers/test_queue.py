"""What a tracker does not take waits, whatever it fails by, and the others go on."""

from dataclasses import dataclass, field
from pathlib import Path

from regulated_ml.platforms.interface import report_nothing
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trackers.queue import Queue


@dataclass
class FailingDouble:
    """A tracker whose disk fails at one step's record."""

    marks: Path
    fails_at: str
    shown: list[str] = field(default_factory=list)
    name, address, environment = "a double", "nowhere", None

    def is_kept(self) -> bool:
        return True

    def reach(self) -> None:
        self.marks.mkdir(parents=True, exist_ok=True)

    def show(self, record: Record) -> None:
        if record.step == self.fails_at:
            raise OSError(28, "No space left on device", "card.md")
        self.shown.append(record.step)


def test_an_error_of_the_system_makes_one_record_wait(small: Path) -> None:
    tracker = FailingDouble(small / "runs/.published/double", "train")
    queue = Queue(RunStore(small / "runs"), tracker)
    result = queue.send(report_nothing)
    assert tracker.shown == ["prepare", "evaluate", "explain"]
    assert [run.partition("-")[0] for run in result.waiting] == ["train"]
    assert [(each.value, "No space left" in each.rule) for each in result.problems] == [
        ("card.md", True)
    ]
    tracker.fails_at = ""
    assert [run.partition("-")[0] for run in queue.send(report_nothing).sent] == ["train"]

"""A repository with a registered version, and captured requests written as an endpoint does."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.parts import Mark, unread
from regulated_ml.monitoring.windows import Window

from . import traffic

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@dataclass
class Captured:
    """The captured requests of one variant, to which lines are added."""

    folder: Path

    def write(self, name: str, *lines: str | bytes, end: bytes = b"\n") -> Path:
        """Adds lines to a file, each with its end but the last, which has `end`."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = [each.encode() if isinstance(each, str) else each for each in lines]
        with path.open("ab") as file:
            file.write(b"\n".join(content) + end)
        return path

    def read(
        self, columns: Sequence[str], marks: dict[str, Mark] | None = None, **span: datetime
    ) -> tuple[list[list[str]], Counts]:
        """The rows of what is new, and what became of the lines; moves the marks on."""
        kept = {} if marks is None else marks
        window = Window(unread(self.folder, kept), tuple(columns), **span)
        counts = Counts()
        found = [
            list(row.values())
            for batch in window.batches(counts, kept)
            for row in batch.cells.to_pylist()
        ]
        return found, counts


@pytest.fixture
def captured(tmp_path: Path) -> Captured:
    """Nothing captured yet."""
    return Captured(tmp_path / "credit/v1")


@pytest.fixture(scope="session")
def _watched(_small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched") / _small.name
    shutil.copytree(_small, folder, symlinks=True)
    done = rml(folder, "model", "register")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def repository(_watched: Path, tmp_path: Path) -> Path:
    """A repository of the test's own with the version v1."""
    return Path(shutil.copytree(_watched, tmp_path / _watched.name, symlinks=True))


def request(sent: str, name: str, time: datetime = NOON, answered: str = "0.25\n") -> str:
    """A captured request."""
    return traffic.line(sent, answered, name, time)

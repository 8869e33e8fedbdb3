"""A repository with a model and all that can be done with it; shared, so it is only read."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws import Moto, seed
from commands import git
from platforms.front_double import Front

from regulated_ml.tracking.records import Record

from .acts import act, story
from .delivered_double import Delivered


@dataclass(frozen=True)
class Told:
    """A repository, and what was done with its model."""

    repository: Path
    acts: Mapping[str, Record]


@pytest.fixture(scope="session")
def told(_small: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Version 1, from registration to monitoring."""
    folder = tmp_path_factory.mktemp("told") / _small.name
    repository = Path(shutil.copytree(_small, folder, symlinks=True))
    return Told(repository, story(repository))


@pytest.fixture(scope="module")
def _delivered(
    _small: Path, _server: Moto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Delivered]:
    """Prepared and trained on AWS, the model registered there; for the module to read."""
    folder = tmp_path_factory.mktemp("delivered") / _small.name
    repository = Path(shutil.copytree(_small, folder, symlinks=True))
    _server.reset()
    account = seed(_server, repository)
    git(repository, "commit", "--all", "--quiet", "--message", "The account's identifiers")
    front = Front(_server.url)
    delivered = Delivered(account, front)
    runs = [delivered.run(step) for step in ("prepare", "train")]
    act(repository, "register", runs, environment="dev")
    sent = delivered.rml("runs", "publish")
    assert sent.returncode == 0, sent.stderr
    yield delivered
    front.stop()


@pytest.fixture
def delivered(_delivered: Delivered) -> Iterator[Delivered]:
    """The same, with a front that changes nothing."""
    _delivered.front.changes.clear()
    _delivered.front.instead.clear()
    yield _delivered
    _delivered.front.changes.clear()
    _delivered.front.instead.clear()

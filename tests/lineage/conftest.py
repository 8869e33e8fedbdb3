"""A repository with a model and all that can be done with it; shared, so it is only read."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from regulated_ml.tracking.records import Record

from .acts import story


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

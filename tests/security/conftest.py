"""What the tests of the security room share: a sample that the guard may write into."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered sample as a copy: in it the guard logs what these tests have it refuse."""
    parent = tmp_path_factory.mktemp("guarded")
    return Path(shutil.copytree(sample, parent / sample.name, symlinks=True))

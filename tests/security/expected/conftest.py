"""What the tests of the guard's effect share: the team's values, a process with the guard in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .sender import Sender
from .values import Team, team


@pytest.fixture(scope="session")
def the_team(sample: Path, answers: dict[str, str]) -> Team:
    """The values of the sample's environment dev."""
    return team(sample, answers)


@pytest.fixture(scope="session")
def sender(sample: Path) -> Iterator[Sender]:
    """A process of the sample's environment dev."""
    sender = Sender(sample)
    yield sender
    sender.close()

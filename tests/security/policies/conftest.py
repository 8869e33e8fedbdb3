"""The evaluator of policies, and an environment whose policies are evaluated."""

from pathlib import Path

import pytest

from regulated_ml.security.catalogue import standard_controls
from regulated_ml.security.pairs import Controls
from regulated_ml.settings import Settings, load

from . import simulation
from .simulation import Simulator


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """The independent evaluator."""
    folder = simulation.install()
    if folder is None:
        pytest.skip("there is no npm, which brings the evaluator of policies")
    return Simulator(folder)


@pytest.fixture(scope="session")
def dev(sample: Path) -> Settings:
    """The environment dev of the rendered sample."""
    return load(sample, "dev")


@pytest.fixture(scope="session")
def controls() -> Controls:
    """The standard's own controls."""
    return standard_controls()

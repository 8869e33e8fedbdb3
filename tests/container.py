"""An environment with exactly the versions of the managed XGBoost container 3.2-0.

That is Python 3.12, where the machine has it, and the packages of tests/container.lock.
"""

from pathlib import Path

import pytest
from environments import environment

# What the container's own start does with a script: hands it to sagemaker-training.
ENTRY = Path(__file__).parent / "jobs/container_entry.py"


@pytest.fixture(scope="session")
def container_python() -> str:
    """The interpreter of the container's environment."""
    return str(environment("container") / "bin/python")

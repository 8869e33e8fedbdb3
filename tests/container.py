"""An environment with exactly the versions of the managed XGBoost container 3.2-0.

That is Python 3.12, where the machine has it, and the packages of tests/container.lock, made once
in `.cache/container-env`.
"""

import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TEMPLATE

LOCK = TEMPLATE / "tests/container.lock"
MAKE = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/standard/environment.sh"
# What the container's own start does with a script: hands it to sagemaker-training.
ENTRY = Path(__file__).parent / "jobs/container_entry.py"


@pytest.fixture(scope="session")
def container_python() -> Iterator[str]:
    """The interpreter of the container's environment."""
    folder = TEMPLATE / ".cache/container-env"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
        command = ["sh", MAKE, "setup", "--environment", folder, "--lock", LOCK, "--no-project"]
        subprocess.run(command, cwd=TEMPLATE, check=True)
    yield str(folder / "bin/python")

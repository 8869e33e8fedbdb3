"""Environments beside the tests' own, each made once from a lock file below tests/."""

import fcntl
import subprocess
from pathlib import Path

from commands import TEMPLATE

MAKE = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/standard/environment.sh"


def environment(name: str) -> Path:
    """The environment of `tests/NAME.lock`, in `.cache/NAME-env`."""
    folder = TEMPLATE / f".cache/{name}-env"
    folder.parent.mkdir(exist_ok=True)
    lock = TEMPLATE / f"tests/{name}.lock"
    with folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # tests may run in several processes
        options = ["--environment", str(folder), "--lock", str(lock), "--no-project"]
        subprocess.run(["sh", str(MAKE), "setup", *options], cwd=TEMPLATE, check=True)
    return folder

"""What the tests share: a repository rendered once, by the real command, and the real table."""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from commands import ANSWERS, cookiecutter, git

# Variables of the caller that would reach into what the tests run.
LEAKING = ("RML_", "GIT_", "SM_", "SAGEMAKER_", "VIRTUAL_ENV", "COOKIECUTTER", "PYTHONPATH")


@pytest.fixture(scope="session", autouse=True)
def _scrubbed_environment() -> None:
    for name in list(os.environ):
        if name.startswith(LEAKING):
            del os.environ[name]
    # One language for git's and the system's messages, and compiled bytecode, which imports need.
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def answers() -> dict[str, str]:
    """The answers of the example profile."""
    content: dict[str, dict[str, str]] = yaml.safe_load(ANSWERS.read_text(encoding="utf-8"))
    return content["default_context"]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository rendered from the example profile; shared, so it is only read."""
    output = tmp_path_factory.mktemp("rendered")
    cookiecutter(output, "--config-file", str(ANSWERS))
    (repository,) = output.iterdir()
    return repository


@pytest.fixture
def repository(sample: Path, tmp_path: Path) -> Path:
    """A repository of the test's own, with one commit in it."""
    folder = tmp_path / sample.name
    shutil.copytree(sample, folder, symlinks=True)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The rendered repository")
    return folder


@pytest.fixture(scope="session")
def real_table() -> Path:
    """The real table, where REGULATED_ML_REAL_DATA names it."""
    path = os.environ.get("REGULATED_ML_REAL_DATA")
    if not path:
        pytest.skip("REGULATED_ML_REAL_DATA does not name the real table")
    return Path(path).resolve()

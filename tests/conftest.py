"""What the tests share: a repository rendered once, by the real command, and the real table."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

# Fixtures of modules of their own, which all tests find by their names here.
from aws import _server, account, moto  # noqa: F401
from browser import browser  # noqa: F401
from commands import ANSWERS, cookiecutter, git, rml
from container import container_python  # noqa: F401

from regulated_ml.settings import load

# Variables of the caller that would reach into what the tests run.
LEAKING = ("AWS_", "RML_", "GIT_", "SM_", "SAGEMAKER_", "VIRTUAL_ENV", "COOKIECUTTER", "PYTHONPATH")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones last, so that a mistake shows early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


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
    return _committed_copy(sample, tmp_path)


@pytest.fixture(scope="session")
def finished(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which `rml run` has gone through all steps on the twin; only read it."""
    folder = _committed_copy(sample, tmp_path_factory.mktemp("finished"))
    result = rml(folder, "run")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def _small(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _committed_copy(sample, tmp_path_factory.mktemp("small"))
    assert rml(folder, "data", "twin", "--rows", "3000", "--output", "twin.parquet").returncode == 0
    # `rml` never puts a twin in the place of the real table; it stays marked as one there too.
    table = folder / load(folder).dataset.file
    table.parent.mkdir()
    (folder / "twin.parquet").rename(table)
    result = rml(folder, "run")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def small(_small: Path, tmp_path: Path) -> Path:
    """A repository of the test's own in which all steps have run on a twin of 3,000 rows."""
    return Path(shutil.copytree(_small, tmp_path / _small.name, symlinks=True))


@pytest.fixture(scope="session")
def real_table() -> Path:
    """The real table, where REGULATED_ML_REAL_DATA names it."""
    path = os.environ.get("REGULATED_ML_REAL_DATA")
    if not path:
        pytest.skip("REGULATED_ML_REAL_DATA does not name the real table")
    return Path(path).resolve()


def _committed_copy(sample: Path, parent: Path) -> Path:
    # What tests that read the sample have made the guard refuse is no part of it.
    left_out = shutil.ignore_patterns("logs", "__pycache__")
    folder = Path(shutil.copytree(sample, parent / sample.name, symlinks=True, ignore=left_out))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The rendered repository")
    return folder

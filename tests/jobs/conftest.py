"""What the tests of the jobs share: folders like /opt/ml, and a prepared small table."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from .clients import DATASET, clients
from .opt_ml import SPLIT, OptMl

ROWS = 3_000
Team = Callable[[str], ModuleType]


@pytest.fixture(scope="session")
def source(sample: Path) -> Path:
    """The source folder of a rendered repository: the standard and the team's package."""
    return sample / "src"


@pytest.fixture(scope="session")
def package(sample: Path) -> str:
    """The name of the team's package."""
    project = yaml.safe_load((sample / "config/project.yaml").read_text(encoding="utf-8"))
    return str(project["package_name"])


@pytest.fixture
def team(source: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Imports a module of the team's package."""
    monkeypatch.syspath_prepend(str(source))
    return lambda name: importlib.import_module(f"{package}.{name}")


@pytest.fixture
def opt_ml(tmp_path: Path, source: Path) -> Callable[[str], OptMl]:
    """Makes an empty folder like /opt/ml."""

    def make(name: str = "ml") -> OptMl:
        folder = tmp_path / name
        folder.mkdir()
        return OptMl(folder, source)

    return make


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, source: Path, package: str) -> Path:
    """The output of the team's `prepare` on the small table; only read it."""
    folder = tmp_path_factory.mktemp("prepared")
    clients(ROWS).to_parquet(folder / "table.parquet")
    opt_ml = OptMl(folder, source)
    job = opt_ml.processing(
        f"{package}.prepare",
        {"data/table.parquet": folder / "table.parquet"},
        {"dataset": DATASET, "split": SPLIT},
    )
    assert job.returncode == 0, job.stderr
    return folder / "processing/output"

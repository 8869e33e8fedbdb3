"""What the tests of the jobs share: folders like /opt/ml, and a prepared small table."""

import importlib
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from .clients import DATASET, clients
from .opt_ml import SPLIT, OptMl

ROWS = 3_000
Team = Callable[[str], ModuleType]
Here = Callable[[Callable[[], None], Mapping[str, Path], Any], Path]


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


@pytest.fixture(scope="session")
def trained(
    prepared: Path, source: Path, package: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the model.tar.gz of the small table; only read it."""
    job = OptMl(tmp_path_factory.mktemp("trained"), source)
    channels = {name: prepared / name for name in ("train", "validation")}
    process = job.training(f"{package}.train", channels, {"rounds": 60, "seed": 1, "max_depth": 4})
    assert process.returncode == 0, process.stderr
    return archive(job.base / "model")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs a processing job in this process; gives the folder of its outputs."""

    def run(job: Callable[[], None], channels: Mapping[str, Path], parameters: Any) -> Path:
        base = Path(tempfile.mkdtemp(dir=tmp_path))
        monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base))
        OptMl(base, base).lay_out_processing(channels, parameters)
        job()
        return base / "processing/output"

    return run


def archive(model: Path) -> Path:
    """Packs a model folder as SageMaker does; gives the folder where model.tar.gz lies."""
    with tarfile.open(model.parent / "model.tar.gz", "w:gz") as tar:
        for path in model.iterdir():
            tar.add(path, path.name)
    return model.parent

"""Two versions of a small model: with what persons have written, and with nothing written yet."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE, git, rml

from regulated_ml.settings import Settings, load
from regulated_ml.tracking import registry
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import documenting

EXAMPLE = TEMPLATE / "examples/documents.yaml"
# What a person may write by accident or to do harm: markup, a table's bar, a break, a link.
HOSTILE = (
    "<script>alert(1)</script> | x |\n# big\n[a](https://example.com) `b` **c** \u202edrawkcab"
)


@dataclass(frozen=True)
class Documented:
    """A repository with versions, whose documents are in `folder`."""

    repository: Path

    @property
    def settings(self) -> Settings:
        """As the files are now."""
        return load(self.repository)

    @property
    def store(self) -> RunStore:
        """The runs of `local`."""
        return RunStore(self.repository / "runs", "local")

    @property
    def known(self) -> list[Record]:
        """All records."""
        return self.store.all()

    def version(self, name: str = "latest") -> Version:
        """A version by its name."""
        return registry.find(self.known, name)

    def run(self, step: str, name: str = "v1") -> Record:
        """The run of a step that a version rests on."""
        ids = self.version(name).registered.parents
        return next(run for run in self.known if run.id in ids and run.step == step)

    def write(self, folder: Path, name: str = "latest", before: str = "") -> list[Path]:
        """The documents of a version, as files in a folder."""
        older = self.version(before) if before else None
        version = self.version(name)
        return documenting.write(
            self.settings, self.store, version, self.known, folder, before=older
        )


def change(path: Path, edit: Callable[[Any], None]) -> None:
    """Changes the content of a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def parts(folder: Path, name: str) -> dict[str, Any]:
    """The parts of a written document by their topic."""
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return {part["topic"]: part for part in content["parts"]}


@pytest.fixture(scope="session")
def two(_small: Path, tmp_path_factory: pytest.TempPathFactory) -> Documented:
    """Versions v1 and v2, the second with fewer rounds; nothing is written. Only read it."""
    folder = tmp_path_factory.mktemp("two") / _small.name
    shutil.copytree(_small, folder, symlinks=True)
    _registered(folder)
    change(folder / "config/model.yaml", lambda model: model["training"].update(rounds=40))
    git(folder, "commit", "--all", "--quiet", "--message", "Fewer rounds")
    done = rml(folder, "run")
    assert done.returncode == 0, done.stderr
    _registered(folder)
    return Documented(folder)


@pytest.fixture(scope="session")
def filled(two: Documented, tmp_path_factory: pytest.TempPathFactory) -> Documented:
    """The same with the example's words, of which the purpose is hostile. Only read it."""
    folder = tmp_path_factory.mktemp("filled") / two.repository.name
    shutil.copytree(two.repository, folder, symlinks=True)
    shutil.copy(EXAMPLE, folder / "config/documents.yaml")
    change(folder / "config/documents.yaml", _hostile)
    return Documented(folder)


@pytest.fixture
def own(filled: Documented, tmp_path: Path) -> Documented:
    """A copy of the test's own."""
    folder = shutil.copytree(filled.repository, tmp_path / "own", symlinks=True)
    return Documented(Path(folder))


@pytest.fixture(scope="session")
def written(filled: Documented, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of v1 of the filled repository, by the command."""
    folder = tmp_path_factory.mktemp("written") / "v1"
    done = rml(filled.repository, "model", "documents", "v1")
    assert done.returncode == 0, done.stderr
    shutil.copytree(filled.repository / "reports/documents/v1", folder)
    return folder


@pytest.fixture(scope="session")
def unwritten(two: Documented, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of v2 of the repository in which nothing is written, compared with v1."""
    folder = tmp_path_factory.mktemp("unwritten")
    two.write(folder, "v2")
    return folder


def _registered(folder: Path) -> None:
    done = rml(folder, "model", "register")
    assert done.returncode == 0, done.stderr


def _hostile(content: dict[str, Any]) -> None:
    content["purpose"] = HOSTILE
    content["findings"][0]["what"] = HOSTILE
    content["findings"][0]["due"] = "2099-01-01"
    content["monitoring"]["next_validation"] = "2099-01-01"

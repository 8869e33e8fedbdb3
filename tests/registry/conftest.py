"""Repositories in which all steps have run, and a version that waits for approval."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.errors import UserError
from regulated_ml.settings import Settings, load
from regulated_ml.tracking import registry as versions
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import approving, registering
from regulated_ml.workflow.registering import Registrar

from .written import fill


@dataclass(frozen=True)
class Registry:
    """The registry of a repository's environment `local`, as each of two persons uses it."""

    repository: Path
    person: Callable[[str], None]  # whose name the machine gives from here on

    @property
    def settings(self) -> Settings:
        """As the files are now."""
        return load(self.repository)

    @property
    def store(self) -> RunStore:
        """The runs of `local`."""
        return RunStore(self.repository / "runs", "local")

    @property
    def registrar(self) -> Registrar:
        """As the files are now."""
        return Registrar(self.settings, self.store, None, lambda *_: None)

    @property
    def version(self) -> Version:
        """The latest one."""
        return versions.find(self.store.all(), "latest")

    def register(self, run: str = "train") -> registering.Registered:
        """By the person of now."""
        return registering.register(self.registrar, self.store.get(run))

    def approve(
        self, reason: str = "", by: str = "anna", *, overrule: bool = False
    ) -> approving.Decided:
        """The latest version."""
        self.person(by)
        return approving.approve(self.registrar, self.version.name, reason, overrule=overrule)

    def reject(self, reason: str = "Its gaps are too wide.", by: str = "anna") -> approving.Decided:
        """The latest version."""
        self.person(by)
        return approving.reject(self.registrar, self.version.name, reason)


def refused(act: Callable[[], object]) -> dict[str, str]:
    """The rule of each problem that an act is refused for, by its field."""
    with pytest.raises(UserError) as raised:
        act()
    return {problem.field: problem.rule for problem in raised.value.problems}


@pytest.fixture(scope="session")
def _registered(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registered") / finished.name
    shutil.copytree(finished, folder, symlinks=True)
    fill(folder)
    done = rml(folder, "model", "register", LOGNAME="dev")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def registered(_registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A version that was registered by `dev`, of a model that `dev` has not trained."""
    folder = Path(shutil.copytree(_registered, tmp_path / _registered.name, symlinks=True))
    return Registry(folder, lambda name: monkeypatch.setenv("LOGNAME", name))


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A model that nobody has registered."""
    folder = Path(shutil.copytree(finished, tmp_path / finished.name, symlinks=True))
    monkeypatch.setenv("LOGNAME", "dev")
    return Registry(folder, lambda name: monkeypatch.setenv("LOGNAME", name))

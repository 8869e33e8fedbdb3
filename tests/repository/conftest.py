"""A rendered repository with the environment that `make setup` makes, made once."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TEMPLATE, git

from regulated_ml.standard import manifest
from regulated_ml.standard.environment import find_uv

# No registry and no host answers: what runs with these needs none.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
}


class Working:
    """The repository and the commands that a person gives in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uv = find_uv(TEMPLATE) or ""

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A command in the repository, with stderr in stdout, as a person sees it."""
        home = self.root.parent / "home"
        home.mkdir(exist_ok=True)
        # The caches of packages stay those of the caller, whatever the home is.
        caches = {"UV": self.uv, "UV_CACHE_DIR": _cache("uv"), "PIP_CACHE_DIR": _cache("pip")}
        # `make test` of the template must not speak through to this repository's make.
        inherited = {k: v for k, v in os.environ.items() if "MAKE" not in k and k != "MFLAGS"}
        return subprocess.run(
            command,
            cwd=self.root,
            env={**inherited, **caches, "HOME": str(home), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def make(self, *targets: str, **variables: str) -> str:
        """What make prints; fails the test when make fails."""
        result = self.run("make", *targets, **variables)
        assert result.returncode == 0, result.stdout
        return result.stdout


def _cache(tool: str) -> str:
    named = os.environ.get(f"{tool.upper()}_CACHE_DIR")
    return named or str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / tool)


@pytest.fixture(scope="session")
def installed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Working:
    """A committed repository in which `make setup` has run."""
    parent = tmp_path_factory.mktemp("installed")
    root = Path(shutil.copytree(sample, parent / sample.name, symlinks=True))
    manifest.write(root)  # current even while the standard is being worked on
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "The rendered repository")
    working = Working(root)
    working.make("setup")
    return working


@pytest.fixture
def working(installed: Working) -> Iterator[Working]:
    """The same, put back as it was after each test; its environment stays."""
    yield installed
    git(installed.root, "reset", "--quiet", "--hard")
    git(installed.root, "clean", "--quiet", "--force", "-d")

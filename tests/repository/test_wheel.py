"""The standard as a wheel, for who would rather install it than copy it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import TEMPLATE

from regulated_ml import __version__

SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}/src"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the template's pyproject.toml makes, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(folder)], cwd=TEMPLATE, check=True)
    (wheel,) = folder.glob(f"regulated_ml-{__version__}-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_it_holds_every_file_of_the_standard_and_no_other(unpacked: Path) -> None:
    def files(root: Path) -> set[str]:
        found = [p for p in (root / "regulated_ml").rglob("*") if p.is_file()]
        return {str(p.relative_to(root)) for p in found if p.parent.name != "__pycache__"}

    loader = "regulated_ml/security/guard/regulated_ml_guard.pth"  # lies on top, see below
    assert files(unpacked) == files(SOURCE) - {loader}
    assert {p.name for p in unpacked.iterdir()} == {
        "regulated_ml",
        f"regulated_ml-{__version__}.dist-info",
        "regulated_ml_guard.pth",  # every Python of the environment loads the guard
    }


def test_it_runs(unpacked: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "regulated_ml", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == __version__

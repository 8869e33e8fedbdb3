"""Who owns which file, and the hashes of the managed ones."""

import fnmatch
import json
import zipfile
from pathlib import Path

import pytest
from commands import TEMPLATE, git

from regulated_ml.standard import manifest
from regulated_ml.standard.manifest import Owner

RENDERED = TEMPLATE / "{{cookiecutter.project_slug}}"


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("src/regulated_ml/__init__.py", Owner.MANAGED),
        ("src/regulated_ml/reports/templates/page.html.j2", Owner.MANAGED),
        ("Makefile", Owner.MANAGED),
        ("pyproject.toml", Owner.RENDERED),
        ("config/environments/dev.yaml", Owner.RENDERED),
        ("config/environments/prod.yaml", Owner.GENERATED),
        ("requirements.lock", Owner.GENERATED),
        ("config/dataset.yaml", Owner.SEEDED),
        ("src/credit_default/features.py", Owner.SEEDED),
        ("src/regulated_ml_extras/more.py", Owner.SEEDED),
        ("docs/model-card.md", Owner.TEAM),
    ],
)
def test_owner_of_a_path(path: str, owner: Owner) -> None:
    assert manifest.owner(path) is owner


def test_every_rendered_file_has_an_owner(repository: Path) -> None:
    unknown = [p for p in git(repository, "ls-files").splitlines() if _team(p)]
    assert unknown == []


def _team(path: str) -> bool:
    return manifest.owner(path) is Owner.TEAM


def test_every_rule_is_about_a_file_that_is_rendered(repository: Path) -> None:
    paths = git(repository, "ls-files").splitlines()
    assert [r for r in manifest.RULES if not fnmatch.filter(paths, r.pattern)] == []


def test_what_is_copied_without_rendering_is_there() -> None:
    settings = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    copied = settings["_copy_without_render"]
    assert [pattern for pattern in copied if not list(RENDERED.glob(pattern))] == []


def test_the_manifest_is_current() -> None:
    assert manifest.read(RENDERED).files == manifest.managed_files(RENDERED), "run `make manifest`"


def test_managed_files_are_rendered_byte_for_byte(sample: Path) -> None:
    assert manifest.managed_files(sample) == manifest.managed_files(RENDERED)


def test_compiled_python_is_no_file_of_the_standard(tmp_path: Path) -> None:
    compiled = tmp_path / "src/regulated_ml/__pycache__/errors.cpython-312.pyc"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(b"")
    assert manifest.managed_files(tmp_path) == {}


def test_the_same_files_have_the_same_hashes_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    files = {"Makefile": b"a:\n", "src/regulated_ml/deep/er/x.py": b"1\n"}
    archive = tmp_path / "release.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            path = tmp_path / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            packed.writestr(name, content)
    hashes = manifest.managed_files(tmp_path / "folder")
    assert hashes.keys() == files.keys()
    assert manifest.managed_files(zipfile.Path(archive)) == hashes

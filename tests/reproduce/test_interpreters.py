"""Which Python a run is made again with, and what is said where something is not as it was.

The locked packages are one tiny wheel in a folder that is an index, so that no registry is asked.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from commands import TEMPLATE

from regulated_ml.errors import UserError
from regulated_ml.standard.environment import find_uv
from regulated_ml.tracking.records import Record
from regulated_ml.workflow import explaining, interpreters

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def silent(*_: object) -> None:
    """A report that nobody reads."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose lock file has one package, and pip's settings that name its index."""
    page = tmp_path / "index/tiny"
    page.mkdir(parents=True)
    wheel = page / "tiny-1.0-py3-none-any.whl"
    files = {
        "tiny.py": "",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "tiny-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {(tmp_path / 'index').as_uri()}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("UV", find_uv(TEMPLATE) or "")
    root = tmp_path / "repository"
    root.mkdir()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (root / "requirements.lock").write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    return root


def test_the_locked_environment_is_made_once_and_then_kept(repository: Path) -> None:
    first = interpreters.locked(repository, repository, HERE, silent)
    assert first.python.is_relative_to(repository / ".tools/environments")
    assert first.installed.packages["tiny"] == "1.0"
    assert interpreters.minor(first.installed.python) == HERE
    assert first.as_locked
    made = (first.python.parents[1] / "pyvenv.cfg").stat().st_ctime_ns
    again = interpreters.locked(repository, repository, HERE, silent)
    assert (again.python.parents[1] / "pyvenv.cfg").stat().st_ctime_ns == made


def test_a_package_with_another_hash_is_not_installed(repository: Path) -> None:
    lock = repository / "requirements.lock"
    lock.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(UserError, match="could not be installed"):
        interpreters.locked(repository, repository, HERE, silent)


def test_a_python_that_is_nowhere_and_a_commit_without_a_lock_are_said(repository: Path) -> None:
    with pytest.raises(UserError, match=r"with Python 3\.99, and none was found"):
        interpreters.locked(repository, repository, "3.99", silent)
    (repository / "requirements.lock").unlink()
    with pytest.raises(UserError, match=r"the commit has no requirements\.lock"):
        interpreters.locked(repository, repository, HERE, silent)


def test_a_lock_that_was_copied_by_half_is_copied_again(repository: Path) -> None:
    first = interpreters.locked(repository, repository, HERE, silent)
    (copy,) = (repository / ".tools/environments").glob("*.requirements.lock")
    copy.write_text("tiny==1.0 --ha")
    again = interpreters.locked(repository, repository, HERE, silent)
    assert copy.read_bytes() == (repository / "requirements.lock").read_bytes()
    assert again.python == first.python


def test_an_interpreter_that_says_nothing_is_named(repository: Path) -> None:
    silent_one = repository / "python"
    silent_one.write_text("#!/bin/sh\nexit 1\n")
    silent_one.chmod(0o755)
    with pytest.raises(UserError, match="the interpreter does not start") as caught:
        interpreters._described(silent_one, repository / "requirements.lock")
    assert caught.value.problems[0].value == str(silent_one)


def test_the_running_python_is_not_taken_for_the_locked_one(repository: Path) -> None:
    assert not interpreters.running(repository).as_locked


@pytest.fixture
def run(small: Path) -> tuple[Record, Path]:
    """A run, and the repository that it was made in, as its commit is."""
    (path,) = small.glob("runs/train-*/record.json")
    return Record.model_validate_json(path.read_text()), small


def notes(run: tuple[Record, Path], **changes: Any) -> str:
    """What is said of a run whose record was changed, made again with this Python."""
    record, tree = run
    changed = record.model_validate({**json.loads(record.model_dump_json()), **changes})
    return "; ".join(explaining.notes(changed, tree, interpreters.running(tree), []))


def changed(run: tuple[Record, Path], **changes: Any) -> dict[str, Any]:
    return {**run[0].dependencies.model_dump(mode="json"), **changes}


def test_every_reason_that_is_known_is_given(run: tuple[Record, Path]) -> None:
    packages = {**run[0].dependencies.packages, "numpy": "1.2.3"}
    others = changed(run, python="3.9.1", packages=packages, lock="0" * 64, system="Darwin arm64")
    said = notes(run, dependencies=others, code="0" * 64)
    here = ".".join(map(str, sys.version_info[:3]))
    assert f"Python {here} instead of 3.9.1" in said
    assert "instead of 1.2.3" in said
    assert "instead of Darwin arm64" in said
    assert "requirements.lock was another one" in said
    assert "the code of the jobs is not that of the run" in said


def test_of_a_run_on_sagemaker_the_instance_and_the_container_are_named(
    run: tuple[Record, Path],
) -> None:
    remote = {"name": "job", "seconds": 1.0, "billed_seconds": 1.0, "facts": {"instance": "ml.m5"}}
    container = changed(run, system="1234.dkr.ecr/xgboost:3.2-0", packages={"numpy": "2.1.0"})
    said = notes(run, remote=remote, dependencies=container)
    assert "this machine instead of ml.m5 of SageMaker" in said
    assert "instead of 2.1.0" in said
    assert "dkr.ecr" not in said


def test_where_everything_is_as_it_was_nothing_is_said(run: tuple[Record, Path]) -> None:
    record, tree = run
    found = explaining.notes(record, tree, interpreters.running(tree)._replace(as_locked=True), [])
    assert [*found] == []

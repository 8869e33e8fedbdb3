"""The lock files: one set of versions for the template, the demo and every repository."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from commands import TEMPLATE

from regulated_ml.standard import lockfile

RENDERED = TEMPLATE / "{{cookiecutter.project_slug}}"
TOOLS = RENDERED / "src/regulated_ml/standard/tools.lock"
LOCKS = [
    TEMPLATE / "requirements.lock",
    TEMPLATE / "requirements-demo.lock",
    RENDERED / "requirements.lock",
    TOOLS,
]


def entries(path: Path) -> dict[tuple[str, str], set[str]]:
    """(name, version) of each pin, and its hashes; markers differ with what is locked together."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)(.*)$", text, re.MULTILINE)
    return {(n, v): set(re.findall(r"sha256:[0-9a-f]{64}", rest)) for n, v, rest in pins}


@pytest.mark.parametrize("lock", LOCKS[1:], ids=lambda path: path.parent.name + path.name)
def test_the_templates_lock_has_every_pin_of_the_others_with_its_hashes(lock: Path) -> None:
    everything = entries(TEMPLATE / "requirements.lock")
    some = entries(lock)
    assert some
    assert {pin: everything.get(pin) for pin in some} == some


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name + path.name)
def test_a_lock_names_neither_addresses_nor_folders(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert re.findall(r"https?:|file:|index-url|find-links", text) == []
    assert re.findall(r"(?m)^#.*/", text) == []


def test_compiled_packages_are_locked_for_more_than_one_system() -> None:
    # A lock that was made from an index with some of the files has one or two hashes for numpy.
    pins = entries(RENDERED / "requirements.lock")
    for name in ("numpy", "pandas", "scikit-learn", "pyarrow", "matplotlib"):
        assert all(len(hashes) > 10 for (n, _), hashes in pins.items() if n == name), name


def pyproject(path: Path) -> dict[str, Any]:
    return tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_templates_dependencies_are_those_of_a_repository(sample: Path) -> None:
    template, rendered = pyproject(TEMPLATE), pyproject(sample)
    assert template["project"]["dependencies"] == rendered["project"]["dependencies"]
    assert template["project"]["requires-python"] == rendered["project"]["requires-python"]
    assert template["dependency-groups"]["team"] == rendered["dependency-groups"]["dev"]


def test_lint_and_types_have_the_same_rules_in_both(sample: Path) -> None:
    template, rendered = pyproject(TEMPLATE)["tool"], pyproject(sample)["tool"]
    assert template["ruff"]["lint"] == rendered["ruff"]["lint"]
    assert template["ruff"]["line-length"] == rendered["ruff"]["line-length"]
    assert template["mypy"]["strict"] and rendered["mypy"]["strict"]


def test_the_locks_are_what_their_dependencies_need(sample: Path) -> None:
    assert lockfile.mistakes(sample) == []
    assert lockfile.mistakes(TEMPLATE) == []

"""What the example profile renders: exactly these files, each whole, in a fresh git repository."""

import ast
import filecmp
import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE, git

from generation.place import GOOD, Place

TREE = TEMPLATE / "{{cookiecutter.project_slug}}"
PACKAGE = "{{cookiecutter.package_name}}"
EXPECTED = (Path(__file__).parent / "files.txt").read_text("utf-8").split()
CONTEXT: dict[str, Any] = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
# Made from the answers; everything else has the same bytes in the template.
RENDERED = {
    "README.md",
    "config/environments/dev.yaml",
    "config/project.yaml",
    "pyproject.toml",
}
PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".lock": str,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
}


def files(folder: Path) -> list[str]:
    """The files below the folder, but for git's own and for bytecode."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(p.as_posix() for p in paths if not {".git", "__pycache__"} & set(p.parts))


def test_exactly_the_expected_files(sample: Path) -> None:
    assert files(sample) == sorted(EXPECTED)


@pytest.mark.parametrize("name", [name for name in EXPECTED if Path(name).suffix in PARSERS])
def test_every_file_parses(sample: Path, name: str) -> None:
    assert PARSERS[Path(name).suffix]((sample / name).read_text("utf-8")) is not None


def test_all_but_a_few_files_have_the_bytes_of_the_template(sample: Path) -> None:
    sources = {name: TREE / name.replace(GOOD["package_name"], PACKAGE) for name in EXPECTED}
    different = {
        name
        for name, source in sources.items()
        if not filecmp.cmp(sample / name, source, shallow=False)
    }
    assert different == RENDERED


def test_what_has_the_bytes_of_the_template_was_not_read_as_a_template() -> None:
    listed = CONTEXT["_copy_without_render"]
    names = {name.replace(GOOD["package_name"], PACKAGE) for name in set(EXPECTED) - RENDERED}
    folders = {entry for entry in listed if (TREE / entry).is_dir()}
    copied = {name for name in names if any(name.startswith(f"{folder}/") for folder in folders)}
    copied |= {name for name in names for entry in listed if Path(name).match(entry)}
    assert names - copied == set()


def test_modes_are_those_of_the_template(sample: Path) -> None:
    for name in EXPECTED:
        source = TREE / name.replace(GOOD["package_name"], PACKAGE)
        assert (sample / name).stat().st_mode == source.stat().st_mode, name


def test_nothing_of_cookiecutter_is_left(sample: Path) -> None:
    for name in RENDERED:
        text = (sample / name).read_text("utf-8")
        assert re.search(r"\{\{|\{%|\{#|cookiecutter\.", text) is None, name


def test_the_configuration_holds_the_answers(sample: Path) -> None:
    project = yaml.safe_load((sample / "config/project.yaml").read_text("utf-8"))
    environment = yaml.safe_load((sample / "config/environments/dev.yaml").read_text("utf-8"))
    lists = {
        key: GOOD[key].replace(" ", "").split(",") for key in ("subnet_ids", "security_group_ids")
    }
    assert {**project, **environment} == {**GOOD, **lists}


def test_a_fresh_git_repository_without_a_commit(sample: Path) -> None:
    assert git(sample, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(sample, "remote", "get-url", "origin") == (
        f"codecommit::{GOOD['aws_region']}://{GOOD['codecommit_repository']}"
    )
    assert git(sample, "for-each-ref") == ""
    assert git(sample, "count-objects") == "0 objects, 0 kilobytes"
    assert git(sample, "diff", "--cached", "--name-only") == ""


def test_the_next_commands_are_printed(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile())
    assert result.returncode == 0, result.stderr
    assert result.stdout.split("\n") == [
        "",
        "  cd credit-default",
        "  make setup",
        "  make demo",
        "",
        "Once you are signed in to the AWS account, see whether it is ready for the jobs:",
        "",
        "  .venv/bin/rml --env dev environment preflight",
        "",
        "",
    ]
    assert result.stderr == ""


def test_the_folder_is_named_from_where_the_caller_stands(place: Place) -> None:
    (place.home / "my work").mkdir()
    result = place.run(
        *("cookiecutter", "--no-input", TEMPLATE),
        *("--config-file", place.profile(), "--output-dir", "my work"),
        cwd=place.home,
    )
    assert "  cd 'my work/credit-default'\n" in result.stdout


def test_variables_of_git_do_not_lead_into_another_repository(place: Place) -> None:
    other = place.home / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    before = (other / ".git/config").read_text("utf-8")
    result = place.run(
        *("cookiecutter", "--no-input", TEMPLATE, "--config-file", place.profile()),
        GIT_DIR=str(other / ".git"),
        GIT_WORK_TREE=str(other),
    )
    assert result.returncode == 0, result.stderr
    assert (other / ".git/config").read_text("utf-8") == before
    assert git(place.repository, "remote") == "origin"


def test_without_git_the_files_are_there_and_the_message_says_what_is_missing(place: Place) -> None:
    python = place.home / "bin"
    python.mkdir()
    result = place.run(
        *(sys.executable, "-m", "cookiecutter", "--no-input", TEMPLATE),
        *("--config-file", place.profile()),
        PATH=str(python),
    )
    assert result.returncode == 0, result.stderr
    assert "git init" in result.stdout
    assert "Traceback" not in result.stderr
    assert (place.repository / "Makefile").is_file()


def test_rendering_over_a_repository_keeps_its_history_and_remote(place: Place) -> None:
    place.cookiecutter("--config-file", place.profile())
    git(place.repository, "remote", "set-url", "origin", "codecommit::eu-west-1://mine")
    git(place.repository, "commit", "--quiet", "--allow-empty", "--message", "First")
    result = place.cookiecutter("--overwrite-if-exists", "--config-file", place.profile())
    assert result.returncode == 0, result.stderr
    assert git(place.repository, "remote", "get-url", "origin") == "codecommit::eu-west-1://mine"
    assert git(place.repository, "log", "--format=%s") == "First"

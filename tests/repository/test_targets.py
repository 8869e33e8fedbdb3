"""The targets of a repository's Makefile, as a person uses them, and the same without make."""

import re
import tomllib
from pathlib import Path

from commands import git

from regulated_ml import __version__

from .conftest import Working

LOCKED = re.compile(r"^([a-z0-9-]+==\S+)", re.MULTILINE)


def test_the_teams_tests_pass(working: Working) -> None:
    assert re.search(r"\d+ passed", working.make("test"))


def test_demo_ends_at_the_pages(working: Working) -> None:
    output = working.make("demo")
    assert "reports/index.html" in output
    assert (working.root / "reports/index.html").is_file()


def test_setup_leaves_git_clean_and_is_done_once(working: Working) -> None:
    assert working.make("setup") == ""
    assert git(working.root, "status", "--porcelain") == ""


def test_the_environment_holds_what_is_locked_and_the_command(working: Working) -> None:
    lock = (working.root / "requirements.lock").read_text(encoding="utf-8")
    listing = working.run(working.uv, "pip", "freeze", "--python", ".venv/bin/python").stdout
    installed = {line for line in listing.splitlines() if "==" in line}
    assert installed
    assert installed <= set(LOCKED.findall(lock))
    assert working.run(".venv/bin/rml", "--version").stdout.strip() == __version__


def test_lock_changes_nothing_where_nothing_changed(working: Working) -> None:
    working.make("lock")
    assert git(working.root, "status", "--porcelain") == ""


def test_lock_after_a_new_dependency_keeps_every_other_pin(working: Working) -> None:
    path = working.root / "requirements.lock"
    before = set(LOCKED.findall(path.read_text(encoding="utf-8")))
    pyproject = working.root / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(
        text.replace("dependencies = [", 'dependencies = [\n  "toolz",', 1),
        encoding="utf-8",
    )
    finding = working.run(".venv/bin/rml", "standard", "check")
    assert finding.returncode == 1
    assert "toolz" in finding.stdout
    working.make("lock")
    (new,) = set(LOCKED.findall(path.read_text(encoding="utf-8"))) - before
    assert new.startswith("toolz==")
    assert working.run(".venv/bin/rml", "standard", "check").returncode == 0


def test_help_names_every_target(working: Working) -> None:
    makefile = (working.root / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    named = re.findall(r"^make (\w+) ", working.make("help"), re.MULTILINE)
    assert sorted(named) == sorted(phony.split())


def test_readme_says_each_targets_line(working: Working) -> None:
    readme = (working.root / "README.md").read_text(encoding="utf-8").replace(r"\|", "|")
    rows = re.findall(r"^\| `make (\w+)` \|[^|]*\| `(.*)` \|$", readme, re.MULTILINE)
    assert {target for target, _ in rows} == {"setup", "demo", "test", "lint", "lock"}
    for target, line in rows:
        assert line == _recipe(working.root / "Makefile", target)


def _recipe(makefile: Path, target: str) -> str:
    """The one line of a target, its variable put in."""
    text = makefile.read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{target}:.*\n\t@(.*)\n(?!\t)", text, re.MULTILINE)
    variable = re.findall(r"^ENVIRONMENT = (.*)$", text, re.MULTILINE)[0]
    return str(line).replace("$(ENVIRONMENT)", variable)


def test_a_person_without_python_gets_one_sentence(working: Working, tmp_path: Path) -> None:
    for name in ("sh", "dirname", "make"):
        (tmp_path / name).symlink_to(_program(name))
    alone = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}
    result = working.run("make", "setup", **alone)
    assert "this needs Python 3.12, 3.13 or 3.11" in result.stdout
    assert "Traceback" not in result.stdout


def _program(name: str) -> Path:
    return next(p for p in (Path("/usr/bin") / name, Path("/bin") / name) if p.exists())


def test_a_wheel_can_be_built_of_the_team_and_the_standard(
    working: Working, tmp_path: Path
) -> None:
    name = tomllib.loads((working.root / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "name"
    ]
    working.run(".venv/bin/hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    assert [p.name for p in tmp_path.glob("*.whl")] == [
        f"{name.replace('-', '_')}-0.1.0-py3-none-any.whl"
    ]

"""What a record says of the code is true, or says why it cannot be."""

import os
import platform
from pathlib import Path

import pytest
from commands import git

from regulated_ml.tracking import facts


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A git repository with one commit."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "code.py").write_text("1")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


def test_a_clean_commit_is_named(repo: Path) -> None:
    state = facts.commit(repo)
    assert state.sha == git(repo, "rev-parse", "HEAD")
    assert (state.branch, state.dirty, state.note) == ("main", False, "")
    assert facts.commit_warnings(state) == []


def test_what_differs_from_the_commit_is_listed(repo: Path) -> None:
    (repo / "code.py").write_text("2")
    (repo / "näw file.py").write_text("3")
    state = facts.commit(repo)
    assert state.dirty
    assert set(state.changed) == {"code.py", "näw file.py"}
    git(repo, "mv", "--force", "code.py", "renamed.py")
    assert set(facts.commit(repo).changed) == {"code.py", "renamed.py", "näw file.py"}
    assert "differs from commit" in facts.commit_warnings(state)[0]


def test_a_name_that_is_no_text_is_listed_all_the_same(repo: Path) -> None:
    Path(os.fsdecode(os.fsencode(repo) + b"/caf\xe9.txt")).write_text("")
    assert facts.commit(repo).changed == ("caf\\xe9.txt",)


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_counts_as_changed(repo: Path, mark: str) -> None:
    git(repo, "update-index", mark, "code.py")
    (repo / "code.py").write_text("2")
    state = facts.commit(repo)
    assert (state.dirty, state.changed) == (True, ("code.py",))
    assert "told not to look at 1 file" in facts.commit_warnings(state)[0]


def test_settings_of_git_hide_no_new_file(repo: Path) -> None:
    git(repo, "config", "status.showUntrackedFiles", "no")
    (repo / "new").mkdir()
    (repo / "new/code.py").write_text("2")
    assert facts.commit(repo).changed == ("new/code.py",)


def test_where_git_fails_the_code_is_not_that_of_the_commit(repo: Path) -> None:
    (repo / ".git/index").write_bytes(b"nonsense")
    state = facts.commit(repo)
    assert (state.sha, state.dirty) == (git(repo, "rev-parse", "HEAD"), True)
    assert "`git status` fails" in facts.commit_warnings(state)[0]


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    state = facts.commit(tmp_path)
    assert state.sha is None
    assert state.note == "the repository has no commit yet"


def test_a_folder_outside_of_git_says_so(tmp_path: Path) -> None:
    assert "no git repository" in facts.commit(tmp_path).note


def test_a_folder_inside_another_repository_does_not_borrow_its_commit(repo: Path) -> None:
    inside = repo / "project"
    inside.mkdir()
    state = facts.commit(inside)
    assert state.sha is None
    assert "inside another git repository" in state.note


def test_variables_of_a_hook_do_not_point_to_another_repository(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert facts.commit(repo).sha is not None


def locked(folder: Path, *pins: str, **installed: str) -> list[str]:
    """The warnings where `pins` are locked and `installed` is there."""
    text = "".join(f"{pin} \\\n    --hash=sha256:{'0' * 64}\n" for pin in pins)
    (folder / "requirements.lock").write_text(f"# pandas==0\n{text}")
    there = facts.dependencies(folder).model_copy(update={"packages": installed})
    return facts.dependency_warnings(folder, there)


def test_a_package_in_another_version_than_the_lock_says_is_named(tmp_path: Path) -> None:
    (warning,) = locked(tmp_path, "numpy==0.0.1 ; python_version >= '3'", numpy="2.4.6", pandas="3")
    assert "numpy 2.4.6 (locked: 0.0.1)" in warning
    assert "pandas" not in warning


def test_a_locked_package_that_is_missing_is_named(tmp_path: Path) -> None:
    (warning,) = locked(tmp_path, "numpy==2.4.6", "polars==1.2", numpy="2.4.6")
    assert "polars is missing (locked: 1.2)" in warning
    assert "numpy" not in warning


def test_a_pin_for_another_interpreter_is_not_looked_at(tmp_path: Path) -> None:
    pins = ("numpy==1.0 ; python_version < '3'", "numpy==2.4.6 ; python_version >= '3'")
    assert locked(tmp_path, *pins, "colorama==0.4 ; sys_platform == 'win32'", numpy="2.4.6") == []
    (warning,) = locked(tmp_path, *pins, numpy="1.0")
    assert "numpy 1.0 (locked: 2.4.6)" in warning


def test_names_and_versions_are_compared_as_packaging_reads_them(tmp_path: Path) -> None:
    installed = {"ruamel_yaml": "2026.01"}
    assert locked(tmp_path, "ruamel-yaml==2026.1", **installed) == []
    assert len(locked(tmp_path, "ruamel-yaml==2026.2", **installed)) == 1


def test_a_line_of_the_lock_that_is_no_pin_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("numpy>=2\n")
    warnings = facts.dependency_warnings(tmp_path, facts.dependencies(tmp_path))
    assert warnings == ["requirements.lock cannot be relied on: `numpy>=2` is no pinned version."]


def test_the_packages_that_run_these_tests_are_those_of_the_lock(sample: Path) -> None:
    assert facts.dependency_warnings(sample, facts.dependencies(sample)) == []


def test_code_hash_sees_names_and_bytes_but_no_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a")
    two.write_text("b")
    before = facts.code_hash(tmp_path, [one, two])
    assert facts.code_hash(tmp_path, [two, one]) == before
    one.write_text("ab")
    two.write_text("")
    assert facts.code_hash(tmp_path, [one, two]) != before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë Müller-Łęcka", "Zoë Müller-Łęcka"),
        ("anna\nRun: train-1", "anna<U+000A>Run: train-1"),
        ("anna\x1b[31m", "anna<U+001B>[31m"),
        ("anna\u202ebob", "anna<U+202E>bob"),
        ("a" * 81, "a" * 79 + "…"),
    ],
)
def test_a_name_in_a_record_is_one_line_of_what_can_be_seen(
    name: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", name)
    monkeypatch.setattr(platform, "node", lambda: name)
    who = facts.identity()
    assert (who.user, who.host) == (shown, shown)

"""What a record says of the code is true, or says why it cannot be."""

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
    assert "differs from commit" in facts.commit_warnings(state)[0]


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


def test_a_package_in_another_version_than_the_lock_says_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.0.1 ; python_version < '3' \\\n    --hash=sha256:00\n# pandas==0\n")
    (warning,) = facts.dependency_warnings(tmp_path, facts.dependencies(tmp_path))
    assert "numpy" in warning
    assert "(locked: 0.0.1)" in warning
    assert "pandas" not in warning


def test_code_hash_sees_names_and_bytes_but_no_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a")
    two.write_text("b")
    before = facts.code_hash(tmp_path, [one, two])
    assert facts.code_hash(tmp_path, [two, one]) == before
    one.write_text("ab")
    two.write_text("")
    assert facts.code_hash(tmp_path, [one, two]) != before

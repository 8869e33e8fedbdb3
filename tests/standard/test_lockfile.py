"""Whether a lock file fits its pyproject.toml, told without a network."""

from pathlib import Path

import pytest

from regulated_ml.standard.lockfile import mistakes

HASH = "--hash=sha256:" + "0" * 64


def pin(text: str) -> str:
    return f"{text} \\\n    {HASH} \\\n    {HASH}\n"


def repository(folder: Path, lock: str, *dependencies: str, groups: str = "") -> Path:
    listed = ", ".join(f"{dependency!r}" for dependency in dependencies)
    pyproject = f"[project]\nname = 'x'\ndependencies = [{listed}]\n[dependency-groups]\n{groups}\n"
    (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    (folder / "requirements.lock").write_text(lock, encoding="utf-8")
    return folder


def test_pins_that_fit_are_no_mistake(tmp_path: Path) -> None:
    lock = "# comment\n" + pin("scikit-learn==1.9.1") + pin("numpy==2.4.6")
    assert mistakes(repository(tmp_path, lock, "Scikit_Learn>=1.6", "numpy>=2.1,<3")) == []


def test_a_dependency_without_a_pin(tmp_path: Path) -> None:
    lock = pin("numpy==2.4.6")
    assert mistakes(repository(tmp_path, lock, "numpy", "polars>=1")) == [
        "polars>=1 of pyproject.toml is not locked"
    ]


def test_a_pin_that_the_dependency_does_not_allow(tmp_path: Path) -> None:
    assert mistakes(repository(tmp_path, pin("numpy==2.4.6"), "numpy>=3")) == [
        "numpy>=3 of pyproject.toml does not allow the locked 2.4.6"
    ]


def test_pins_are_judged_where_they_apply(tmp_path: Path) -> None:
    lock = pin("numpy==2.4.6 ; python_full_version < '3.12'") + pin(
        "numpy==2.5.5 ; python_full_version >= '3.12'"
    )
    fitting = ("numpy<2.5 ; python_version < '3.12'", "numpy>=2.5 ; python_version >= '3.12'")
    assert mistakes(repository(tmp_path, lock, *fitting)) == []
    assert mistakes(repository(tmp_path, lock, "numpy>=2.5")) == [
        "numpy>=2.5 of pyproject.toml does not allow the locked 2.4.6"
    ]


def test_a_pin_for_one_system_leaves_the_others_unlocked(tmp_path: Path) -> None:
    lock = pin("xgboost-cpu==3.2.0 ; sys_platform == 'linux'")
    on_linux = "xgboost-cpu==3.2.0 ; sys_platform == 'linux'"
    assert mistakes(repository(tmp_path, lock, on_linux)) == []
    assert mistakes(repository(tmp_path, lock, "xgboost-cpu==3.2.0")) == [
        "xgboost-cpu==3.2.0 of pyproject.toml is not locked"
    ]


def test_groups_count_with_what_they_include(tmp_path: Path) -> None:
    groups = "dev = ['pytest', {include-group = 'more'}]\nmore = ['ruff']\nother = ['black']"
    assert mistakes(repository(tmp_path, "", groups=groups)) == [
        "pytest of pyproject.toml is not locked",
        "ruff of pyproject.toml is not locked",
    ]


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("numpy==2.4.6\n", "numpy has no hash"),
        ("numpy>=2\n", "`numpy>=2` is no pinned version"),
        ("-e .\n", "`-e .` is no pinned version"),
        ("numpy @ https://h/n.whl\n", "`numpy @ https://h/n.whl` is no pinned version"),
        ("--index-url https://h\n", "`--index-url https://h` is no pinned version"),
        ("-r other.txt\n", "`-r other.txt` is no pinned version"),
        (f"numpy==1 ; nonsense {HASH}\n", "`numpy==1 ; nonsense` cannot be read"),
        (f"numpy==one {HASH}\n", "`numpy==one` cannot be read"),
    ],
)
def test_lines_that_are_no_pins_with_hashes(tmp_path: Path, line: str, mistake: str) -> None:
    assert mistakes(repository(tmp_path, line)) == [mistake]


def test_files_that_are_missing_or_no_toml(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == ["it is missing"]
    repository(tmp_path, "")
    (tmp_path / "pyproject.toml").write_text("name = {{", encoding="utf-8")
    assert mistakes(tmp_path)[0].startswith("pyproject.toml cannot be read")

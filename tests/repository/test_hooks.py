"""The hooks of a repository: all pass on what is rendered, each finds what it is there for."""

from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
import yaml
from commands import git

from .conftest import OFFLINE, Working


class Defect(NamedTuple):
    """Something that must not be committed, and what the hook says of it."""

    hook: str
    path: str
    content: str
    says: str


def notebook_with_output() -> str:
    cell = nbformat.v4.new_code_cell("1 + 1")
    cell.outputs = [nbformat.v4.new_output("stream", text="client 4711")]
    return str(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


# Put together here, so that this file does not trip over the hook itself.
KEY = "AKIA" + "QWERTYUIOPASDFGH"
DEFECTS = [
    Defect("ruff", "src/wrong.py", "import os\n", "F401"),
    Defect("ruff-format", "src/ugly.py", "a   =   1\n", "1 file reformatted"),
    Defect("mypy", "tests/test_types.py", "def one() -> int:\n    return 'one'\n", "return-value"),
    Defect("detect-secrets", "config/aws.yaml", f"key: {KEY}\n", "AWS Access Key"),
    Defect("detect-secrets", "src/db.py", 'password = "hunter2-Tr0ub4dor"\n', "Secret Keyword"),
    Defect("notebooks", "notebooks/01.ipynb", notebook_with_output(), "files were modified"),
    Defect("large-files", "tests/rows.csv", "1,2,3\n" * 200_000, "1172 KB"),
    Defect("conflicts", "config/model.yaml", "<<<<<<< HEAD\na: 1\n", "Merge conflict"),
    Defect("standard", "src/regulated_ml/mine.py", '"""Mine."""\n', "regulated_ml/mine.py"),
]


def hooks(repository: Path) -> list[str]:
    text = (repository / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    return [hook["id"] for repo in yaml.safe_load(text)["repos"] for hook in repo["hooks"]]


def test_all_hooks_pass_on_a_rendered_repository_without_a_network(working: Working) -> None:
    output = working.make("lint", **OFFLINE)
    assert output.count("Failed") == 0
    assert output.count("Passed") + output.count("Skipped") == len(hooks(working.root))


def test_each_hook_has_a_defect_that_it_finds(working: Working) -> None:
    assert {defect.hook for defect in DEFECTS} == set(hooks(working.root))


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.hook}-{defect.path}")
def test_a_hook_stops_a_commit(working: Working, defect: Defect) -> None:
    path = working.root / defect.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(defect.content, encoding="utf-8")
    git(working.root, "add", "--force", defect.path)
    result = working.run(".venv/bin/pre-commit", "run", defect.hook, **OFFLINE)
    assert result.returncode == 1, result.stdout
    assert defect.says in result.stdout


def test_lint_sees_files_that_git_does_not_know_yet(working: Working) -> None:
    (working.root / "src/wrong.py").write_text("import os\n", encoding="utf-8")
    assert "F401" in working.run("make", "lint", SKIP="mypy,detect-secrets,standard").stdout


def test_hooks_run_when_a_person_commits(working: Working) -> None:
    assert working.run(".venv/bin/pre-commit", "install").returncode == 0
    (working.root / "src/wrong.py").write_text("import os\n", encoding="utf-8")
    git(working.root, "add", "src/wrong.py")
    command = ("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-m", "x")
    result = working.run(*command)
    working.run(".venv/bin/pre-commit", "uninstall")
    assert result.returncode == 1
    assert "F401" in result.stdout


def test_a_notebook_is_left_without_its_outputs(working: Working) -> None:
    path = working.root / "notebooks/01.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(notebook_with_output(), encoding="utf-8")
    working.run(".venv/bin/nbstripout", str(path))
    assert "4711" not in path.read_text(encoding="utf-8")

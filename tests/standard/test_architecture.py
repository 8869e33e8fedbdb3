"""Who may import whom (docs/architecture.md): one way, and jobs stand alone."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TEMPLATE

STANDARD = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml"
FOUNDATION = {"identifiers", "errors", "files", "locks", "settings"}
ROOMS = {"data", "platforms", "reports", "tracking", "standard"}
SERVED = {"monitoring", "serving"}

# A room, and the rooms that it may import besides itself.
ALLOWED = {
    "identifiers": set[str](),
    "files": set[str](),
    "locks": set[str](),
    "jobs": set[str](),
    "errors": {"identifiers"},
    "settings": {"identifiers", "errors", "files"},
    "security": FOUNDATION,
    # Sorted, because pytest-xdist wants one order in all of its processes.
    **{room: FOUNDATION | {"jobs", "security"} | (ROOMS - {"standard"}) for room in sorted(ROOMS)},
    # Schedules on SageMaker are given, and give back, the files of Model Monitor.
    "platforms": FOUNDATION | {"jobs", "security", "monitoring"} | (ROOMS - {"standard"}),
    "documents": FOUNDATION | {"reports", "tracking"},
    "serving": FOUNDATION - {"settings"} | {"jobs", "platforms"},
    "monitoring": FOUNDATION - {"settings"} | {"jobs"},
    "workflow": FOUNDATION | {"documents", "jobs", "security"} | SERVED | ROOMS,
    "cli": FOUNDATION | {"documents", "jobs", "security", "workflow"} | SERVED | ROOMS,
}
# What the managed XGBoost container has.
CONTAINER = {"numpy", "pandas", "pyarrow", "sklearn", "scipy", "xgboost", "regulated_ml"}


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "regulated_ml":
                yield from (f"regulated_ml.{name.name}" for name in node.names)
            else:
                yield node.module


def files(room: str) -> list[Path]:
    alone = STANDARD / f"{room}.py"
    return [alone] if alone.exists() else sorted((STANDARD / room).rglob("*.py"))


def test_every_room_has_a_rule() -> None:
    rooms = {path.stem for path in STANDARD.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__main__", "__pycache__"} == set(ALLOWED)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    for path in files(room):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("regulated_ml.")}
        assert used - {room, "__version__"} <= ALLOWED[room], path.name


def test_jobs_import_only_what_the_container_has() -> None:
    assert files("jobs")
    for path in files("jobs"):
        used = {name.split(".")[0] for name in imports(path)}
        assert used - set(sys.stdlib_module_names) <= CONTAINER, path.name


def test_the_evaluator_of_requests_needs_only_python_so_that_it_runs_in_a_function() -> None:
    own = "regulated_ml.security.requests"
    for path in (STANDARD / "security/requests").glob("*.py"):
        others = {name for name in imports(path) if not name.startswith(own)}
        assert {name.split(".")[0] for name in others} <= set(sys.stdlib_module_names), path.name


@pytest.mark.parametrize("name", ["identifiers.py", "standard/environment.py"])
def test_what_runs_before_the_environment_needs_only_python(name: str) -> None:
    used = {module.split(".")[0] for module in imports(STANDARD / name)}
    assert used <= set(sys.stdlib_module_names)

"""From a fresh clone to the pages, then what the repository that was made weighs and how it starts.

The clone is of the last commit. Caches of packages are warm: the demo runs once before.
"""

import importlib.metadata
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.figures import Figure, medians, seconds

TEMPLATE = Path(__file__).parents[1]
SAMPLE = "build/credit-default"
Packages = dict[str, importlib.metadata.Distribution]
VERBS = ("prepare", "train", "evaluate", "explain", "report", "run", "data twin", "runs list")


def measure(folder: Path) -> Iterator[Figure]:
    """Everything that can be told from one clone, made in `folder`."""
    clone = folder / "clone"
    for _ in ("warms the caches", "is timed"):
        shutil.rmtree(clone, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", TEMPLATE, clone], check=True)
        demo = seconds(["make", "demo"], clone)
    yield Figure("`make demo` from a fresh clone, warm caches", demo, "s", 60)
    yield from _rendering(clone, folder)
    yield from _start(clone / SAMPLE)
    yield from _size(clone / SAMPLE)


def _rendering(clone: Path, folder: Path) -> Iterator[Figure]:
    cookiecutter = str(clone / ".tools/bin/cookiecutter")
    profile = ["--no-input", "--config-file", str(clone / "examples/answers.yaml")]
    output = ["--output-dir", str(folder / "rendered"), "--overwrite-if-exists"]
    floor, whole = [cookiecutter, "--version"], [cookiecutter, str(clone), *profile, *output]
    version, render = medians(9, floor, whole, folder=folder)
    yield Figure("`cookiecutter --version`, the floor", version, "s")
    yield Figure("rendering the sample", render, "s")
    yield Figure("rendering / floor", render / version, "times", 1.8)


def _start(repository: Path) -> Iterator[Figure]:
    python, rml = (str(repository / ".venv/bin" / name) for name in ("python", "rml"))
    bare, shown = medians(9, [python, "-c", "pass"], [rml, "--help"], folder=repository)
    yield Figure("`python -c pass`, for comparison", bare, "s")
    yield Figure("`rml --help`", shown, "s", 0.3)
    helps = [[rml, *verb.split(), "--help"] for verb in VERBS]
    yield Figure(
        "the slowest `rml VERB --help`", max(medians(5, *helps, folder=repository)), "s", 0.3
    )


def _size(repository: Path) -> Iterator[Figure]:
    """The packages of the default install: those that run the work, and those of the checks."""
    (site,) = (repository / ".venv/lib").glob("python3.*/site-packages")
    packages: Packages = {
        canonicalize_name(found.metadata["Name"]): found
        for found in importlib.metadata.distributions(path=[str(site)])
    }
    (own,) = (name for name, found in packages.items() if _is_editable(found))
    used: set[str] = set()
    _add_needed(own, packages, used)
    size = {name: _megabytes(found) for name, found in packages.items()}
    runs = sum(size[name] for name in used)
    yield Figure("packages that run the work, without bytecode", runs, "MB", 600)
    yield Figure("packages of the checks and tests on top", sum(size.values()) - runs, "MB")
    yield Figure("all that `make setup` installs, without bytecode", sum(size.values()), "MB")


def _is_editable(found: importlib.metadata.Distribution) -> bool:
    return '"editable"' in (found.read_text("direct_url.json") or "")


def _add_needed(name: str, packages: Packages, known: set[str]) -> None:
    """Adds a package to `known`, and all that it requires, directly or not, and is installed."""
    if name in known or name not in packages:
        return
    known.add(name)
    for text in packages[name].requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            _add_needed(canonicalize_name(requirement.name), packages, known)


def _megabytes(found: importlib.metadata.Distribution) -> float:
    """The size of a package's files, in millions of bytes."""
    files = (Path(str(file.locate())) for file in found.files or ())
    return sum(f.stat().st_size for f in files if f.suffix != ".pyc" and f.exists()) / 1e6

"""The Python that a run is made again with: the locked environment, made once and then kept.

Environments lie in `.tools/environments/` of the repository, each by the hash of its lock file and
the version of its Python, so that the second time costs nothing. They are made by the same script
as `.venv`: packages come from where pip's settings say, and must have the hashes of the lock file.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing, sha256
from regulated_ml.locks import LOCK
from regulated_ml.platforms.interface import Report
from regulated_ml.standard import environment
from regulated_ml.tracking import facts
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Dependencies

KEPT = ".tools/environments"
# What an interpreter tells of itself, as JSON.
ASK = """
import json, platform, sys
from importlib import metadata
print(json.dumps({
    "python": platform.python_version(),
    "base": getattr(sys, "_base_executable", sys.executable),
    "packages": {d.metadata["Name"].lower(): d.version for d in metadata.distributions()},
}))
"""


class Interpreter(NamedTuple):
    """A Python with packages that jobs can run with."""

    python: Path
    installed: Dependencies
    as_locked: bool  # whether its packages are those of the lock file, each in its version


def running(tree: Path) -> Interpreter:
    """The Python that runs us, held against the lock file of a work tree."""
    installed = facts.dependencies(tree)
    as_locked = installed.lock is not None and not facts.dependency_warnings(tree, installed)
    return Interpreter(Path(sys.executable), installed, as_locked)


def locked(root: Path, tree: Path, version: str, report: Report) -> Interpreter:
    """The environment of a work tree's lock file, for a minor version of Python.

    Raises:
        UserError: there is no lock file or no such Python, or the packages cannot be installed.
    """
    here = running(tree)
    if here.as_locked and minor(here.installed.python) == version:
        return here
    lock = tree / LOCK
    if not lock.is_file():
        rule = f"the commit has no {LOCK}, so its packages are not known"
        fix = "add --as-installed: the jobs run with the packages that are installed here"
        raise UserError.one("environment", LOCK, rule, fix)
    base = _base(version)
    kept = (root / KEPT).resolve() / f"{sha256(lock)[:16]}-{_told(base)['python']}"
    report(0, None, f"the locked environment for Python {version}")
    with exclusive(kept.with_suffix(".lock")):
        _make(base, kept, lock, root)
    return _described(kept / "bin/python", lock)


def minor(version: str) -> str:
    """The minor version: 3.12 of 3.12.1."""
    return ".".join(version.split(".")[:2])


def _make(base: Path, kept: Path, lock: Path, root: Path) -> None:
    """Makes the environment, unless it stands; the script that does it knows."""
    # A copy of the lock beside the environment, since what it was made from is asked again later.
    copy = kept.with_name(f"{kept.name}.{LOCK}")
    if not copy.is_file() or sha256(copy) != sha256(lock):
        with replacing(copy) as temporary:
            shutil.copyfile(lock, temporary)
    command = [str(base), environment.__file__, "setup", "--no-project"]
    where = ["--environment", str(kept), "--lock", str(copy)]
    done = subprocess.run(
        [*command, *where], cwd=root, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        rule = f"the locked packages could not be installed: {' '.join(lines[-2:])}"
        fix = "mend what it says; or add --as-installed, and the jobs run with what is here"
        raise UserError.one("environment", kept.name, rule, fix, ExitStatus.RESOURCE)


def _described(python: Path, lock: Path) -> Interpreter:
    asked = _told(python)
    installed = Dependencies(
        python=asked["python"],
        system=f"{platform.system()} {platform.machine()}",
        lock=sha256(lock),
        packages=asked["packages"],
    )
    return Interpreter(python, installed, as_locked=True)


def _base(version: str) -> Path:
    """An interpreter of a minor version, outside of any environment."""
    for candidate in _candidates(version):
        asked = _asked(candidate)
        if minor(asked.get("python", "")) == version:
            return Path(asked["base"])
    rule = f"the run is to be made again with Python {version}, and none was found on this machine"
    fix = "install it; or name one that is here, as in --python 3.12, and differences are explained"
    raise UserError.one("--python", version, rule, fix, ExitStatus.RESOURCE)


def _candidates(version: str) -> Iterator[Path]:
    """Where an interpreter of this version may be: us, on PATH, those of pyenv."""
    yield Path(sys.executable)
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)


def _told(python: Path) -> dict[str, Any]:
    """What an interpreter says of itself, that has to work."""
    if asked := _asked(python):
        return asked
    rule = "the interpreter does not start, or does not say which Python it is"
    fix = "install it anew; an environment in .tools/environments/ is made again once it is removed"
    raise UserError.one("environment", str(python), rule, fix, ExitStatus.RESOURCE)


@cache
def _asked(python: Path) -> dict[str, Any]:
    """What an interpreter says of itself; nothing where it does not work, as a shim may not."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", ASK], capture_output=True, text=True, check=False
        )
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}
    except (OSError, ValueError):
        return {}

"""Whether `requirements.lock` is what `make lock` makes for `pyproject.toml`, told offline.

Each line is a pinned version with hashes, and on each system and Python
that the standard supports, every dependency that applies has one pin that fits it.
"""

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from regulated_ml.locks import LOCK, Pin, read

SYSTEMS = {"linux": "Linux", "darwin": "Darwin"}
MACHINES = ("x86_64", "arm64", "aarch64")
# The first of each minor version that the standard runs on.
PYTHONS = ("3.11.4", "3.12.0", "3.13.0")


def mistakes(root: Path) -> list[str]:
    """What is wrong with the lock file, one sentence each; empty where nothing is."""
    path = root / LOCK
    if not path.is_file():
        return ["it is missing"]
    pins, found = read(path.read_text(encoding="utf-8"))
    try:
        requirements = list(_requirements(root / "pyproject.toml"))
    except (OSError, ValueError, KeyError) as error:  # no file, no TOML, no requirement
        return [f"pyproject.toml cannot be read: {error}"]
    for requirement in requirements:
        found += _unsatisfied(requirement, pins)
    return list(dict.fromkeys(found))


def _requirements(pyproject: Path) -> Iterator[Requirement]:
    content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    yield from map(Requirement, content.get("project", {}).get("dependencies", []))
    yield from map(Requirement, _group(content.get("dependency-groups", {}), "dev"))


def _group(groups: Mapping[str, list[Any]], name: str) -> Iterator[str]:
    """The requirements of a dependency group and of those that it includes (PEP 735)."""
    for entry in groups.get(name, []):
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(groups, entry["include-group"])


def _environments() -> Iterator[dict[str, str]]:
    """The values of markers (PEP 508) on every system and Python that the standard supports."""
    for system, machine, python in itertools.product(SYSTEMS, MACHINES, PYTHONS):
        yield {
            "os_name": "posix",
            "sys_platform": system,
            "platform_system": SYSTEMS[system],
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "python_version": python.rpartition(".")[0],
            "python_full_version": python,
            "implementation_version": python,
            "extra": "",
        }


def _unsatisfied(requirement: Requirement, pins: list[Pin]) -> Iterator[str]:
    same = [pin for pin in pins if pin.name == canonicalize_name(requirement.name)]
    for environment in _environments():
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        versions = [pin.version for pin in same if pin.applies(environment)]
        if not versions:
            yield f"{requirement} of pyproject.toml is not locked"
        for version in versions:
            if not requirement.specifier.contains(version, prereleases=True):
                yield f"{requirement} of pyproject.toml does not allow the locked {version}"

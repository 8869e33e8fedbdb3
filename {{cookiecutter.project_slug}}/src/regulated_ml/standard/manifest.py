"""Who owns which file, and the hashes of those that are the standard's.

Every file of a rendered repository has one owner. The table below says which, by path; nothing in a
file marks it. `manifest.json` beside this module carries the table and the SHA-256 of each managed
file, so that a release can be read without running its code. `python -m
regulated_ml.standard.manifest ROOT` writes it anew; only the makers of the standard do that.
"""

import fnmatch
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from regulated_ml import __version__
from regulated_ml.files import write_json

MANIFEST = "src/regulated_ml/standard/manifest.json"


class Owner(StrEnum):
    """Who may change a file."""

    MANAGED = "managed"  # the standard's, the same bytes in every repository
    RENDERED = "rendered"  # made from the answers when the repository was rendered
    SEEDED = "seeded"  # written once, then the team's
    GENERATED = "generated"  # made by a command from the others
    TEAM = "team"  # the team's own, of which the standard knows nothing


class Rule(NamedTuple):
    """The owner of the paths that match a pattern, in which `*` stands for any characters."""

    pattern: str
    owner: Owner


# The first rule that matches decides; what no rule matches is the team's own.
RULES = (
    Rule("src/regulated_ml/*", Owner.MANAGED),
    Rule("Makefile", Owner.MANAGED),
    Rule("buildspec.yml", Owner.MANAGED),
    Rule(".pre-commit-config.yaml", Owner.MANAGED),
    Rule(".gitattributes", Owner.MANAGED),
    Rule("README.md", Owner.RENDERED),
    Rule("pyproject.toml", Owner.RENDERED),
    Rule("config/project.yaml", Owner.RENDERED),
    Rule("config/environments/dev.yaml", Owner.RENDERED),
    Rule("requirements.lock", Owner.GENERATED),
    Rule("infrastructure/*", Owner.GENERATED),
    Rule("config/environments/*", Owner.GENERATED),
    Rule("config/*", Owner.SEEDED),
    Rule("src/*", Owner.SEEDED),
    Rule("tests/*", Owner.SEEDED),
    Rule(".gitignore", Owner.SEEDED),
    Rule(".secrets.baseline", Owner.SEEDED),
)


class Manifest(NamedTuple):
    """The version of a release, and the SHA-256 of each of its managed files by path."""

    version: str
    files: Mapping[str, str]


def owner(path: str) -> Owner:
    """The owner of a path, written with `/` and relative to the repository."""
    for rule in RULES:
        if fnmatch.fnmatchcase(path, rule.pattern):
            return rule.owner
    return Owner.TEAM


def managed_files(root: Traversable) -> dict[str, str]:
    """The SHA-256 of every file in managed space, whether it belongs there or not.

    `root` is a folder or a path in a zip file. The manifest itself is left out, because it cannot
    hold its own hash, and so is what Python compiles. A symbolic link counts as a file of its own:
    it is not followed, so that nothing outside can stand in for a file of the standard.
    """
    found: dict[str, str] = {}
    for pattern, who in RULES:
        if who is Owner.MANAGED:
            top = pattern.removesuffix("/*")
            found.update(_files(root.joinpath(top), top))
    found.pop(MANIFEST, None)
    return dict(sorted(found.items()))


def _files(node: Traversable, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Path) and node.is_symlink():
        yield path, f"symbolic link to {node.readlink()}"
    elif node.is_file():
        yield path, hashlib.sha256(node.read_bytes()).hexdigest()
    elif node.is_dir() and node.name != "__pycache__":
        for child in node.iterdir():
            yield from _files(child, f"{path}/{child.name}")


def read(root: Traversable) -> Manifest:
    """The manifest that lies in a repository or a release.

    Raises:
        OSError, ValueError, KeyError: it is missing, or not what `write` makes.
    """
    content = json.loads(root.joinpath(MANIFEST).read_text(encoding="utf-8"))
    return Manifest(str(content["version"]), {str(k): str(v) for k, v in content["files"].items()})


def write(root: Path) -> None:
    """Writes the manifest of the files that lie below `root` now."""
    content = {
        "version": __version__,
        "owners": [rule._asdict() for rule in RULES],
        "files": managed_files(root),
    }
    write_json(root / MANIFEST, content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))

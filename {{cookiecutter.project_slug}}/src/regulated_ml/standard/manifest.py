"""Who owns which file, and the hashes of those that are the standard's.

Every file of a rendered repository has one owner. The table below says which, by path; nothing in a
file marks it. `manifest.json` beside this module carries the table and the SHA-256 of each managed
file, so that a release can be read without running its code.
"""

import fnmatch
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from regulated_ml import __version__

MANIFEST = "src/regulated_ml/standard/manifest.json"


class Owner(StrEnum):
    """Who may change a file."""

    MANAGED = "managed"  # the standard's, the same bytes in every repository
    RENDERED = "rendered"  # made from the answers when the repository was rendered
    SEEDED = "seeded"  # written once, then the team's
    GENERATED = "generated"  # made by a command from the others
    TEAM = "team"  # the team's own, unknown to the standard


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
    Rule("config/environments/*", Owner.GENERATED),
    Rule("infrastructure/*", Owner.GENERATED),
    Rule("config/*", Owner.SEEDED),
    Rule("notebooks/*", Owner.SEEDED),
    Rule("src/*", Owner.SEEDED),
    Rule("tests/*", Owner.SEEDED),
    Rule(".gitignore", Owner.SEEDED),
    Rule(".secrets.baseline", Owner.SEEDED),
)

"""The templates of CloudFormation: one for each thing that is deployed on its own.

They hold nothing of an account: what differs is a parameter. `rml security policies --write` makes
them from the controls and the tables of the roles, the same bytes each time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from regulated_ml.files import write_text
from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies.templates import (
    alarms,
    delivery,
    detective,
    guards,
    key,
    network,
    organization,
    repository,
    roles,
    storage,
)
from regulated_ml.security.policies.templates.building import Template, text

FOLDER = "infrastructure"


class File(NamedTuple):
    """A template's file, and what makes it."""

    name: str
    make: Callable[[Controls], Template]


# In the order in which they are deployed first.
FILES = (
    File("key.yaml", key.template),
    File("guardrails.yaml", guards.template),
    File("roles.yaml", roles.template),
    File("storage.yaml", storage.template),
    File("network.yaml", network.template),
    File("repository.yaml", repository.template),
    File("detective.yaml", detective.template),
    File("alarms.yaml", alarms.template),
    File("delivery.yaml", delivery.template),
    File("organization.yaml", organization.template),
)


def made(controls: Controls) -> dict[str, str]:
    """The text of each file."""
    return {file.name: text(file.make(controls)) for file in FILES}


def write(controls: Controls, root: Path) -> list[Path]:
    """Writes the files that are not as they are to be; returns those."""
    written = []
    for name, content in made(controls).items():
        path = root / FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            write_text(path, content)
            written.append(path)
    return written


def differing(controls: Controls, root: Path) -> list[str]:
    """The files that the command would write otherwise."""
    contents = made(controls)
    return [
        name
        for name, content in contents.items()
        if not (root / FOLDER / name).is_file()
        or (root / FOLDER / name).read_text(encoding="utf-8") != content
    ]


def parameters(controls: Controls, name: str) -> list[str]:
    """The parameters of a template."""
    file = next(file for file in FILES if file.name == name)
    return file.make(controls).parameters()

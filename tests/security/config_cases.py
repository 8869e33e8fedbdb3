"""What the tests of bad configuration share: a config/, and what is wrong in it."""

import shutil
from pathlib import Path

from regulated_ml.errors import UserError
from regulated_ml.identifiers import Problem
from regulated_ml.security.overview import overview
from regulated_ml.settings import Settings, load


def configured(sample: Path, folder: Path, **files: str) -> Path:
    """A copy of the sample's config/, in which `files` (controls, exceptions) have other texts."""
    shutil.copytree(sample / "config", folder / "config")
    for name, text in files.items():
        (folder / f"config/{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def settings(sample: Path, folder: Path, environment: str = "dev", **files: str) -> Settings:
    """The settings of such a copy."""
    return load(configured(sample, folder, **files), environment)


def mistakes(sample: Path, folder: Path, environment: str = "dev", **files: str) -> list[Problem]:
    """Every problem in such a copy, none when it is right."""
    try:
        overview(settings(sample, folder, environment, **files))
    except UserError as error:
        return list(error.problems)
    return []

"""The literal lists of the rules agree with where they come from."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from commands import TEMPLATE
from packaging.requirements import Requirement

from generation.place import QUESTIONS
from regulated_ml import identifiers

STANDARD = TEMPLATE / "{{cookiecutter.project_slug}}"
LOCK = STANDARD / "requirements.lock"
TABLES: dict[str, Any] = tomllib.loads(
    Path(identifiers.__file__).with_suffix(".toml").read_text("utf-8")
)


def regions(service: str) -> dict[str, set[str]]:
    session = botocore.session.get_session()
    return {
        partition: set(session.get_available_regions(service, partition))
        for partition in session.get_available_partitions()
    }


def test_regions_are_those_in_which_botocore_knows_sagemaker() -> None:
    listed = {partition: set(names) for partition, names in TABLES["regions"].items()}
    assert listed == regions("sagemaker")


def test_regions_without_codecommit_are_those_of_botocore() -> None:
    sagemaker, codecommit = regions("sagemaker"), regions("codecommit")
    missing = set().union(*(sagemaker[name] - codecommit[name] for name in sagemaker))
    assert set(TABLES["services"]["without_codecommit"]) == missing


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> list[str]:
    """The distributions that the lock of a rendered repository installs on this system."""
    lines = re.findall(r"^[\w.-]+==[^\\\n]+", LOCK.read_text("utf-8"), re.MULTILINE)
    requirements = [Requirement(line.strip()) for line in lines]
    return [normal(r.name) for r in requirements if r.marker is None or r.marker.evaluate()]


def imports() -> dict[str, set[str]]:
    """The names that each installed distribution lets one import."""
    names: dict[str, set[str]] = {}
    for module, distributions in importlib.metadata.packages_distributions().items():
        for distribution in distributions:
            names.setdefault(normal(distribution), set()).add(module)
    return names


def test_import_names_of_everything_in_the_lock_are_reserved() -> None:
    offered = imports()
    modules = {module for name in locked() for module in offered[name]}
    public = {name for name in modules if name.isidentifier() and not name.startswith("_")}
    assert public - set(TABLES["reserved"]["dependencies"].split()) == set()


@pytest.mark.parametrize("name", ["class", "json", "regulated_ml", "xgboost", "tests"])
def test_reserved_names_come_from_every_source(name: str) -> None:
    assert name in identifiers.reserved_names()


def test_fields_are_the_questions_in_their_order() -> None:
    assert list(identifiers.fields()) == list(QUESTIONS)

"""The exceptions of an environment, as reports show them."""

from pathlib import Path
from typing import Any

from regulated_ml.errors import UserError
from regulated_ml.security import catalogue
from regulated_ml.security.organisation import exception_problems
from regulated_ml.settings import (
    Settings,
    elsewhere_problems,
    exceptions,
    own_controls,
)


def in_force(settings: Settings) -> list[dict[str, Any]]:
    """The exceptions in force, as plain data, each with the title of its control.

    Settings hold those of their environment that are right; what has expired is refused there.
    """
    if not settings.exceptions:
        return []
    controls = catalogue.load(settings)
    return [
        {**each.model_dump(mode="json"), "title": controls[each.control].title}
        for each in settings.exceptions
    ]


def remarks(root: Path, environment: str = "") -> list[str]:
    """What is wrong with the exceptions of environments other than this one, as sentences."""
    problems = list(elsewhere_problems(root, environment))
    others = [each for each in exceptions(root) if each.environment != environment]
    try:
        problems += exception_problems(catalogue.standard_controls(), own_controls(root), others)
    except UserError as error:  # the organisation's own controls are wrong
        problems += error.problems
    return [f"{p.field}: {p.value} is not right: {p.rule}; {p.fix}" for p in problems]

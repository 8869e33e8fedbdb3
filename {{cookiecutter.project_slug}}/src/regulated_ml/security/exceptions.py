"""The exceptions of an environment, as reports show them."""

from typing import Any

from regulated_ml.security import catalogue
from regulated_ml.settings import Settings


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

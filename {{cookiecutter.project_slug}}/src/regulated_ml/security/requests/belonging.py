"""Whose a resource is: the same answer in the audit of an account and in the function that watches.

Tags decide where they name a project or an environment. Names are told apart by the slug in front
alone, so a name counts for a resource without such tags only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from regulated_ml.security.requests.verbs import tags as pairs


def belonging(
    name: str, tags: Any, content: Any, project: Mapping[str, str], roles: Iterable[str]
) -> str:
    """By what a resource is the project's: its tags, its name or a role that stands in it.

    `project` has the tags `project` and `environment`. Tags that name another project or
    environment take away what has only the name, and not what runs as one of the environment's
    roles. Empty: it is somebody else's.
    """
    found = dict(pairs(tags))
    if all(found.get(key) == value for key, value in project.items()):
        return "tag"
    is_anothers = any(found.get(key, value) != value for key, value in project.items())
    slug = project["project"]
    if not is_anothers and (name == slug or name.startswith(f"{slug}-")):
        return "name"
    return "role" if any(holds(content, role) for role in roles) else ""


def holds(content: Any, text: str) -> bool:
    """Whether a text is a value anywhere in a request or description."""
    if isinstance(content, Mapping):
        return any(holds(inner, text) for inner in content.values())
    if isinstance(content, list | tuple):
        return any(holds(inner, text) for inner in content)
    return bool(content == text)

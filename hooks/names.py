"""What cookiecutter.json makes from other answers: slug, package, buckets, git remote."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from types import ModuleType

from slugify import slugify

LONGEST_BUCKET = 63


def filters(rules: ModuleType) -> dict[str, Callable[..., str]]:
    """The filters of cookiecutter.json; they take whatever a profile holds, to be checked later."""
    made: dict[str, Callable[..., str]] = {
        "slug": partial(slug, rules),
        "package": package,
        "bucket": bucket,
        "git_remote": git_remote,
    }
    return {name: of_texts(function) for name, function in made.items()}


def of_texts(function: Callable[..., str]) -> Callable[..., str]:
    """The function, called with an empty text for whatever is none."""
    return lambda *values: function(*(v if isinstance(v, str) else "" for v in values))


def slug(rules: ModuleType, name: str) -> str:
    """A short name in letters of ASCII; empty where the name has none that could be written so.

    Words that no longer fit are left out, and a word is added to a name that is reserved.
    """
    # Entities like `&#228;` are text here, so slugify is not to replace them.
    short = slugify(name, entities=False, decimal=False, hexadecimal=False)
    if short[:1].isdigit():
        short = f"ml-{short}"
    short = shortened(short, rules.longest_slug())
    if short.replace("-", "_") in rules.reserved_names():
        short = shortened(f"{short}-model", rules.longest_slug())
    return short


def package(slug: str) -> str:
    """The slug as an import name."""
    return re.sub(r"[^a-z0-9]+", "_", slug.lower()).strip("_")


def bucket(slug: str, purpose: str, account: str, region: str) -> str:
    """A bucket's name. Its account and region make it one that nobody else has taken."""
    start = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    if not start:
        return ""
    parts = (re.sub(r"[^a-z0-9-]+", "", part)[:20] for part in (purpose, account, region))
    ending = "".join(f"-{part}" for part in parts if part)
    return shortened(start, LONGEST_BUCKET - len(ending)) + ending


def git_remote(repository: str, region: str) -> str:
    """The address of a CodeCommit repository, as git-remote-codecommit reads it."""
    return f"codecommit::{region}://{repository}"


def shortened(name: str, longest: int) -> str:
    """The name without the words that no longer fit, as long as half of it is left."""
    if len(name) <= longest:
        return name
    words = name[: longest + 1].rpartition("-")[0]
    return (words if len(words) > longest // 2 else name[:longest]).strip("-")

"""Paths in requests: `A?.B[].C`, and the places in a request that a path means.

Structures are dicts and lists are lists or tuples, because that is what botocore takes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

MISSING: Any = None  # AWS takes a null, an empty text, list or structure for no value
Place = tuple[str | int, ...]


class Step(NamedTuple):
    """A part of a path: a member, whether each of its elements is meant, whether it may lack."""

    name: str
    each: bool
    optional: bool


class Path(NamedTuple):
    """A path, with what a walk along it needs to know at every request."""

    steps: tuple[Step, ...]
    names: tuple[str, ...]
    has_lists: bool
    last_optional: int  # the number of the last step that may lack; -1: none may


def parse(path: str) -> Path:
    """`A?.B[].C`: of A only where it is there, of B every element. A dot: the request itself."""
    parts = [] if path == "." else path.split(".")
    steps = tuple(
        Step(part.rstrip("?").removesuffix("[]"), "[]" in part, part.endswith("?"))
        for part in parts
    )
    return _path(steps)


def _path(steps: Sequence[Step]) -> Path:
    return Path(
        steps=tuple(steps),
        names=tuple(step.name for step in steps),
        has_lists=any(step.each for step in steps),
        last_optional=max((n for n, step in enumerate(steps) if step.optional), default=-1),
    )


def places(request: dict[str, Any], path: Path) -> Iterable[tuple[Place, Any]]:
    """Every place that a path means, with the value there, or MISSING."""
    if path.has_lists:
        return _each_place(request, path.steps, ())
    value: Any = request
    for number, name in enumerate(path.names):
        if not isinstance(value, dict):
            return ((path.names[:number], Unexpected(value)),)
        value = value.get(name)
        # A structure on the way is there even when it is empty; at the end, empty is missing.
        if value is MISSING or (number == len(path.names) - 1 and _is_empty(value)):
            return () if number <= path.last_optional else ((path.names, MISSING),)
    return ((path.names, value),)


def _each_place(value: Any, steps: Sequence[Step], before: Place) -> Iterator[tuple[Place, Any]]:
    """The same along a path with lists; a list without elements has no places."""
    number = next((n for n, step in enumerate(steps) if step.each), None)
    if number is None:
        for place, found in places(value, _path(steps)):
            yield (*before, *place), found
        return
    # The list itself is looked at only where it is there.
    to_list = _path([step._replace(each=False, optional=True) for step in steps[: number + 1]])
    for place, found in places(value, to_list):
        here = (*before, *place)
        if not isinstance(found, list | tuple):
            yield here, Unexpected(found)
            continue
        for index, element in enumerate(found):
            rest = steps[number + 1 :]
            if rest:
                yield from _each_place(element, rest, (*here, index))
            else:
                yield (*here, index), element


class Unexpected:
    """A value of another type than the path needs; no verb holds for it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value)


def _is_empty(value: Any) -> bool:
    return not value and isinstance(value, str | list | tuple | dict)


def written(place: Place) -> str:
    """A place as JMESPath: `A.B[0].C`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

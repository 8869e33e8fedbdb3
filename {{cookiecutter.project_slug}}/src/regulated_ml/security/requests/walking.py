"""Paths in requests: `A?.B[].C` as steps, and the places in a request that they mean."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MISSING: Any = None  # AWS takes a null, an empty text, list or structure for no value


class Step(NamedTuple):
    """A part of a path: a member, whether each of its elements is meant, whether it may lack."""

    name: str
    each: bool
    optional: bool


Place = tuple[str | int, ...]


def parse(path: str) -> tuple[Step, ...]:
    """`A?.B[].C` as steps: of A only where it is there, of B every element."""
    if path == ".":
        return ()
    return tuple(
        Step(part.rstrip("?").removesuffix("[]"), "[]" in part, part.endswith("?"))
        for part in path.split(".")
    )


def places(request: Mapping[str, Any], path: Sequence[Step]) -> Iterator[tuple[Place, Any]]:
    """Every place that a path means, with the value there, or MISSING."""
    value: Any = request
    for number, step in enumerate(path):
        if step.each or not isinstance(value, Mapping):
            yield from _each_place(value, path[number:], _names(path[:number]))
            return
        value = value.get(step.name)
        if value is MISSING or _is_empty(value):
            if not (step.optional or any(s.each or s.optional for s in path[number + 1 :])):
                yield _names(path), MISSING
            return
    yield _names(path), value


def _each_place(value: Any, path: Sequence[Step], before: Place) -> Iterator[tuple[Place, Any]]:
    """The same from a list, or from what should have been a structure, on."""
    if not isinstance(value, Mapping):
        yield before, _Unexpected(value)
        return
    step, rest = path[0], path[1:]
    inner = value.get(step.name)
    if inner is MISSING or _is_empty(inner):
        return  # a list without elements has no places
    here = (*before, step.name)
    if not isinstance(inner, list | tuple):
        yield here, _Unexpected(inner)
        return
    for number, element in enumerate(inner):
        if not rest:
            yield (*here, number), element
        elif isinstance(element, Mapping):
            for place, found in places(element, rest):
                yield (*here, number, *place), found
        else:
            yield (*here, number), _Unexpected(element)


def _names(path: Sequence[Step]) -> Place:
    return tuple(step.name for step in path)


class _Unexpected:
    """A value of another type than the path needs; no verb holds for it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(self._value)


def _is_empty(value: Any) -> bool:
    return isinstance(value, str | list | tuple | Mapping) and not value


def written(place: Place) -> str:
    """A place as JMESPath: `A.B[0].C`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

"""Requests that botocore accepts, made from its model: minimal, with a field in them, random."""

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import Shape

from . import model

# A choice of values for the fields that have a kind; None: leave the field to the generator.
Chooser = Callable[[str, Shape], Any]
NOTHING = object()

TEXT = {  # strings whose form somebody reads
    "PipelineDefinition": '{"Version": "2020-12-01", "Steps": []}',
    "Content": "{}",
}


class Generator:
    """Makes requests for one operation; `choose` gives the values of the fields that matter."""

    def __init__(self, choose: Chooser, chance: random.Random | None = None) -> None:
        self.choose = choose
        self.random = chance

    def make(self, shape: Shape, path: str = "", depth: int = 0) -> Any:
        """A value that fits a shape: the required, and by chance some of the rest."""
        chosen = self.choose(path, shape)
        if chosen is not NOTHING:
            return chosen
        match shape.type_name:
            case "structure":
                return self._structure(shape, path, depth)
            case "list":
                count = self._count(shape, depth)
                return [self.make(shape.member, f"{path}[]", depth + 1) for _ in range(count)]
            case "map":
                value = self.make(shape.value, f"{path}{{}}", depth + 1)
                return {self.make(shape.key, "", depth): value} if self._count(shape, depth) else {}
        return self._scalar(shape, path)

    def _structure(self, shape: Shape, path: str, depth: int) -> dict[str, Any]:
        names = [
            name
            for name, member in shape.members.items()
            if name in shape.required_members
            or member.metadata.get("idempotencyToken")  # botocore adds it
            or self._wants(depth)
        ]
        if getattr(shape, "is_tagged_union", False):  # exactly one member
            every = list(shape.members)
            names = [self.random.choice(every) if self.random else every[0]]
        made = {}
        for name in names:
            below = f"{path}.{name}" if path else name
            made[name] = self.make(shape.members[name], below, depth + 1)
        return made

    def _wants(self, depth: int) -> bool:
        return self.random is not None and self.random.random() < 0.8 * 0.88**depth

    def _count(self, shape: Shape, depth: int) -> int:
        least = max(shape.metadata.get("min", 0), 1 if self.random is None or depth < 3 else 0)
        most = shape.metadata.get("max", 2)
        extra = self.random.randint(0, 1) if self.random and depth < 4 else 0
        return int(min(least + extra, max(most, least)))

    def _scalar(self, shape: Shape, path: str) -> Any:
        if enum := shape.metadata.get("enum"):
            return self.random.choice(enum) if self.random else enum[0]
        least = max(float(shape.metadata.get("min", 1)), 1.0)
        text = TEXT.get(path.rpartition(".")[2], "a1b2c".ljust(int(least), "x"))
        values: dict[str, Any] = {
            "string": text,
            "integer": int(least),
            "long": int(least),
            "float": least,
            "double": least,
            "boolean": self.random is not None and self.random.random() < 0.5,
            "timestamp": "2026-11-24T00:00:00Z",
            "blob": "blob",
        }
        return values[shape.type_name]


def put(
    request: dict[str, Any], shape: Shape, path: str, value: Any, generator: Generator
) -> dict[str, Any]:
    """A copy of a request with a value in a field; parents that lack are made as required."""
    changed = copy.deepcopy(request)
    _put(changed, shape, path.split("."), value, "", generator)
    return changed


def _put(
    here: dict[str, Any],
    shape: Shape,
    names: list[str],
    value: Any,
    path: str,
    generator: Generator,
) -> None:
    head, *rest = names
    name = head.removesuffix("[]")
    member = shape.members[name]
    below = f"{path}.{name}" if path else name
    if getattr(shape, "is_tagged_union", False) and name not in here:
        here.clear()
    if not rest:
        here[name] = [value] if head.endswith("[]") else value
        return
    if not here.get(name):
        here[name] = generator.make(member, below)
    if head.endswith("[]"):
        here[name] = here[name] or [generator.make(member.member, f"{below}[]")]
        for element in here[name]:
            _put(element, member.member, rest, value, f"{below}[]", generator)
    else:
        _put(here[name], member, rest, value, below, generator)


def without(request: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy of a request without a field; its parents stay."""
    changed = copy.deepcopy(request)
    *parents, name = path.split(".")
    for parent in found(changed, parents):
        parent.pop(name.removesuffix("[]"), None)
    return changed


def found(value: Any, names: list[str]) -> list[Any]:
    """Everything that a path leads to in a request."""
    values = [value]
    for name in names:
        key = name.removesuffix("[]")
        values = [v[key] for v in values if isinstance(v, Mapping) and v.get(key) is not None]
        if name.endswith("[]"):
            values = [element for v in values for element in v]
    return values


def input_shape(service: str, operation: str) -> Shape:
    """The input of an operation."""
    return model.service(service).operation_model(operation).input_shape

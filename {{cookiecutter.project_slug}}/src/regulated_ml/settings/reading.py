"""Reads one file of config/; whatever is wrong in it becomes a problem that names file and key."""

import difflib
import reprlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from regulated_ml.identifiers import Problem
from regulated_ml.settings.base import Section

TYPE_PARTS = ("int", "float", "str", "bool", "[key]")  # of a location: which type was tried
BEGINNING = reprlib.Repr()
BEGINNING.maxlevel = 2
MERGE = "tag:yaml.org,2002:merge"
SomeSection = TypeVar("SomeSection", bound=Section)


def section(
    root: Path, path: str, kind: type[SomeSection], problems: list[Problem]
) -> SomeSection | None:
    """One file as an object of `kind`, or None after adding what is wrong to `problems`."""
    before = len(problems)
    found = content(root / path, path, problems)
    if len(problems) > before:
        return None
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        problems += _merged(_problem(path, kind, found, detail) for detail in error.errors())
    return None


def content(file: Path, shown: str, problems: list[Problem]) -> Any:
    """What a YAML file says, or None after adding to `problems` why it cannot be read."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        problems.append(Problem(shown, "", "the file is missing", "restore it: git checkout it"))
    except UnicodeDecodeError as error:
        problems.append(Problem(shown, f"byte {error.start}", "not UTF-8", "save it as UTF-8"))
    except yaml.YAMLError as error:
        problems.append(_yaml_problem(shown, error))
    return None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as data only, and a key that is written twice is a mistake instead of a surprise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue  # `<<: *anchor`, of which there may be several
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict) or key in seen:
                rule = "is no name" if isinstance(key, list | dict) else "is written twice"
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} {rule}", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _yaml_problem(path: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}: line {mark.line + 1}, column {mark.column + 1}" if mark else path
    return Problem(place, "", f"not YAML: {getattr(error, 'problem', error)}", "mend the line")


def _merged(problems: Iterable[Problem]) -> list[Problem]:
    """One problem for each field: a value that may be of two types breaks the rule of each."""
    by_field: dict[str, Problem] = {}
    for problem in problems:
        first = by_field.setdefault(problem.field, problem)
        if problem.rule not in first.rule:
            by_field[problem.field] = first._replace(rule=f"{first.rule}, or {problem.rule}")
    return list(by_field.values())


def _problem(path: str, kind: type[Section], found: Any, detail: ErrorDetails) -> Problem:
    """What pydantic found, with the file and key named and the nearest known key proposed."""
    where = ".".join(_places(found, detail["loc"]))
    field = f"{path}: {where}" if where else path
    value = "" if detail["type"] == "missing" else _shown(detail["input"])
    if detail["type"] == "extra_forbidden":
        known = _keys(kind, detail["loc"][:-1])
        fix = did_you_mean(str(detail["loc"][-1]), known)
        return Problem(field, value, "no such key", fix or f"known keys: {', '.join(known)}")
    if detail["type"] == "missing":
        return Problem(field, "", "the key is missing", "add it")
    if isinstance(detail["input"], bool):
        fix = "write true or false where the rule says so; quote yes, no, on and off to mean words"
        return Problem(field, value, detail["msg"].lower(), fix)
    return Problem(field, value, detail["msg"].lower(), "write a value that follows the rule")


def _places(found: Any, location: tuple[int | str, ...]) -> Iterator[str]:
    """The parts of a location as a person counts: the entries of a list from 1."""
    for part in location:
        if part in TYPE_PARTS:
            continue
        is_entry = isinstance(found, list) and isinstance(part, int)
        yield str(int(part) + 1 if is_entry else part)
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            found = None  # a key that is missing, or one of a type that was tried


def _shown(value: Any) -> str:
    """The value as text; of lists and structures, which aliases can make endless, the beginning."""
    return BEGINNING.repr(value) if isinstance(value, list | dict) else str(value)


def _keys(kind: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place in the configuration."""
    for part in location:
        if isinstance(part, str):
            annotation = kind.model_fields[part].annotation
            inner = [annotation, *getattr(annotation, "__args__", ())]
            kind = next(t for t in inner if isinstance(t, type) and issubclass(t, Section))
    return sorted(kind.model_fields)


def did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else ""

"""Holds a request to AWS against the controls: fills in what is missing, names what contradicts.

The same code stands in the guard of a process, in the audit of an account and in the function that
watches it; so it needs the standard library alone, and is told everything by a plan: plain JSON that
`catalogue.plan` makes from the controls and the settings.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

MISSING: Any = None  # AWS takes a null, an empty text, list or structure for no value
# What pipelines write where a value is known only when they run.
EXPRESSIONS = ("Get", "Std:Join", "Std:JsonGet")


class Violation(NamedTuple):
    """One field of a request that breaks a control."""

    control: str
    field: str  # JMESPath, elements of lists numbered from 0
    value: str
    required: str
    fix: str
    severity: str
    missing: bool


@dataclass(slots=True)
class Result:
    """What a request was found to be."""

    request: Mapping[str, Any]  # filled, if that was asked for; otherwise the caller's own
    violations: list[Violation] = field(default_factory=list)
    excepted: list[Violation] = field(default_factory=list)  # let pass by an exception
    filled: list[str] = field(default_factory=list)


class Step(NamedTuple):
    """A part of a path: a member, whether each of its elements is meant, whether it may lack."""

    name: str
    each: bool
    optional: bool


Place = tuple[str | int, ...]


class Row(NamedTuple):
    """A requirement on one field of one operation."""

    control: str
    severity: str
    path: tuple[Step, ...]
    verb: str
    operand: Any
    words: str  # what the operand is called in the settings, or the literal
    missing: str
    unless_paths: tuple[tuple[Step, ...], ...]
    unless: re.Pattern[str] | None


# --- what a verb asks of a value that is there: True when it holds ---


def _among(value: Any, operand: Any) -> bool:
    values = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(each, str) and each in operand for each in values)


def _lies_in(value: Any, operand: Any) -> bool:
    start = _known_start(value)
    match = re.match(r"(?:s3://|arn:[\w-]+:s3:::|https://)?([^/]+)(?:/|$)", start)
    return bool(match) and _bucket(match[1], start) in operand  # type: ignore[index]


def _bucket(host: str, address: str) -> str:
    """The bucket of an address; in the form https:// it is the first label of the host."""
    return host.partition(".s3")[0] if address.startswith("https://") else host


def _comes_from(value: Any, operand: Any) -> bool:
    return isinstance(value, str) and value.partition("/")[0] in operand


def _carries(value: Any, operand: Any) -> bool:
    return not _wrong_tags(value, operand) and not _lacking_tags(value, operand)


def _tags(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, list | tuple):
        return {}
    pairs = (each for each in value if isinstance(each, Mapping))
    return {
        str(each.get("Key", each.get("key"))): each.get("Value", each.get("value"))
        for each in pairs
    }


def _wrong_tags(value: Any, operand: Mapping[str, str]) -> list[str]:
    tags = _tags(value)
    return [key for key, expected in operand.items() if key in tags and tags[key] != expected]


def _lacking_tags(value: Any, operand: Mapping[str, str]) -> list[str]:
    tags = _tags(value)
    return [key for key in operand if key not in tags]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equals(value: Any, operand: Any) -> bool:
    return bool(value == operand) and isinstance(value, bool) == isinstance(operand, bool)


def _known_start(value: Any) -> str:
    """The text, or what is known of it before a pipeline runs: the first part of a join."""
    if isinstance(value, Mapping):
        join = value.get("Std:Join")
        parts = join.get("Values") if isinstance(join, Mapping) else None
        if isinstance(parts, list) and parts and isinstance(parts[0], str):
            return f"{parts[0].rstrip('/')}/" if join.get("On") == "/" else parts[0]
        return ""
    return value if isinstance(value, str) else ""


class Verb(NamedTuple):
    """A verb of a requirement: the test, what is required in words, and the fix."""

    holds: Callable[[Any, Any], bool]
    required: str
    fix: str


# {words} is the operand as a person knows it, {values} its values.
VERBS = {
    "equal": Verb(_equals, "{values}", "write {values}, or leave the field out"),
    "be": Verb(_equals, "{words} of the environment: {values}", "write it, or leave the field out"),
    "among": Verb(_among, "among {words} of the environment: {values}", "use these, or leave the field out"),
    "lie_in": Verb(_lies_in, "in {words} of the environment: {values}", "use an address in one of them"),
    "come_from": Verb(_comes_from, "an image of {words} of the environment", "use one from: {values}"),
    "carry": Verb(_carries, "the tags {values}", "write these values, or leave the tags out"),
    "at_least": Verb(lambda v, o: _is_number(v) and v >= o, "at least {values}", "write {values} or more"),
    "at_most": Verb(lambda v, o: _is_number(v) and v <= o, "at most {values}", "write {values} or less"),
    "match": Verb(
        lambda v, o: isinstance(v, str) and re.fullmatch(o, v) is not None,
        "of the form {values}",
        "write a value of that form",
    ),
    "absent": Verb(lambda v, o: False, "left out", "leave the field out"),
    "refused": Verb(lambda v, o: False, "not called", "{words}"),
}  # fmt: skip


class Plan:
    """The controls as they apply to one environment, made ready to be held against requests."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.environment: str = content["environment"]
        self._rows: Mapping[str, list[Row]] = {
            operation: [_row(each) for each in rows]
            for operation, rows in content["operations"].items()
        }
        self._patterns = [name for name in self._rows if name.endswith("*")]
        self._exceptions: Mapping[str, Sequence[str]] = content["exceptions"]
        self._embedded: Mapping[str, list[Mapping[str, str]]] = content["embedded"]
        self._steps: Mapping[str, str] = content["pipeline_steps"]
        self._known: dict[str, tuple[Row, ...]] = {}

    def rows(self, operation: str) -> tuple[Row, ...]:
        """The requirements on an operation; none where no control covers it."""
        known = self._known.get(operation)
        if known is None:
            names = [name for name in self._patterns if fnmatchcase(operation, name)]
            rows = [row for name in (operation, *names) for row in self._rows.get(name, ())]
            known = self._known[operation] = tuple(rows)
        return known

    def check(self, operation: str, request: Mapping[str, Any], *, fill: bool = False) -> Result:
        """Holds a request against every control; with `fill`, missing values are filled in.

        `operation` is SageMaker's by its name, or another service's as `s3.PutObject`. What the
        caller handed over is never changed: `Result.request` is a copy where it was filled.
        """
        result = Result(request)
        filling = _Filling(request) if fill else None
        for row in self.rows(operation):
            self._hold(row, operation, request, result, filling)
        for inner in self._embedded.get(operation, ()):
            self._look_inside(inner, request, result, filling)
        if filling:
            result.request = filling.request
        return result

    def _hold(
        self,
        row: Row,
        operation: str,
        request: Mapping[str, Any],
        result: Result,
        filling: "_Filling | None",
    ) -> None:
        if row.verb == "refused":
            self._note(row, (), MISSING, operation, request, result)
            return
        for place, value in _places(request, row.path):
            if value is not MISSING and VERBS[row.verb].holds(value, row.operand):
                continue
            if value is MISSING and row.missing == "leave":
                continue
            if row.unless and _applies_not(row, request):
                return
            replacement = _replacement(row, value)
            if replacement is MISSING:
                self._note(row, place, value, operation, request, result)
            elif not filling:
                self._note(row, place, MISSING, operation, request, result)
            elif not self._is_excepted(row, operation, request):
                filling.set(place, replacement)
                result.filled.append(_written(place))
            else:
                self._note(row, place, MISSING, operation, request, result)

    def _note(
        self,
        row: Row,
        place: Place,
        value: Any,
        operation: str,
        request: Mapping[str, Any],
        result: Result,
    ) -> None:
        found = _violation(row, place, value, operation)
        excepted = self._is_excepted(row, operation, request)
        (result.excepted if excepted else result.violations).append(found)

    def _is_excepted(self, row: Row, operation: str, request: Mapping[str, Any]) -> bool:
        patterns = self._exceptions.get(row.control)
        if not patterns:
            return False
        name = resource_name(operation, request)
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    def _look_inside(
        self,
        inner: Mapping[str, str],
        request: Mapping[str, Any],
        result: Result,
        filling: "_Filling | None",
    ) -> None:
        """Checks the requests in a field that holds them as JSON text."""
        path = inner["path"]
        text = request.get(path)
        if text is MISSING:
            return
        try:
            content = json.loads(text)
            if not isinstance(content, dict):
                raise ValueError("it is no structure")
        except (TypeError, ValueError) as error:
            row = Row(inner["control"], "high", (), "match", "", "", "leave", (), None)
            found = _violation(row, (path,), str(text), "")
            said = found._replace(required="JSON that can be read", fix=f"mend it: {error}")
            result.violations.append(said)
            return
        found_inside = (
            [(inner["request"], content, "")]
            if inner["format"] == "request"
            else list(_pipeline_requests(content, self._steps))
        )
        changed = False
        for operation, arguments, where in found_inside:
            within = self.check(operation, arguments, fill=filling is not None)
            changed |= bool(within.filled)
            prefix = f"{path}: {where}"
            result.violations += [v._replace(field=prefix + v.field) for v in within.violations]
            result.excepted += [v._replace(field=prefix + v.field) for v in within.excepted]
            result.filled += [prefix + name for name in within.filled]
            if within.filled:
                arguments.clear()
                arguments.update(within.request)
        if filling and changed:
            filling.set((path,), json.dumps(content))


def compile(content: Mapping[str, Any]) -> Plan:
    """The plan that `catalogue.plan` wrote, ready for use."""
    return Plan(content)


def resource_name(operation: str, request: Mapping[str, Any]) -> str:
    """The name of what a request makes or changes; empty where it has none.

    It is the member called like the operation, `TrainingJobName` of `CreateTrainingJob`, or else
    the first whose name ends with Name; of S3 it is the bucket and the key.
    """
    if operation.startswith("s3."):
        return "/".join(str(request[k]) for k in ("Bucket", "Key") if k in request)
    stem = re.sub(r"^([a-z]+\.)?(Create|Update|Put|Start)|V2$", "", operation)
    names = [f"{stem}Name", *(key for key in request if key.endswith("Name"))]
    return next((v for name in names if isinstance(v := request.get(name), str)), "")


def parse(path: str) -> tuple[Step, ...]:
    """`A?.B[].C` as steps: of A only where it is there, of B every element."""
    if path == ".":
        return ()
    return tuple(
        Step(part.rstrip("?").removesuffix("[]"), "[]" in part, part.endswith("?"))
        for part in path.split(".")
    )


def _row(row: Mapping[str, Any]) -> Row:
    unless = row.get("unless")
    return Row(
        control=row["control"],
        severity=row["severity"],
        path=parse(row["path"]),
        verb=row["verb"],
        operand=row["operand"],
        words=row["words"],
        missing=row["missing"],
        unless_paths=tuple(parse(path) for path in unless["paths"]) if unless else (),
        unless=re.compile(unless["matches"]) if unless else None,
    )


# --- walking ---


def _places(request: Mapping[str, Any], path: Sequence[Step]) -> Iterator[tuple[Place, Any]]:
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
            for place, found in _places(element, rest):
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


def _applies_not(row: Row, request: Mapping[str, Any]) -> bool:
    pattern = row.unless
    return pattern is not None and any(
        isinstance(value, str) and pattern.fullmatch(value)
        for path in row.unless_paths
        for _, value in _places(request, path)
    )


# --- filling ---


def _replacement(row: Row, value: Any) -> Any:
    """What is filled in at a place, or MISSING where only the caller can say it."""
    if row.missing != "fill":
        return MISSING
    if row.verb == "carry" and (value is MISSING or isinstance(value, list | tuple)):
        if _wrong_tags(value, row.operand):
            return MISSING
        lacking = [{"Key": k, "Value": row.operand[k]} for k in _lacking_tags(value, row.operand)]
        return [*(value or ()), *lacking]
    if value is not MISSING:
        return MISSING
    if row.verb == "among":
        # A member whose name is in the plural is a list; tests hold that to AWS's model.
        return list(row.operand) if row.path[-1].name.endswith("s") else row.operand[0]
    return row.operand if row.verb in ("equal", "be", "at_least") else MISSING


class _Filling:
    """A request that is being filled: what is changed is a copy, what is not is the caller's."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.request: Any = request
        self._own: dict[int, Any] = {}  # by identity; the values keep the copies alive

    def set(self, place: Place, value: Any) -> None:
        """Writes a value at a place, and makes the structures on the way that are not there."""
        self.request = self._copy(self.request)
        holder = self.request
        for part in place[:-1]:
            inner = holder[part] if isinstance(part, int) else holder.get(part)
            holder[part] = inner = self._copy({} if inner is None else inner)
            holder = inner
        holder[place[-1]] = value

    def _copy(self, value: Any) -> Any:
        if id(value) in self._own:
            return value
        copy = dict(value) if isinstance(value, Mapping) else list(value)
        self._own[id(copy)] = copy
        return copy


# --- requests inside requests ---


def _pipeline_requests(
    definition: Any, steps: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every request in a pipeline's definition: its operation, its arguments, and where it is."""
    for step in definition.get("Steps") or ():
        if not isinstance(step, dict):
            continue
        name = step.get("Name", "")
        arguments = step.get("Arguments")
        if isinstance(arguments, dict):
            operation = steps.get(str(step.get("Type")))
            if operation:
                yield operation, arguments, f"step {name}: "
            for branch in ("IfSteps", "ElseSteps"):
                yield from _pipeline_requests({"Steps": arguments.get(branch)}, steps)


# --- words ---


def _violation(row: Row, place: Place, value: Any, operation: str) -> Violation:
    verb = VERBS[row.verb]
    words = {"words": row.words, "values": _listed(row.operand)}
    fix = verb.fix.format(**words)
    if isinstance(value, Mapping) and any(key in value for key in EXPRESSIONS):
        fix = "write the value itself: an expression is known only when the pipeline runs"
    if row.verb == "carry" and value is not MISSING:
        wrong = _wrong_tags(value, row.operand) or _lacking_tags(value, row.operand)
        words["values"] = _listed({key: row.operand[key] for key in wrong})
        value = ", ".join(f"{k}={v}" for k, v in _tags(value).items() if k in wrong)
    return Violation(
        control=row.control,
        field=_written(place) or operation,
        value="" if value is MISSING else _shown(value),
        required=verb.required.format(**words),
        fix=fix,
        severity=row.severity,
        missing=value is MISSING,
    )


def _listed(operand: Any) -> str:
    if isinstance(operand, Mapping):
        return ", ".join(f"{key}={value}" for key, value in operand.items())
    if isinstance(operand, list | tuple):
        return ", ".join(map(str, operand))
    return json.dumps(operand) if isinstance(operand, bool) else str(operand)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _written(place: Place) -> str:
    """A place as JMESPath: `A.B[0].C`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text

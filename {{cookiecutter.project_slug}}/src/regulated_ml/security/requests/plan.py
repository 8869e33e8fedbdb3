"""The controls as they apply to one environment, made ready to be held against requests."""

import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from regulated_ml.security.requests.embedded import Embedded, Inner, inside, read
from regulated_ml.security.requests.filling import Filling, replacement
from regulated_ml.security.requests.findings import Result, Row, resource_name, violation
from regulated_ml.security.requests.verbs import VERBS, wrong_tags
from regulated_ml.security.requests.walking import MISSING, Place, parse, places, written


def compile(content: Mapping[str, Any]) -> "Plan":
    """The plan that `catalogue.plan` wrote, ready for use."""
    return Plan(content)


class Plan:
    """The requirements of every operation, and the exceptions in force."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.environment: str = content["environment"]
        self._rows: Mapping[str, list[Row]] = {
            operation: [_row(each) for each in rows]
            for operation, rows in content["operations"].items()
        }
        self._patterns = [name for name in self._rows if name.endswith("*")]
        self._exceptions: Mapping[str, Sequence[str]] = content["exceptions"]
        self._embedded: Mapping[str, list[Embedded]] = {
            operation: [Embedded(**each) for each in fields]
            for operation, fields in content["embedded"].items()
        }
        self._steps: Mapping[str, str] = content["pipeline_steps"]
        self._known: dict[str, tuple[Row, ...]] = {}

    def covers(self, operation: str) -> bool:
        """Whether there is anything to look at in a request of this operation."""
        return bool(self.rows(operation)) or operation in self._embedded

    def rows(self, operation: str) -> tuple[Row, ...]:
        """The requirements on an operation; none where no control covers it."""
        known = self._known.get(operation)
        if known is None:
            rows = list(self._rows.get(operation, ()))
            own = {(row.control, row.verb) for row in rows}
            for name in self._patterns:
                if fnmatchcase(operation, name):
                    rows += [
                        row
                        for row in self._rows[name]
                        if (row.control, row.verb) not in own
                        and not _is_among(operation, row.not_for)
                    ]
            # What asks for a part that may lack comes after what may make that part.
            rows.sort(key=lambda row: row.path.last_optional)
            known = self._known[operation] = tuple(rows)
        return known

    def check(self, operation: str, request: dict[str, Any], *, fill: bool = False) -> Result:
        """Holds a request against every control; with `fill`, missing values are filled in.

        `operation` is SageMaker's by its name, or another service's as `s3.PutObject`. What the
        caller handed over is never changed: `Result.request` is a copy where it was filled.
        """
        result = Result(request)
        filling = Filling(request) if fill else None
        excepted = self._excepted(operation, request)
        for row in self.rows(operation):
            _hold(row, operation, request, result, filling, row.control in excepted)
        for field in self._embedded.get(operation, ()):
            self._look_inside(field, request, result, filling)
        if filling:
            result.request = filling.request
        return result

    def _excepted(self, operation: str, request: dict[str, Any]) -> Sequence[str]:
        """The controls that an exception lifts for the resource that the request names."""
        if not self._exceptions:
            return ()
        name = resource_name(operation, request)
        return [
            control
            for control, patterns in self._exceptions.items()
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        ]

    def _look_inside(
        self,
        field: Embedded,
        request: dict[str, Any],
        result: Result,
        filling: Filling | None,
    ) -> None:
        """Checks the requests in a field that holds them as JSON text."""
        text = request.get(field.path)
        if text is MISSING:
            return
        try:
            content = read(text)
        except ValueError as error:
            fix = f"mend it: {error}"
            result.violations.append(field.violation(str(text), "JSON that can be read", fix))
            return
        before = len(result.filled)
        for found in inside(field, content, self._steps):
            if not isinstance(found, Inner):
                result.violations.append(found)
                continue
            within = self.check(found.operation, found.arguments, fill=filling is not None)
            result.add_within(within, f"{field.path}: {found.where}")
            if within.filled:
                filled = dict(within.request)
                found.arguments.clear()
                found.arguments.update(filled)
        if filling and len(result.filled) > before:
            filling.set((field.path,), json.dumps(content))


def _is_among(operation: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(operation, pattern) for pattern in patterns)


def _hold(
    row: Row,
    operation: str,
    request: dict[str, Any],
    result: Result,
    filling: Filling | None,
    excepted: bool,
) -> None:
    """Holds a request against one requirement."""
    noted = result.excepted if excepted else result.violations
    if row.verb == "refused":
        noted.append(violation(row, (), "", operation))
        return
    for place, value in places(filling.request if filling else request, row.path):
        if value is MISSING:
            if row.missing == "leave":
                continue
        elif VERBS[row.verb].holds(value, row.operand):
            continue
        if row.unless and _lacks(row, value) and _applies_not(row, request, place):
            continue
        filled = replacement(row, value)
        if filled is not MISSING and filling and not excepted:
            filling.set(place, filled)
            result.filled.append(written(place))
        else:
            noted.append(violation(row, place, value, operation))


def _lacks(row: Row, value: Any) -> bool:
    """Whether something is missing rather than wrong; only then does `unless` lift anything."""
    return value is MISSING or (row.verb == "carry" and not wrong_tags(value, row.operand))


def _applies_not(row: Row, request: dict[str, Any], place: Place) -> bool:
    """Whether a value that lifts the requirement stands where its paths lead."""
    pattern = row.unless
    holder: Any = request
    for part in place[:-1]:
        if isinstance(part, str):
            holder = holder.get(part) if isinstance(holder, dict) else None
        else:
            holder = holder[part]
    beside = holder if isinstance(holder, dict) else {}
    looked_at = [
        *(found for path in row.unless_paths for _, found in places(request, path)),
        *(found for path in row.unless_beside for _, found in places(beside, path)),
    ]
    looked_at = [value for value in looked_at if value is not MISSING]
    # One that does not match keeps the requirement for all: of several instances, for example.
    return (
        pattern is not None
        and bool(looked_at)
        and all(
            isinstance(value, str) and pattern.fullmatch(value) is not None for value in looked_at
        )
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
        unless_paths=tuple(map(parse, unless["paths"])) if unless else (),
        unless_beside=tuple(map(parse, unless["beside"])) if unless else (),
        unless=re.compile(unless["matches"]) if unless else None,
        not_for=tuple(row.get("not_for", ())),
    )

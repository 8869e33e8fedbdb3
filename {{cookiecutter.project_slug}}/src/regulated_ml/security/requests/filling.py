"""Fills in what a request lacks, in a copy: what the caller handed over is never changed."""

from collections.abc import Mapping
from typing import Any

from regulated_ml.security.requests.findings import Row
from regulated_ml.security.requests.verbs import lacking_tags, wrong_tags
from regulated_ml.security.requests.walking import MISSING, Place


def replacement(row: Row, value: Any) -> Any:
    """What is filled in at a place, or MISSING where only the caller can say it."""
    if row.missing != "fill":
        return MISSING
    if row.verb == "carry" and (value is MISSING or isinstance(value, list | tuple)):
        if wrong_tags(value, row.operand):
            return MISSING
        lacking = [{"Key": k, "Value": row.operand[k]} for k in lacking_tags(value, row.operand)]
        return [*(value or ()), *lacking]
    if value is not MISSING:
        return MISSING
    if row.verb == "among":
        # A member whose name is in the plural is a list; tests hold that to AWS's model.
        return list(row.operand) if row.path.names[-1].endswith("s") else row.operand[0]
    return row.operand if row.verb in ("equal", "be", "at_least") else MISSING


class Filling:
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
            holder[part] = inner = self._copy(inner or {})
            holder = inner
        holder[place[-1]] = value

    def _copy(self, value: Any) -> Any:
        if id(value) in self._own:
            return value
        copy = dict(value) if isinstance(value, Mapping) else list(value)
        self._own[id(copy)] = copy
        return copy

"""From an event of CloudTrail to the request that was made, with the names that AWS's model has.

CloudTrail writes the names of members with a small first letter, and hides or leaves out values
that are secret or too long. `names.json`, made from botocore's model when the function is packaged,
has the names; botocore itself in Lambda may be older than the operation.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
SOURCE = "sagemaker.amazonaws.com"


class Made(NamedTuple):
    """What somebody asked AWS for, and got."""

    operation: str
    request: dict[str, Any]
    answer: dict[str, Any]
    caller: str  # ARN of the role or user
    event: str  # the event's id
    is_whole: bool  # whether CloudTrail has the request


def unpacked(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    """The event in the queue's message, and how many times it has come now.

    An event without a message around it is one that a person hands to the function.
    """
    records = event.get("Records")
    if not records:
        return event, 1
    (record,) = records  # the template asks for one at a time
    return json.loads(record["body"]), int(record["attributes"]["ApproximateReceiveCount"])


def read(event: Mapping[str, Any], names: Mapping[str, Any]) -> Made | None:
    """What the event of EventBridge says was made, or None where nothing of interest was."""
    detail = event.get("detail") or {}
    operation = detail.get("eventName", "")
    shapes = names["operations"].get(operation)
    if detail.get("eventSource") != SOURCE or shapes is None or detail.get("errorCode"):
        return None  # another service, nothing that a control covers, or nothing was made
    parameters = detail.get("requestParameters")
    is_whole = isinstance(parameters, dict) and not parameters.get("omitted")
    request, answer = (
        _named(value, shape, names["shapes"])
        for value, shape in (
            (parameters if is_whole else {}, shapes["input"]),
            (detail.get("responseElements") or {}, shapes["output"]),
        )
    )
    return Made(operation, request, answer, _caller(detail), detail.get("eventID", ""), is_whole)


def _named(value: Any, shape: str, shapes: Mapping[str, Any]) -> Any:
    """A value with the model's names in it; what the model does not know keeps its own."""
    known = shapes.get(shape)
    if known is None:
        return value
    if "each" in known and isinstance(value, list):
        return [_named(each, known["each"], shapes) for each in value]
    if "values" in known and isinstance(value, dict):  # the keys of a map are the caller's
        return {key: _named(each, known["values"], shapes) for key, each in value.items()}
    if "members" in known and isinstance(value, dict):
        members = known["members"]
        found = {}
        for key, each in value.items():
            name, inner = members.get(key.lower(), (key, ""))
            found[name] = _named(each, inner, shapes)
        return found
    return value


def _caller(detail: Mapping[str, Any]) -> str:
    """The role behind a session, or whoever it was."""
    identity = detail.get("userIdentity") or {}
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    return issuer.get("arn") or identity.get("arn") or identity.get("invokedBy") or ""

"""The function itself: one event of EventBridge in, what was found and done out.

The events come through a queue, one in a message.

An event that comes twice does no harm: what is stopped or gone already counts as done. What cannot
be stopped yet, because it is still coming up, is told and then raises: the queue in front of the
function gives the event again every few minutes, and at last keeps it among the failures, for which
there is an alarm.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from regulated_ml.security.detective import answers, events, parts
from regulated_ml.security.detective.events import Made
from regulated_ml.security.detective.reactions import REACTIONS, REPORTED, SEVERITIES
from regulated_ml.security.requests import Plan, Violation, compile, resource_name
from regulated_ml.security.requests.belonging import belonging

HERE = Path(__file__).parent
TAG = "rml-violations"


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls. Returns the finding, empty where there is none."""
    content, attempt = events.unpacked(event)
    made = events.read(content, _content("names"))
    if made is None:
        return {}
    time = str((content.get("detail") or {}).get("eventTime", ""))
    violations, is_gone = _violations(made, time, attempt)
    project = _content("project")
    if not (violations or is_gone or not made.is_whole) or not _is_ours(made, project):
        return {}
    severe = is_gone or any(each.severity in SEVERITIES for each in violations)
    finding = _finding(made, violations, is_gone)
    finding["done"], failure = (
        _react(made) if severe else ("reported: its severity stops nothing", None)
    )
    if attempt == 1 or failure is None:  # people hear of it at once, and when it has ended
        _report(finding, project)
    if failure is not None:
        raise failure
    if violations and finding["done"].startswith("Stop"):
        _tag(made, violations)
    return finding


def _violations(made: Made, time: str, attempt: int) -> tuple[list[Violation], bool]:
    """What breaks a control in the request and in its parts, and whether a part is gone."""
    plan, is_gone = _plan(), False
    found = list(plan.check(made.operation, made.request).violations) if made.is_whole else []
    for part in parts.of(made.operation, made.request, _client("sagemaker")):
        if part.request is None:
            # What comes again was found, or not decided, while it was fresh.
            is_gone |= attempt > 1 or (bool(time) and parts.is_fresh(time))
            continue
        inner = plan.check(part.operation, part.request).violations
        # Tags are not described with a part; its own event has them.
        found += [
            each._replace(field=f"{part.name}: {each.field}")
            for each in inner
            if each.severity in SEVERITIES
        ]
    # The whole value: a text that has the marker in it somewhere is the caller's own.
    return [each for each in found if each.value != events.HIDDEN], is_gone


def _is_ours(made: Made, project: Mapping[str, Any]) -> bool:
    """Whether it is this environment's, or was made by one of its roles.

    An account may have other projects and environments, with functions of their own.
    """
    name = resource_name(made.operation, made.request)
    own = {"project": project["slug"], "environment": project["environment"]}
    tags = made.request.get("Tags")  # what CloudTrail hides is no list, and names nobody
    return made.caller in project["roles"] or bool(
        belonging(name, tags, made.request, own, project["roles"])
    )


def _react(made: Made) -> tuple[str, Exception | None]:
    """Stops or deletes what was made; says what was done, and why it could not be."""
    from botocore.exceptions import ClientError

    reaction = REACTIONS.get(made.operation)
    if reaction is None:
        return f"reported: {REPORTED.get(made.operation, 'there is no reaction to it')}", None
    known = {**made.request, **made.answer}
    parameters = {
        name: known[member] for name, member in reaction.parameters.items() if member in known
    }
    call = getattr(_client("sagemaker"), _method(reaction.call))
    try:
        call(**parameters)
    except ClientError as error:
        if not answers.is_done(error, map(str, parameters.values())):
            return f"could not be stopped yet: {error}", error
        return f"{reaction.call}: done already", None
    return reaction.call, None


def _tag(made: Made, violations: list[Violation]) -> None:
    """Marks what was stopped with the controls that it broke."""
    from botocore.exceptions import ClientError

    arn = next((v for k, v in made.answer.items() if k.endswith("Arn") and isinstance(v, str)), "")
    controls = " ".join(dict.fromkeys(each.control for each in violations))
    if not arn:
        return
    try:
        _client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": TAG, "Value": controls[:256]}])
    except ClientError as error:
        if not answers.is_gone(error, (arn,)):
            raise


def _finding(made: Made, violations: list[Violation], is_gone: bool) -> dict[str, Any]:
    finding: dict[str, Any] = {
        "event": made.event,
        "operation": made.operation,
        "name": resource_name(made.operation, made.request),
        "caller": made.caller,
        "violations": [each._asdict() for each in violations],
    }
    if is_gone:
        finding["note"] = "its configuration or a model of it was deleted for a violation"
    if not made.is_whole:
        finding["note"] = "CloudTrail left the request out: hold it against the controls by hand"
    return finding


def _report(finding: dict[str, Any], project: Mapping[str, Any]) -> None:
    """A line in the log, a metric, and a message to whoever subscribed."""
    print(json.dumps({"finding": finding, "project": project["slug"]}))
    _client("cloudwatch").put_metric_data(
        Namespace=project["namespace"],
        MetricData=[{"MetricName": "Findings", "Value": 1, "Unit": "Count"}],
    )
    _client("sns").publish(
        TopicArn=project["topic"],
        Subject=f"{project['slug']} {project['environment']}: {finding['operation']}"[:100],
        Message=json.dumps(finding, indent=2),
    )


def _method(operation: str) -> str:
    """The name of an operation as a method of boto3's client."""
    from botocore import xform_name

    return str(xform_name(operation))


@cache
def _content(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def _plan() -> Plan:
    return compile(_content("plan"))


@cache
def _client(service: str) -> Any:
    import boto3

    return boto3.client(service, region_name=_content("project")["region"])

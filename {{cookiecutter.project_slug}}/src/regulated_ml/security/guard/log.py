"""What the guard refused, and which exceptions it let pass: JSON lines, and CloudWatch.

A line is written beside the code first, so that none is lost; what CloudWatch has not taken yet is
sent with the next one. The log group is made by the infrastructure; the guard makes its stream.
"""

import json
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from regulated_ml.errors import UserError
from regulated_ml.identifiers import visible
from regulated_ml.security.requests import Result, Violation, resource_name
from regulated_ml.settings import LOCAL

FOLDER = "logs"
TRY_AGAIN = 60.0  # seconds after CloudWatch did not take a line
_failed: dict[str, float] = {}  # environment -> when
LINES_A_CALL = 1000  # CloudWatch takes 10,000 events and 1 MB


def path(root: Path, environment: str) -> Path:
    """The log of an environment."""
    return root / FOLDER / f"guard-{environment}.jsonl"


def group(slug: str) -> str:
    """The log group of a project."""
    return f"/regulated-ml/{slug}/guard"


def write(root: Path, environment: str, operation: str, params: Any, result: Result) -> None:
    """Logs what a request was found to be; a log that cannot be written is said on stderr."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "outcome": "refused" if result.violations else "excepted",
        "environment": environment,
        "operation": operation,
        "name": visible(resource_name(operation, params), limit=256),
        "user": os.environ.get("USER", ""),
        "process": os.getpid(),
        "violations": [_shown(violation) for violation in result.violations],
        "excepted": [_shown(violation) for violation in result.excepted],
    }
    log = path(root, environment)
    try:
        log.parent.mkdir(exist_ok=True)
        # One write of a whole line: lines of several processes do not mix.
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        print(f"regulated_ml: the guard's log is not written: {error}", file=sys.stderr)
        return
    if environment != LOCAL:
        deliver(root, environment)


def _shown(violation: Violation) -> dict[str, Any]:
    return {**violation._asdict(), "value": visible(violation.value, limit=256)}


def deliver(root: Path, environment: str) -> str:
    """Sends what CloudWatch does not have yet; says in words why it could not, or nothing."""
    log, mark = path(root, environment), path(root, environment).with_suffix(".sent")
    try:
        sent = int(mark.read_text()) if mark.is_file() else 0
        with log.open("rb") as file:
            file.seek(sent)
            lines = file.readlines()[:LINES_A_CALL]
    except (OSError, ValueError) as error:
        return f"the log cannot be read: {error}"
    if not lines:
        return ""
    since = time.monotonic() - _failed.get(environment, -TRY_AGAIN)
    if since < TRY_AGAIN:
        return "CloudWatch did not take it a moment ago"
    try:
        _send(root, environment, [line.decode() for line in lines])
    except Exception as error:
        # Whatever is in the way of the log must not hide the refusal that it is about.
        _failed[environment] = time.monotonic()
        return f"CloudWatch does not take it: {error}"
    with suppress(OSError):
        mark.write_text(str(sent + sum(map(len, lines))))
    return ""


def _send(root: Path, environment: str, lines: list[str]) -> None:
    logs, place = _stream(root, environment)
    timed = sorted((_milliseconds(json.loads(line)["time"]), line.rstrip("\n")) for line in lines)
    events = [{"timestamp": moment, "message": message} for moment, message in timed]
    logs.put_log_events(**place, logEvents=events)


@cache
def _stream(root: Path, environment: str) -> tuple[Any, dict[str, str]]:
    """A client, and the log group and stream of an environment; made once in a process."""
    import boto3
    from botocore.config import Config

    from regulated_ml.settings import load

    settings = load(root, environment)
    if settings.platform is None:
        raise UserError.one("environment", environment, "no account", "choose another")
    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
    logs = boto3.Session(region_name=settings.platform.aws_region).client("logs", config=config)
    place = {"logGroupName": group(settings.project.project_slug), "logStreamName": environment}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(**place)
    return logs, place


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)

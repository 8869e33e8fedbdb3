"""What the guard refused, and which exceptions it let pass: JSON lines, and CloudWatch.

A line is written beside the code first, so that none is lost; what CloudWatch has not taken yet is
sent with the next one. The log group is made by the infrastructure; the guard makes its stream.
"""

import getpass
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from regulated_ml.errors import UserError
from regulated_ml.files import write_text
from regulated_ml.identifiers import visible
from regulated_ml.security.requests import Result, Violation, resource_name
from regulated_ml.settings import LOCAL

FOLDER = "logs"
TRY_AGAIN = 60.0  # seconds after CloudWatch did not take a line
_failed: dict[str, float] = {}  # environment -> when
BYTES_A_CALL = 500_000  # CloudWatch takes 1 MB, 10,000 lines and one day
BYTES_A_LINE = 100  # what it adds to each, and more


def path(root: Path, environment: str) -> Path:
    """The log of an environment."""
    return root / FOLDER / f"guard-{environment}.jsonl"


def group(slug: str, environment: str) -> str:
    """The log group of a project's environment."""
    return f"/regulated-ml/{slug}/{environment}/guard"


def write(root: Path, environment: str, operation: str, params: Any, result: Result) -> None:
    """Logs what a request was found to be; a log that cannot be written is said on stderr."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "outcome": "refused" if result.violations else "excepted",
        "environment": environment,
        "operation": operation,
        "name": visible(resource_name(operation, params), limit=256),
        "user": _user(),
        "process": os.getpid(),
        "violations": [_shown(violation) for violation in result.violations],
        "excepted": [_shown(violation) for violation in result.excepted],
    }
    log = path(root, environment)
    try:
        log.parent.mkdir(exist_ok=True)
        # One write of a whole line: lines of several processes do not mix.
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=True) + "\n")
    except OSError as error:
        print(f"regulated_ml: the guard's log is not written: {error}", file=sys.stderr)
        return
    if environment != LOCAL:
        deliver(root, environment)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid {os.getuid()}"


def _shown(violation: Violation) -> dict[str, Any]:
    shown = violation._asdict()
    return {name: visible(v, limit=256) if isinstance(v, str) else v for name, v in shown.items()}


def deliver(root: Path, environment: str) -> str:
    """Sends what CloudWatch does not have yet; says in words why it could not, or nothing."""
    log, mark = path(root, environment), path(root, environment).with_suffix(".sent")
    if not log.is_file():
        return ""
    since = time.monotonic() - _failed.get(environment, -TRY_AGAIN)
    if since < TRY_AGAIN:
        return "CloudWatch did not take it a moment ago"
    try:
        for lines, end in _batches(log, _sent(mark, log)):
            _send(root, environment, lines)
            write_text(mark, str(end))
    except Exception as error:
        # Whatever is in the way of the log must not hide the refusal that it is about.
        _failed[environment] = time.monotonic()
        return f"CloudWatch does not take it: {error}"
    return ""


def _sent(mark: Path, log: Path) -> int:
    """How many bytes CloudWatch has; of a log that was begun anew, none."""
    text = mark.read_text(encoding="utf-8") if mark.is_file() else ""
    sent = int(text) if text.isdecimal() else 0
    return sent if sent <= log.stat().st_size else 0


def _batches(log: Path, sent: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """What one call may carry: lines of one day, within a size; and where in the log they end."""
    lines: list[dict[str, Any]] = []
    size = 0
    with log.open("rb") as file:
        file.seek(sent)
        while raw := file.readline():
            line = _line(raw)
            is_next_day = bool(lines) and line["time"][:10] != lines[0]["time"][:10]
            if lines and (is_next_day or size + len(raw) > BYTES_A_CALL):
                yield lines, file.tell() - len(raw)
                lines, size = [], 0
            lines.append(line)
            size += len(raw) + BYTES_A_LINE
        if lines:
            yield lines, file.tell()


def _line(raw: bytes) -> dict[str, Any]:
    """A line as it stands; of one that is damaged, its text and that it is."""
    try:
        line = json.loads(raw)
        datetime.fromisoformat(line["time"])
    except (ValueError, TypeError, KeyError):
        text = visible(raw.decode(errors="replace"), limit=2000)
        return {"time": datetime.now(UTC).isoformat(), "outcome": "unreadable", "text": text}
    return dict(line)


def _send(root: Path, environment: str, lines: list[dict[str, Any]]) -> None:
    logs, place = _stream(root, environment)
    timed = sorted((_milliseconds(line["time"]), json.dumps(line)) for line in lines)
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
    name = group(settings.project.project_slug, environment)
    place = {"logGroupName": name, "logStreamName": environment}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(**place)
    return logs, place


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)

"""Tells of alerts: a line of the log, and the command that config/model.yaml names."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from regulated_ml.settings import Settings

LOG = "logs/monitor.jsonl"  # below the repository's root
PATIENCE = 60  # seconds that the command is given


def tell(settings: Settings, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tells of each alert; gives a sentence for each that the command did not take.

    The command is never run by a shell. It gets the alert as JSON on its standard input.
    """
    log = settings.root / LOG
    failures = []
    for alert in found:
        log.parent.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"time": now, **alert}, ensure_ascii=False) + "\n")
        if settings.model.monitoring.alert_command and (why := _run(settings, alert)):
            failures.append(f"the alert command was not told of {alert['title']!r}: {why}")
    return failures


def _run(settings: Settings, alert: Mapping[str, Any]) -> str:
    """Why the command failed; empty where it did not."""
    try:
        done = subprocess.run(
            settings.model.monitoring.alert_command,
            input=json.dumps(alert),
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            cwd=settings.root,
        )
    except FileNotFoundError as error:
        return f"there is no program {error.filename}"
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"it did not end within {PATIENCE} seconds"
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        return f"it ended with {done.returncode}{': ' if last else ''}{last}"
    return ""

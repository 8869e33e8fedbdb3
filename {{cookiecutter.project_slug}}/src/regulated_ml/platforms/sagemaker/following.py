"""Waits for a job's end: its status, its log, and what AWS answers when it is asked too often."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any, TypeVar

from regulated_ml.platforms.interface import Kind, RemoteJob, Report, Tell, report_progress
from regulated_ml.platforms.sagemaker.describing import APIS
from regulated_ml.security.clients import ANSWERS

PAUSES = (1, 1, 2, 3)  # seconds between two looks at a job; then the last one
LAST_PAUSE = 5
PATIENCE = (1, 2, 4, 8, 16, 32, 60, 60, 60, 60)  # seconds to wait when AWS throttles, or is away
LAST_LINES = 3  # seconds that CloudWatch may need for the last lines of a job that failed
Answer = TypeVar("Answer")


def follow(
    describe: Callable[[], RemoteJob | None],
    lines: "LogLines",
    log: Path,
    report: Report,
    tell: Tell,
) -> RemoteJob | None:
    """Looks at a job again and again; returns it as it is in the end, None where there is none.

    Lines of the log go to `log` and are told, those of progress are reported.
    """
    told, patiently = 0, Patience(tell)
    report(0, None, "waiting for the job")
    with log.open("w", encoding="utf-8") as file:

        def copy() -> None:
            for line in lines.new(patiently):
                file.write(f"{line}\n")
                if not report_progress(line, report):
                    tell(line)

        pauses = chain(PAUSES, repeat(LAST_PAUSE))
        while True:
            job = patiently(describe)
            if job is None:
                return None
            history = job.history or (job.status,)
            for change in history[told:]:
                tell(f"{job.name} {change}")
            told = len(history)
            copy()
            if job.status == "Failed":
                time.sleep(LAST_LINES)
                copy()
            if not job.runs:
                return job
            time.sleep(next(pauses))


@dataclass
class LogLines:
    """The lines of a job's streams in CloudWatch."""

    client: Any
    kind: Kind
    name: str
    _tokens: dict[str, str] = field(default_factory=dict)  # where to go on, by stream

    def new(self, patiently: "Patience") -> Iterator[str]:
        """The lines that were not given yet, stream by stream."""
        group = APIS[self.kind].log_group
        for stream in patiently(lambda: self._streams(group)):
            while True:
                place = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
                if token := self._tokens.get(stream):
                    place["nextToken"] = token
                page = patiently(partial(self.client.get_log_events, **place))
                self._tokens[stream] = page["nextForwardToken"]
                yield from (event["message"].rstrip("\n") for event in page["events"])
                if not page["events"]:
                    break

    def _streams(self, group: str) -> list[str]:
        from botocore.exceptions import ClientError

        try:
            answer = self.client.describe_log_streams(
                logGroupName=group, logStreamNamePrefix=f"{self.name}/"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []  # nothing has been logged by any job of the account
            raise
        return [stream["logStreamName"] for stream in answer["logStreams"]]


@dataclass(frozen=True)
class Patience:
    """Calls AWS again while it throttles or is not reached; within reason."""

    tell: Tell

    def __call__(self, call: Callable[[], Answer]) -> Answer:
        """The answer to the call, in the end."""
        import botocore.exceptions as raised

        for pause in PATIENCE:
            try:
                return call()
            except raised.ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if ANSWERS.get(code) is not ANSWERS["Throttling"]:
                    raise
                why = "AWS throttles the requests of this account"
            except (raised.ConnectionError, raised.HTTPClientError):
                why = "AWS is not reached"
            self.tell(f"{why}; asking again in {pause} s, while the job goes on")
            time.sleep(pause)
        return call()

"""A double for what moto lacks of Model Monitor: schedules, and the runs of their monitors.

It stands in the front, keeps schedules as they were sent, and tells of runs as a test has it. A
definition that a schedule names has to be there: moto is asked.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aws import ACCOUNT, REGION
from platforms.front_double import Answer, Front, _asked, refusal

KIND = {"Content-Type": "application/x-amz-json-1.1"}
NAME = "MonitoringScheduleName"


@dataclass
class SchedulesDouble(Front):
    """A front that knows schedules."""

    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by schedule

    def ran(self, schedule: str, status: str, job: str = "", reason: str = "") -> None:
        """A run of a schedule's monitor, later than those before."""
        rows = self.executions.setdefault(schedule, [])
        now = 1_795_000_000 + 3600 * len(rows)
        rows.insert(
            0,
            {
                NAME: schedule,
                "ScheduledTime": now,
                "CreationTime": now,
                "LastModifiedTime": now,
                "MonitoringExecutionStatus": status,
                **({"ProcessingJobArn": job} if job else {}),
                **({"FailureReason": reason} if reason else {}),
            },
        )

    def _of_moto(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        asked = _asked(method, headers, body)
        answer = getattr(self, f"_{asked.operation}", None)
        if answer is None:
            return super()._of_moto(method, path, headers, body)
        name = asked.body[NAME]
        if asked.operation != "CreateMonitoringSchedule" and name not in self.schedules:
            return refusal("ResourceNotFound", f"Monitoring Schedule {name} not found")
        content = json.dumps(answer(name, asked.body)).encode()
        return Answer(200, content, KIND)

    def _CreateMonitoringSchedule(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.schedules[name] = body
        return {"MonitoringScheduleArn": _arn(name)}

    def _UpdateMonitoringSchedule(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.schedules[name] |= body
        return {"MonitoringScheduleArn": _arn(name)}

    def _DeleteMonitoringSchedule(self, name: str, _: dict[str, Any]) -> dict[str, Any]:
        del self.schedules[name]
        return {}

    def _DescribeMonitoringSchedule(self, name: str, _: dict[str, Any]) -> dict[str, Any]:
        times = {"CreationTime": time.time(), "LastModifiedTime": time.time()}
        status = {"MonitoringScheduleStatus": "Scheduled", "MonitoringScheduleArn": _arn(name)}
        return {**self.schedules[name], **times, **status}

    def _ListMonitoringExecutions(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        rows = self.executions.get(name, [])[: body["MaxResults"]]
        return {"MonitoringExecutionSummaries": rows}


def _arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:monitoring-schedule/{name}"

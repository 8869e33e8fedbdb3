"""Model Monitor's schedules: made, changed, deleted, and what their runs have found."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.monitoring import violations
from regulated_ml.monitoring.violations import Monitor, Violation
from regulated_ml.platforms.sagemaker.monitors import KINDS, Plan, schedule_name
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.platform import NOT_FOUND
from regulated_ml.security import clients
from regulated_ml.settings import Settings

MOST = 100  # runs of a monitor that are listed
FOUND = "CompletedWithViolations"


class Execution(NamedTuple):
    """A run of a monitor on SageMaker."""

    endpoint: str
    monitor: Monitor
    scheduled: datetime
    status: str
    reason: str  # why it failed
    job: str  # the ARN of its processing job; empty: there was none
    violations: tuple[Violation, ...]


class Schedules:
    """The schedules of an environment's endpoints."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def put(self, plan: Plan) -> bool:
        """Has a monitor run as the plan says; False: it did already."""
        name = plan.schedule["MonitoringScheduleName"]
        wanted = plan.schedule["MonitoringScheduleConfig"]
        there = self.described(name)
        if there and _says(there["MonitoringScheduleConfig"], wanted):
            return False
        self._define(plan)
        if there is None:
            self._call("create_monitoring_schedule", plan.schedule)
            return True
        config = {"MonitoringScheduleName": name, "MonitoringScheduleConfig": wanted}
        self._call("update_monitoring_schedule", config)
        before = there["MonitoringScheduleConfig"].get("MonitoringJobDefinitionName")
        if before and before != plan.definition["JobDefinitionName"]:
            self._undefine(plan.monitor, before)
        return True

    def delete(self, endpoint: str) -> list[str]:
        """Deletes the schedules of an endpoint and their definitions; returns what was deleted."""
        deleted = []
        for monitor in KINDS:
            name = schedule_name(endpoint, monitor)
            there = self.described(name)
            if there is None:
                continue
            self._call("delete_monitoring_schedule", {"MonitoringScheduleName": name})
            deleted.append(f"schedule {name}")
            if definition := there["MonitoringScheduleConfig"].get("MonitoringJobDefinitionName"):
                self._undefine(monitor, definition)
                deleted.append(f"definition {definition}")
        return deleted

    def described(self, name: str) -> dict[str, Any] | None:
        """A schedule; None where there is none of this name."""
        return self._asked("describe_monitoring_schedule", {"MonitoringScheduleName": name})

    def executions(self, endpoint: str, *, newest_alone: bool = False) -> list[Execution]:
        """The runs of the monitors of an endpoint, the oldest first."""
        found = []
        for monitor in KINDS:
            rows = self._rows(schedule_name(endpoint, monitor), 1 if newest_alone else MOST)
            found += [self._execution(endpoint, monitor, row) for row in rows]
        return sorted(found, key=lambda each: (each.scheduled, each.monitor))

    def _rows(self, schedule: str, most: int) -> list[dict[str, Any]]:
        request = {
            "MonitoringScheduleName": schedule,
            "SortBy": "ScheduledTime",
            "SortOrder": "Descending",
            "MaxResults": most,
        }
        answer = self._asked("list_monitoring_executions", request) or {}
        rows: list[dict[str, Any]] = answer.get("MonitoringExecutionSummaries", [])
        return rows

    def _execution(self, endpoint: str, monitor: Monitor, row: Mapping[str, Any]) -> Execution:
        job, status = row.get("ProcessingJobArn", ""), row["MonitoringExecutionStatus"]
        found = tuple(self._violations(monitor, job)) if status == FOUND else ()
        reason = row.get("FailureReason", "")
        return Execution(endpoint, monitor, row["ScheduledTime"], status, reason, job, found)

    def _violations(self, monitor: Monitor, job: str) -> Iterator[Violation]:
        """What the analyser has written beside the other outputs of its job."""
        name = job.rpartition("/")[2]
        described = self._asked("describe_processing_job", {"ProcessingJobName": name})
        if described is None:
            rule = "the monitor found violations, and its processing job is not there"
            raise UserError.one("processing job", name, rule, "look at the schedule's next run")
        (output,) = described["ProcessingOutputConfig"]["Outputs"]
        address = Address.parse(output["S3Output"]["S3Uri"])
        key = f"{address.prefix}{violations.FILE}"
        with clients.reached(self._settings):
            body = clients.client(self._settings, "s3").get_object(
                Bucket=address.bucket,
                Key=key,
                ExpectedBucketOwner=clients.platform(self._settings).aws_account_id,
            )["Body"]
            text = body.read()
        try:
            yield from violations.of_json(json.loads(text), monitor)
        except ValueError as error:
            rule = f"violations as Model Monitor writes them: {error}"
            place = f"s3://{address.bucket}/{key}"
            fix = "find out who wrote it"
            raise UserError.one(violations.FILE, place, rule, fix, ExitStatus.DATA) from error

    def _define(self, plan: Plan) -> None:
        """The definition, unless it is there; its name tells what it says."""
        kind, name = _snake(plan.kind.type), plan.definition["JobDefinitionName"]
        if self._asked(f"describe_{kind}_job_definition", {"JobDefinitionName": name}) is None:
            self._call(f"create_{kind}_job_definition", plan.definition)

    def _undefine(self, monitor: Monitor, name: str) -> None:
        kind = _snake(KINDS[monitor].type)
        if self._asked(f"describe_{kind}_job_definition", {"JobDefinitionName": name}):
            self._call(f"delete_{kind}_job_definition", {"JobDefinitionName": name})

    def _asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a question; None where there is no such thing."""
        from botocore.exceptions import ClientError

        with clients.reached(self._settings):
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**request)
            except ClientError as error:
                if NOT_FOUND.search(error.response["Error"]["Message"]):
                    return None
                raise
        return answer

    def _call(self, operation: str, request: Mapping[str, Any]) -> None:
        with clients.reached(self._settings):
            getattr(self._client, operation)(**request)

    @cached_property
    def _client(self) -> Any:
        clients.identity(self._settings)  # the right account, before anything is asked of it
        return clients.client(self._settings, "sagemaker")


def _says(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a schedule says what is wanted; what SageMaker adds does not count."""
    return all(
        _says(there.get(name, {}), value)
        if isinstance(value, Mapping)
        else there.get(name) == value
        for name, value in wanted.items()
    )


def _snake(kind: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in kind).lstrip("_")

"""The pipeline on SageMaker: made, changed, started, and what becomes of an execution."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.sagemaker import pipeline
from regulated_ml.platforms.sagemaker.platform import NOT_FOUND
from regulated_ml.platforms.sagemaker.registry import THERE
from regulated_ml.security import clients
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings

RUNNING = ("Executing", "Stopping")


class StepState(NamedTuple):
    """A step of an execution."""

    name: str
    status: str
    started: datetime | None
    job: str  # the name of its job; empty: it has none, or none yet
    reason: str  # why it failed


class State(NamedTuple):
    """An execution."""

    arn: str
    status: str
    reason: str
    steps: tuple[StepState, ...]

    @property
    def runs(self) -> bool:
        """Whether it has not come to its end."""
        return self.status in RUNNING


class Pipelines:
    """The pipeline of an environment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = pipeline.name(settings)

    def put(self, definition: Mapping[str, Any]) -> bool:
        """Has the pipeline say this, and the candidates' group be there; False: it was so."""
        self._make_group()
        there = self._asked("describe_pipeline", {"PipelineName": self._name})
        if there and json.loads(there["PipelineDefinition"]) == definition:
            return False
        request = {
            "PipelineName": self._name,
            "PipelineDefinition": json.dumps(definition),
            "PipelineDescription": self._settings.project.project_name,
            "RoleArn": clients.platform(self._settings).execution_role_arn,
        }
        if there:
            self._call("update_pipeline", request)
        else:
            self._call("create_pipeline", {**request, "Tags": self._tags()})
        return True

    def start(self, runs: Mapping[str, str], definition: Mapping[str, Any], token: str) -> str:
        """Starts an execution for these runs, by step; returns its ARN.

        Raises:
            UserError: somebody has changed the pipeline in this moment; the execution is stopped.
        """
        given = [{"Name": pipeline.parameter(step), "Value": run} for step, run in runs.items()]
        answer = self._call(
            "start_pipeline_execution",
            {
                "PipelineName": self._name,
                "PipelineParameters": given,
                "ClientRequestToken": token,
            },
        )
        arn: str = answer["PipelineExecutionArn"]
        named = {"PipelineExecutionArn": arn}
        says = self._call("describe_pipeline_definition_for_execution", named)
        if json.loads(says["PipelineDefinition"]) != definition:
            self._call("stop_pipeline_execution", {**named, "ClientRequestToken": token})
            rule = "it was changed between its making and its start, so this execution was stopped"
            raise UserError.one("pipeline", self._name, rule, "start it again", ExitStatus.RESOURCE)
        return arn

    def state(self, arn: str) -> State:
        """What becomes of an execution.

        Raises:
            UserError: there is none.
        """
        named = {"PipelineExecutionArn": arn}
        found = self._asked("describe_pipeline_execution", named)
        if found is None:
            rule = "there is no such execution in the account and region"
            raise UserError.one("EXECUTION", arn, rule, "start one: `rml pipeline start`")
        pages = self._client.get_paginator("list_pipeline_execution_steps")
        with clients.reached(self._settings):
            rows = [
                row
                for page in pages.paginate(**named, SortOrder="Ascending")
                for row in page["PipelineExecutionSteps"]
            ]
        reason = found.get("FailureReason", "")
        return State(arn, found["PipelineExecutionStatus"], reason, tuple(map(_step, rows)))

    def _make_group(self) -> None:
        """The group of candidates: a step that registers a model needs one that is ours."""
        from botocore.exceptions import ClientError

        with clients.reached(self._settings):
            try:
                self._client.create_model_package_group(
                    ModelPackageGroupName=pipeline.candidates(self._settings),
                    ModelPackageGroupDescription="Models that kept every gate; none is a version.",
                    Tags=self._tags(),
                )
            except ClientError as error:
                if not THERE.search(error.response["Error"]["Message"]):
                    raise

    def _tags(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in tags(self._settings).items()]

    def _asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a question; None where there is no such thing."""
        from botocore.exceptions import ClientError

        with clients.reached(self._settings):
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**request)
            except ClientError as error:
                said = error.response["Error"]
                if said["Code"] == "ResourceNotFound" or NOT_FOUND.search(said["Message"]):
                    return None
                raise
        return answer

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        with clients.reached(self._settings):
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        return answer

    @cached_property
    def _client(self) -> Any:
        clients.identity(self._settings)  # the right account, before anything is asked of it
        return clients.client(self._settings, "sagemaker")


def _step(row: Mapping[str, Any]) -> StepState:
    about = row.get("Metadata", {})
    job = about.get("TrainingJob") or about.get("ProcessingJob") or {}
    said = row.get("FailureReason") or about.get("Fail", {}).get("ErrorMessage", "")
    name = job.get("Arn", "").rpartition("/")[2]
    return StepState(row["StepName"], row["StepStatus"], row.get("StartTime"), name, said)

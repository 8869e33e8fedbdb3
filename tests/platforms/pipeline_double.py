"""A double for what moto lacks of pipelines: it executes a definition, step by step.

Parameters, joins, properties of steps and metrics in property files are resolved as SageMaker does;
jobs are created through the front of the double that executes jobs, under names that SageMaker
would give them: the prefix of the step, the execution's id, and an attempt's number.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from front_double import Answer, Front, _asked
from sagemaker_double import SageMakerDouble

KIND = {"Content-Type": "application/x-amz-json-1.1"}
HOLDS = {
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}


@dataclass
class PipelineDouble(Front):
    """A front that executes pipelines."""

    jobs: SageMakerDouble = field(kw_only=True)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)  # by ARN of an execution
    steps: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def _of_moto(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        asked = _asked(method, headers, body)
        arn = asked.body.get("PipelineExecutionArn", "")
        if asked.operation == "ListPipelineExecutionSteps":
            return _answer({"PipelineExecutionSteps": self.steps[arn]})
        answer = super()._of_moto(method, path, headers, body)
        if answer.status == 200 and asked.operation == "StartPipelineExecution":
            arn = json.loads(answer.body)["PipelineExecutionArn"]
            self.states[arn], self.steps[arn] = {"PipelineExecutionStatus": "Executing"}, []
            threading.Thread(target=self._execute, args=(arn, asked.body), daemon=True).start()
        if answer.status == 200 and asked.operation == "DescribePipelineExecution":
            return _answer({**json.loads(answer.body), **self.states[arn]})
        return answer

    def _execute(self, arn: str, request: dict[str, Any]) -> None:
        client = self.jobs.account.client("sagemaker")
        says = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        definition = json.loads(says["PipelineDefinition"])
        given = {each["Name"]: each["Value"] for each in request["PipelineParameters"]}
        run = _Run(self.jobs, arn, given, self.steps[arn])
        wanted = {each["Name"] for each in definition["Parameters"]}
        assert wanted == set(given), "an execution gives every parameter that has no default"
        try:
            reason = run.all(definition["Steps"])
        except Exception as error:  # what the test has to see
            reason = f"the double broke: {error!r}"
        status = "Failed" if reason else "Succeeded"
        self.states[arn] = {"PipelineExecutionStatus": status, "FailureReason": reason}


class _Run:
    """One execution."""

    def __init__(
        self,
        jobs: SageMakerDouble,
        arn: str,
        given: dict[str, str],
        steps: list[dict[str, Any]],
    ) -> None:
        self._jobs, self._id, self._steps = jobs, arn.rpartition("/")[2], steps
        self._known: dict[str, Any] = {f"Parameters.{name}": value for name, value in given.items()}
        self._files: dict[str, str] = {}

    def all(self, steps: list[dict[str, Any]]) -> str:
        """Executes steps in an order that fits; returns why it failed."""
        done: set[str] = set()
        waiting = list(steps)
        while waiting:
            ready = next(each for each in waiting if set(each.get("DependsOn", ())) <= done)
            waiting.remove(ready)
            if reason := self._one(ready):
                return reason
            done.add(ready["Name"])
        return ""

    def _one(self, step: dict[str, Any]) -> str:
        row = {"StepName": step["Name"], "StepStatus": "Executing", "StartTime": time.time()}
        self._steps.append(row)
        kind = step["Type"]
        act = {
            "Training": self._job,
            "Processing": self._job,
            "Condition": self._condition,
            "RegisterModel": self._register,
            "Fail": self._fail,
        }[kind]
        reason: str = act(step, row)
        row["StepStatus"] = "Failed" if reason else "Succeeded"
        if reason:
            row["FailureReason"] = reason
        return reason

    def _job(self, step: dict[str, Any], row: dict[str, Any]) -> str:
        kind, arguments = step["Type"], self._resolved(step["Arguments"])
        name = arguments[f"{kind}JobName"] = f"{arguments[f'{kind}JobName']}-{self._id}-1"
        self._known[f"Steps.{step['Name']}.{kind}JobName"] = name
        operation = getattr(self._client(), f"create_{kind.lower()}_job")
        row["Metadata"] = {f"{kind}Job": {"Arn": operation(**arguments)[f"{kind}JobArn"]}}
        while not (end := self._jobs.ends[name]):
            time.sleep(0.1)
        for each in step.get("PropertyFiles", ()):
            (output,) = (
                one["S3Output"]["S3Uri"]
                for one in arguments["ProcessingOutputConfig"]["Outputs"]
                if one["OutputName"] == each["OutputName"]
            )
            place = f"Steps.{step['Name']}.PropertyFiles.{each['PropertyFileName']}"
            self._files[place] = f"{output}/{each['FilePath']}"
        return end.reason

    def _condition(self, step: dict[str, Any], row: dict[str, Any]) -> str:
        arguments = step["Arguments"]
        holds = all(
            HOLDS[each["Type"]](self._metric(each["LeftValue"]), each["RightValue"])
            for each in arguments["Conditions"]
        )
        row["Metadata"] = {"Condition": {"Outcome": str(holds)}}
        row["StepStatus"] = "Succeeded"
        return self.all(arguments["IfSteps" if holds else "ElseSteps"])

    def _metric(self, value: dict[str, Any]) -> Any:
        asked = value["Std:JsonGet"]
        address = self._files[asked["PropertyFile"]["Get"]]
        bucket, _, key = address.removeprefix("s3://").partition("/")
        body = self._jobs.account.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
        content = json.loads(body.read())
        for part in asked["Path"].split("."):
            content = content[part]
        return content

    def _register(self, step: dict[str, Any], row: dict[str, Any]) -> str:
        arguments = self._resolved(step["Arguments"])
        arn = self._client().create_model_package(**arguments)["ModelPackageArn"]
        row["Metadata"] = {"RegisterModel": {"Arn": arn}}
        return ""

    def _fail(self, step: dict[str, Any], row: dict[str, Any]) -> str:
        message: str = step["Arguments"]["ErrorMessage"]
        row["Metadata"] = {"Fail": {"ErrorMessage": message}}
        return message

    def _resolved(self, content: Any) -> Any:
        if isinstance(content, list):
            return [self._resolved(each) for each in content]
        if not isinstance(content, dict):
            return content
        if set(content) == {"Get"}:
            return self._known[content["Get"]]
        if set(content) == {"Std:Join"}:
            join = content["Std:Join"]
            return join["On"].join(self._resolved(join["Values"]))
        return {name: self._resolved(value) for name, value in content.items()}

    def _client(self) -> Any:
        """A client without the guard: what SageMaker does itself, nobody's process sees."""
        import boto3

        return boto3.client(
            "sagemaker",
            region_name="eu-central-1",
            endpoint_url=self._jobs.front.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def _answer(content: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(content).encode(), KIND)

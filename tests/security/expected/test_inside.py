"""Requests inside requests, as they arrive: pipelines, tuning jobs, payloads of a Batch queue."""

import json
from typing import Any

import pytest

from . import cases, evaluator
from .sender import Outcome, Sender
from .values import OTHERS_KEY, Team

# The arguments of each type of step are those of an operation, but for the name.
STEPS = {
    "Training": "CreateTrainingJob",
    "Processing": "CreateProcessingJob",
    "Transform": "CreateTransformJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
}


def training(team: Team, **changes: Any) -> dict[str, Any]:
    """The arguments of a training step that knows of no controls."""
    output = {"S3OutputPath": f"s3://{team.buckets[1]}/runs"}
    return {"RoleArn": team.role, "OutputDataConfig": output, **changes}


def step(arguments: dict[str, Any], kind: str = "Training", name: str = "fit") -> dict[str, Any]:
    """A step of a pipeline."""
    return {"Name": name, "Type": kind, "Arguments": arguments}


def create(sender: Sender, team: Team, *steps: dict[str, Any], **other: Any) -> Outcome:
    """Creates a pipeline of steps."""
    definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps}
    return sender.send(
        "sagemaker",
        "CreatePipeline",
        {
            "PipelineName": "credit",
            "ClientRequestToken": "0" * 32,
            "RoleArn": team.role,
            "PipelineDefinition": json.dumps({**definition, **other}),
        },
    )


def arrived(outcome: Outcome) -> dict[str, Any]:
    """The definition in the request as it arrived."""
    assert outcome.request is not None, outcome
    definition: dict[str, Any] = json.loads(outcome.request["PipelineDefinition"])
    return definition


@pytest.mark.parametrize(("kind", "operation"), STEPS.items())
def test_the_jobs_of_a_pipeline_are_filled_in(
    kind: str, operation: str, sender: Sender, the_team: Team
) -> None:
    arguments = cases.minimal(operation, the_team)
    definition = arrived(create(sender, the_team, step(arguments, kind)))
    filled = definition["Steps"][0]["Arguments"]
    assert evaluator.wrong(operation, filled, the_team) == set()
    assert filled.items() >= {k: v for k, v in arguments.items() if isinstance(v, str)}.items()


def test_a_step_that_contradicts_is_refused_by_its_name(sender: Sender, the_team: Team) -> None:
    bad = training(the_team, EnableNetworkIsolation=False, VpcConfig={"Subnets": ["subnet-1"]})
    outcome = create(sender, the_team, step(training(the_team)), step(bad, name="leak"))
    assert not outcome.arrived
    text = json.dumps(outcome.problems)
    assert "leak" in text or "Steps[1]" in text
    assert "EnableNetworkIsolation" in text
    assert "VpcConfig.Subnets" in text


@pytest.mark.parametrize("branch", ["IfSteps", "ElseSteps"])
def test_a_step_behind_conditions_is_seen(branch: str, sender: Sender, the_team: Team) -> None:
    def behind(inner: dict[str, Any]) -> dict[str, Any]:
        branches = {"Conditions": [], "IfSteps": [], "ElseSteps": [], branch: [inner]}
        return step(branches, "Condition", "if")

    bad = training(the_team, OutputDataConfig={"S3OutputPath": "s3://elsewhere/x"})
    outcome = create(sender, the_team, behind(behind(step(bad))))
    assert not outcome.arrived
    assert "OutputDataConfig.S3OutputPath" in json.dumps(outcome.problems)
    good = arrived(create(sender, the_team, behind(behind(step(training(the_team))))))
    assert not list(evaluator.pipeline(json.dumps(good), the_team))


def test_what_the_pipeline_decides_at_run_time_is_no_value(sender: Sender, the_team: Team) -> None:
    later = {"Get": "Parameters.Isolated"}
    outcome = create(
        sender,
        the_team,
        step(training(the_team, EnableNetworkIsolation=later)),
        Parameters=[{"Name": "Isolated", "Type": "Boolean", "DefaultValue": True}],
    )
    assert not outcome.arrived
    assert "EnableNetworkIsolation" in json.dumps(outcome.problems)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"Steps": 1}', '{"Steps": [1]}'])
def test_a_definition_that_cannot_be_read_is_refused_or_starts_nothing(
    text: str, sender: Sender, the_team: Team
) -> None:
    request = {"PipelineName": "p", "RoleArn": the_team.role, "PipelineDefinition": text}
    request["ClientRequestToken"] = "0" * 32
    outcome = sender.send("sagemaker", "CreatePipeline", request)
    assert not outcome.failed
    assert outcome.problems or outcome.invalid or not json.loads(text).get("Steps")


def test_an_update_of_a_pipeline_is_looked_at_like_its_creation(
    sender: Sender, the_team: Team
) -> None:
    definition = {"Version": "2020-12-01", "Steps": [step(training(the_team, Tags=[]))]}
    request = {"PipelineName": "credit", "PipelineDefinition": json.dumps(definition)}
    outcome = sender.send("sagemaker", "UpdatePipeline", request)
    assert not list(evaluator.pipeline(json.dumps(arrived(outcome)), the_team))


def test_a_name_that_is_there_twice_is_refused(sender: Sender, the_team: Team) -> None:
    # Of two values one reader takes the first and another the last.
    job = json.dumps(training(the_team, EnableNetworkIsolation=True))
    twice = job[:-1] + ', "EnableNetworkIsolation": false, "EnableNetworkIsolation": true}'
    definition = f'{{"Steps": [{{"Name": "a", "Type": "Training", "Arguments": {twice}}}]}}'
    request = {"PipelineName": "p", "RoleArn": the_team.role, "ClientRequestToken": "0" * 32}
    request["PipelineDefinition"] = definition
    for outcome in (sender.send("sagemaker", "CreatePipeline", request), queue(sender, twice)):
        assert not outcome.arrived
        assert outcome.problems


def queue(sender: Sender, payload: Any) -> Outcome:
    """Submits a training job to a queue of Batch."""
    request = {
        "jobName": "fit",
        "jobQueue": "training",
        "serviceJobType": "SAGEMAKER_TRAINING",
        "serviceRequestPayload": payload if isinstance(payload, str) else json.dumps(payload),
    }
    return sender.send("batch", "SubmitServiceJob", request)


def test_a_job_in_a_queue_is_filled_in(sender: Sender, the_team: Team) -> None:
    outcome = queue(sender, {"TrainingJobName": "fit", **training(the_team)})
    (request,) = outcome.arrived
    job = json.loads(request.request["serviceRequestPayload"])
    assert evaluator.wrong("CreateTrainingJob", job, the_team) == set()


def test_a_job_in_a_queue_that_contradicts_is_refused(sender: Sender, the_team: Team) -> None:
    output = {"S3OutputPath": f"s3://{the_team.buckets[1]}/runs", "KmsKeyId": OTHERS_KEY}
    outcome = queue(sender, training(the_team, TrainingJobName="fit", OutputDataConfig=output))
    assert not outcome.arrived
    assert "OutputDataConfig.KmsKeyId" in json.dumps(outcome.problems)


@pytest.mark.parametrize("payload", ["", "{", "[]", '"x"'])
def test_a_payload_that_cannot_be_read_is_refused(payload: str, sender: Sender) -> None:
    outcome = queue(sender, payload)
    assert not outcome.arrived
    assert outcome.problems or outcome.invalid


@pytest.mark.parametrize("place", ["TrainingJobDefinition", "TrainingJobDefinitions"])
def test_the_jobs_of_a_tuning_job_are_seen_one_by_one(
    place: str, sender: Sender, the_team: Team
) -> None:
    def tuning(*jobs: dict[str, Any]) -> Outcome:
        request = cases.minimal("CreateHyperParameterTuningJob", the_team)
        request[place] = jobs[-1] if place == "TrainingJobDefinition" else list(jobs)
        return sender.send("sagemaker", "CreateHyperParameterTuningJob", request)

    job = {
        **training(the_team),
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "StoppingCondition": {},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    }
    sent = tuning({**job, "ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}, job).request
    assert sent is not None
    assert evaluator.wrong("CreateHyperParameterTuningJob", sent, the_team) == set()
    refused = tuning(job, {**job, "EnableInterContainerTrafficEncryption": False})
    assert not refused.arrived
    assert "EnableInterContainerTrafficEncryption" in json.dumps(refused.problems)

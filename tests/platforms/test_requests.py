"""A request for a job asks for everything that the controls ask for, without the guard's help."""

import re
from pathlib import Path
from typing import Any

import pytest

from regulated_ml.platforms.interface import Job
from regulated_ml.platforms.sagemaker import naming, requests
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security import catalogue
from regulated_ml.security.requests import compile
from regulated_ml.settings import Settings, load

RUN = "train-20261124-112555-7be648"
CHANNELS = {
    name: Address("credit-default-data-111122223333-eu-central-1", f"credit-default/dev/{name}/")
    for name in ("code", "train", "validation")
}
# The SDK's names that are not made of their words' capitals.
NAMES = {"volume_size_in_gb": "VolumeSizeInGB"}


@pytest.fixture
def settings(sample: Path) -> Settings:
    """The example's environment dev."""
    return load(sample, "dev")


def a_job(kind: Any, run: str = RUN, **parameters: object) -> Job:
    """A job with parameters."""
    return Job(run, kind, "team.train", {}, parameters, tags={"commit": "0" * 40, "run": run})


def as_sent(content: Any) -> Any:
    """A request in the SDK's names as SageMaker's own, whose names begin with a capital."""
    if isinstance(content, list):
        return [as_sent(each) for each in content]
    if not isinstance(content, dict):
        return content
    free = {"hyper_parameters", "environment"}  # their keys are values
    return {
        NAMES.get(key, "".join(part[:1].upper() + part[1:] for part in key.split("_"))): (
            value if key in free else as_sent(value)
        )
        for key, value in content.items()
    }


def test_a_training_request_is_secure_by_itself(settings: Settings) -> None:
    found = as_sent(requests.training(settings, a_job("training"), CHANNELS))
    place = settings.platform
    assert place is not None
    key = place.kms_key_arn
    assert found["TrainingJobName"] == f"credit-default-{RUN}"
    assert found["RoleArn"] == place.execution_role_arn
    assert found["AlgorithmSpecification"]["TrainingImage"] == (
        # AWS's documentation of registry paths names this account for Frankfurt.
        "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    )
    assert found["VpcConfig"] == {
        "SecurityGroupIds": list(place.security_group_ids),
        "Subnets": list(place.subnet_ids),
    }
    assert found["OutputDataConfig"]["KmsKeyId"] == key
    assert found["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert found["EnableNetworkIsolation"] is True
    assert found["EnableInterContainerTrafficEncryption"] is True
    assert found["EnableManagedSpotTraining"] is True
    assert found["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    }
    bucket = f"s3://{place.model_bucket}/credit-default/dev/runs/{RUN}"
    assert found["OutputDataConfig"]["S3OutputPath"] == bucket
    assert found["CheckpointConfig"]["S3Uri"] == f"{bucket}/checkpoints"
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "project": "credit-default",
        "environment": "dev",
        "owner": "credit-risk-models@example.com",
        "cost-center": "CC-4711",
        "data-classification": "confidential",
        "commit": "0" * 40,
        "run": RUN,
    }


@pytest.mark.parametrize("kind", ["training", "processing"])
def test_the_guard_has_nothing_to_fill_in(settings: Settings, kind: str) -> None:
    job = a_job(kind, RUN if kind == "training" else RUN.replace("train", "prepare"))
    request = as_sent(getattr(requests, kind)(settings, job, CHANNELS))
    plan = compile(catalogue.plan(settings))
    operation = f"Create{kind.capitalize()}Job"
    assert plan.check(operation, request).violations == []
    # That the plan sees this operation at all:
    emptied = {name: request[name] for name in request if name.endswith("Name")}
    assert plan.check(operation, emptied).violations


def test_hyperparameters_are_text_and_the_code_is_a_channel(settings: Settings) -> None:
    job = a_job("training", eta=0.2, objective="binary:logistic", threads=None)
    assert requests.training(settings, job, CHANNELS)["hyper_parameters"] == {
        "eta": "0.2",
        "objective": '"binary:logistic"',
        "sagemaker_program": '"rml_start.py"',
        # Not an address in S3: without a network the container could not fetch it.
        "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
    }


def test_without_spot_there_is_no_time_to_wait_for_it(settings: Settings) -> None:
    train = settings.model.instances.train.model_copy(update={"spot": False})
    instances = settings.model.instances.model_copy(update={"train": train})
    model = settings.model.model_copy(update={"instances": instances})
    found = requests.training(
        settings.model_copy(update={"model": model}), a_job("training"), CHANNELS
    )
    assert found["enable_managed_spot_training"] is False
    assert found["stopping_condition"] == {"max_runtime_in_seconds": 3600}


def test_an_instance_with_a_disk_of_its_own_is_given_no_key_for_it(settings: Settings) -> None:
    instance = settings.model.instances.prepare
    assert not instance.has_own_disk
    assert instance.model_copy(update={"type": "ml.g5.xlarge"}).has_own_disk


def test_names_of_jobs_lead_back_to_their_runs(settings: Settings) -> None:
    assert naming.run_id(settings, naming.job_name(settings, RUN)) == RUN
    for foreign in (f"churn-{RUN}", f"credit-default-x-{RUN}", "credit-default-train", RUN):
        assert naming.run_id(settings, foreign) is None


@pytest.mark.parametrize("step", ["prepare", "train", "evaluate", "explain", "sample"])
def test_the_longest_slug_still_gives_a_name(settings: Settings, step: str) -> None:
    from regulated_ml.identifiers import longest_slug

    project = settings.project.model_copy(update={"project_slug": "x" * longest_slug()})
    name = naming.job_name(
        settings.model_copy(update={"project": project}), RUN.replace("train", step)
    )
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)

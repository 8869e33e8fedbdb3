"""What SageMaker says of a job, in one form for training and processing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from regulated_ml.platforms.interface import Kind, RemoteJob

Answer = Mapping[str, Any]


class Api(NamedTuple):
    """How a kind of job is asked about; its operations are those of the client of SageMaker."""

    describe: str
    stop: str
    list: str
    summaries: str
    prefix: str  # of the fields with name, status and times
    log_group: str


APIS: dict[Kind, Api] = {
    "training": Api(
        "describe_training_job",
        "stop_training_job",
        "list_training_jobs",
        "TrainingJobSummaries",
        "Training",
        "/aws/sagemaker/TrainingJobs",
    ),
    "processing": Api(
        "describe_processing_job",
        "stop_processing_job",
        "list_processing_jobs",
        "ProcessingJobSummaries",
        "Processing",
        "/aws/sagemaker/ProcessingJobs",
    ),
}


def job(kind: Kind, answer: Answer) -> RemoteJob:
    """A job from the answer to a call that describes it, or from a row of a list."""
    prefix = APIS[kind].prefix
    started, ended = answer.get(f"{prefix}StartTime"), answer.get(f"{prefix}EndTime")
    seconds = answer.get("TrainingTimeInSeconds", _between(started, ended))
    status = answer[f"{prefix}JobStatus"]
    return RemoteJob(
        name=answer[f"{prefix}JobName"],
        kind=kind,
        status=status,
        detail=answer.get("SecondaryStatus", status),
        reason=answer.get("FailureReason") or answer.get("ExitMessage", ""),
        created=answer["CreationTime"],
        ended=ended,
        seconds=seconds,
        # What is no spot training is billed for as long as it ran.
        billed_seconds=answer.get("BillableTimeInSeconds", seconds),
        history=_history(answer),
        facts=_facts(kind, answer),
    )


def _between(started: datetime | None, ended: datetime | None) -> float | None:
    return (ended - started).total_seconds() if started and ended else None


def _history(answer: Answer) -> tuple[str, ...]:
    """What the job went through; AWS tells that of trainings only."""
    return tuple(
        ": ".join(filter(None, (change["Status"], change.get("StatusMessage"))))
        for change in answer.get("SecondaryStatusTransitions", ())
    )


def _facts(kind: Kind, answer: Answer) -> dict[str, Any]:
    """What a record keeps beside the times: the image, the machine, the safeguards, the places."""
    how = _training(answer) if kind == "training" else _processing(answer)
    return {
        "arn": answer.get(f"{APIS[kind].prefix}JobArn"),
        "role": answer.get("RoleArn"),
        **how,
    }


def _training(answer: Answer) -> dict[str, Any]:
    model = answer.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    channels = answer.get("InputDataConfig", [])
    return {
        **_machine(answer.get("ResourceConfig", {})),
        "image": answer.get("AlgorithmSpecification", {}).get("TrainingImage"),
        "spot": answer.get("EnableManagedSpotTraining", False),
        "kms_key": answer.get("OutputDataConfig", {}).get("KmsKeyId"),
        **_network(answer),
        "inputs": {
            each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in channels
        },
        "outputs": model.rpartition("/")[0],
    }


def _processing(answer: Answer) -> dict[str, Any]:
    config = answer.get("ProcessingOutputConfig", {})
    return {
        **_machine(answer.get("ProcessingResources", {}).get("ClusterConfig", {})),
        "image": answer.get("AppSpecification", {}).get("ImageUri"),
        "kms_key": config.get("KmsKeyId"),
        **_network(answer.get("NetworkConfig", {})),
        "inputs": {
            each["InputName"]: each["S3Input"]["S3Uri"]
            for each in answer.get("ProcessingInputs", [])
        },
        "outputs": next((each["S3Output"]["S3Uri"] for each in config.get("Outputs", [])), ""),
    }


def _machine(resources: Answer) -> dict[str, Any]:
    return {
        "instance": resources.get("InstanceType"),
        "volume_kms_key": resources.get("VolumeKmsKeyId"),
    }


def _network(answer: Answer) -> dict[str, Any]:
    vpc = answer.get("VpcConfig", {})
    return {
        "subnets": vpc.get("Subnets", []),
        "security_groups": vpc.get("SecurityGroupIds", []),
        "network_isolation": answer.get("EnableNetworkIsolation", False),
        "traffic_encryption": answer.get("EnableInterContainerTrafficEncryption", False),
    }

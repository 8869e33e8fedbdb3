"""The requests for jobs, secure by themselves: every field that a control asks for is written here.

They are the arguments of the SageMaker SDK's `TrainingJob.create` and `ProcessingJob.create`.
"""

from collections.abc import Mapping
from typing import Any

from regulated_ml.platforms.interface import Job, as_text
from regulated_ml.platforms.sagemaker import images, naming, rml_start
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.staging import CODE, PROGRAM
from regulated_ml.security.clients import platform
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings
from regulated_ml.settings.instances import Instance

TRAINING, PROCESSING = "/opt/ml/input/data", "/opt/ml/processing"

Request = dict[str, Any]


def training(settings: Settings, job: Job, channels: Mapping[str, Address]) -> Request:
    """The arguments of TrainingJob.create."""
    place, instance = platform(settings), settings.model.instances.train
    outputs = naming.outputs(settings, job.name)
    stopping = {"max_runtime_in_seconds": instance.max_runtime_minutes * 60}
    if instance.spot:
        stopping["max_wait_time_in_seconds"] = instance.max_wait_minutes * 60
    return {
        "training_job_name": naming.job_name(settings, job.name),
        "role_arn": place.execution_role_arn,
        "algorithm_specification": {
            "training_image": images.uri(place.aws_region),
            "training_input_mode": "File",
        },
        "hyper_parameters": _hyperparameters(job),
        "input_data_config": [
            {"channel_name": name, "data_source": {"s3_data_source": _source(address)}}
            for name, address in channels.items()
        ],
        "output_data_config": {"s3_output_path": _path(outputs), "kms_key_id": place.kms_key_arn},
        "resource_config": _resources(settings, instance),
        "stopping_condition": stopping,
        "enable_managed_spot_training": instance.spot,
        "checkpoint_config": {"s3_uri": f"{outputs}checkpoints"},
        "vpc_config": _vpc(settings),
        "enable_network_isolation": True,
        "enable_inter_container_traffic_encryption": True,
        "environment": _environment(job),
        "tags": _tags(settings, job),
        **_experiment(settings, job),
    }


def processing(settings: Settings, job: Job, channels: Mapping[str, Address]) -> Request:
    """The arguments of ProcessingJob.create."""
    place, instance = platform(settings), settings.model.instances.of(job.step)
    outputs = naming.outputs(settings, job.name)
    return {
        "processing_job_name": naming.job_name(settings, job.name),
        "role_arn": place.execution_role_arn,
        "app_specification": {
            "image_uri": images.uri(place.aws_region),
            "container_entrypoint": ["python3", f"{PROCESSING}/input/{CODE}/{PROGRAM}"],
        },
        "processing_inputs": [
            {
                "input_name": name,
                "s3_input": {
                    **_source(address),
                    "local_path": f"{PROCESSING}/input/{name}",
                    "s3_input_mode": "File",
                },
            }
            for name, address in channels.items()
        ],
        "processing_output_config": {
            "kms_key_id": place.kms_key_arn,
            "outputs": [
                {
                    "output_name": "output",
                    "s3_output": {
                        "s3_uri": f"{outputs}output",
                        "local_path": f"{PROCESSING}/output",
                        "s3_upload_mode": "EndOfJob",
                    },
                }
            ],
        },
        "processing_resources": {"cluster_config": _resources(settings, instance)},
        "stopping_condition": {"max_runtime_in_seconds": instance.max_runtime_minutes * 60},
        "network_config": {
            "enable_network_isolation": True,
            "enable_inter_container_traffic_encryption": True,
            "vpc_config": _vpc(settings),
        },
        "environment": _environment(job),
        "tags": _tags(settings, job),
        **_experiment(settings, job),
    }


def _experiment(settings: Settings, job: Job) -> dict[str, Any]:
    """Where SageMaker shows the job among its experiments; nothing where that could not be made."""
    if not job.line:
        return {}
    return {"experiment_config": naming.experiment_config(settings, job.name, job.line)}


def _hyperparameters(job: Job) -> dict[str, str]:
    """Ours, and the container's own, which make it run our program.

    The code comes as a channel: the container is cut off from the network, S3 included.
    """
    given = {name: value for name, value in job.parameters.items() if value is not None}
    own = {
        "sagemaker_program": PROGRAM,
        "sagemaker_submit_directory": f"{TRAINING}/{CODE}/{rml_start.ARCHIVE}",
    }
    return as_text({**given, **own})


def _source(address: Address) -> dict[str, str]:
    return {
        "s3_data_type": "S3Prefix",
        "s3_uri": str(address),
        "s3_data_distribution_type": "FullyReplicated",
    }


def _resources(settings: Settings, instance: Instance) -> dict[str, Any]:
    resources = {
        "instance_type": instance.type,
        "instance_count": 1,
        "volume_size_in_gb": instance.volume_gb,
    }
    if not instance.has_own_disk:
        resources["volume_kms_key_id"] = platform(settings).kms_key_arn
    return resources


def _vpc(settings: Settings) -> dict[str, list[str]]:
    place = platform(settings)
    return {"security_group_ids": [*place.security_group_ids], "subnets": [*place.subnet_ids]}


def _environment(job: Job) -> dict[str, str]:
    # As on this machine: a set's order must not reach an output, and the log must not lag behind.
    return {rml_start.MODULE: job.module, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


def _tags(settings: Settings, job: Job) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in {**tags(settings), **job.tags}.items()]


def _path(address: Address) -> str:
    return str(address).rstrip("/")

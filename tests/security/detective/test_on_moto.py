"""Where moto has both the making and the stopping: the thing itself is gone afterwards."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from aws import Moto

from .lambda_runtime import Function
from .trail import event

ROLE = "arn:aws:iam::123456789012:role/any"
IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.2-0"
OUTSIDE = {"Subnets": ["subnet-9"], "SecurityGroupIds": ["sg-9"]}


class Thing(NamedTuple):
    """A request that breaks controls, and whether what it made is still there."""

    request: dict[str, Any]
    is_there: Callable[[Any], bool]


def _status(client: Any, name: str) -> str:
    found = client.describe_processing_job(ProcessingJobName=name)
    return str(found["ProcessingJobStatus"])


THINGS = {
    "CreateModel": Thing(
        {
            "ModelName": "credit-default-m",
            "PrimaryContainer": {"Image": IMAGE},
            "ExecutionRoleArn": ROLE,
            "VpcConfig": OUTSIDE,
        },
        lambda client: bool(client.list_models()["Models"]),
    ),
    "CreateEndpointConfig": Thing(
        {
            "EndpointConfigName": "credit-default-c",
            "ProductionVariants": [
                {
                    "VariantName": "a",
                    "ModelName": "m",
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.xlarge",
                }
            ],
        },
        lambda client: bool(client.list_endpoint_configs()["EndpointConfigs"]),
    ),
    "CreateNotebookInstance": Thing(
        {
            "NotebookInstanceName": "credit-default-n",
            "InstanceType": "ml.t3.medium",
            "RoleArn": ROLE,
            "DirectInternetAccess": "Enabled",
        },
        lambda client: (
            client.describe_notebook_instance(NotebookInstanceName="credit-default-n")[
                "NotebookInstanceStatus"
            ]
            == "InService"
        ),
    ),
    "CreatePipeline": Thing(
        {
            "PipelineName": "credit-default-p",
            "PipelineDefinition": '{"Version": "2020-12-01", "Steps": '
            '[{"Name": "t", "Type": "Training", "Arguments": {"RoleArn": "x"}}]}',
            "RoleArn": ROLE,
            "ClientRequestToken": "a" * 32,
        },
        lambda client: bool(client.list_pipelines()["PipelineSummaries"]),
    ),
    "CreateDataQualityJobDefinition": Thing(
        {
            "JobDefinitionName": "credit-default-d",
            "DataQualityAppSpecification": {"ImageUri": IMAGE},
            "DataQualityJobInput": {
                "EndpointInput": {"EndpointName": "e", "LocalPath": "/opt/ml/processing/in"}
            },
            "DataQualityJobOutputConfig": {
                "MonitoringOutputs": [
                    {"S3Output": {"S3Uri": "s3://elsewhere/a", "LocalPath": "/opt/ml/processing/o"}}
                ]
            },
            "JobResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.xlarge",
                    "VolumeSizeInGB": 20,
                }
            },
            "RoleArn": ROLE,
        },
        lambda client: bool(client.list_data_quality_job_definitions()["JobDefinitionSummaries"]),
    ),
    "CreateProcessingJob": Thing(
        {
            "ProcessingJobName": "credit-default-pj",
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.xlarge",
                    "VolumeSizeInGB": 20,
                }
            },
            "AppSpecification": {"ImageUri": IMAGE},
            "RoleArn": ROLE,
        },
        lambda client: _status(client, "credit-default-pj") not in ("Stopping", "Stopped"),
    ),
}


@pytest.mark.parametrize("operation", THINGS)
def test_the_thing_is_gone_and_the_same_event_again_changes_nothing(
    function: Function, moto: Moto, topic: str, operation: str
) -> None:
    from botocore import xform_name

    client, thing = moto.client("sagemaker"), THINGS[operation]
    if operation == "CreateEndpointConfig":  # moto looks for the model
        client.create_model(**{**THINGS["CreateModel"].request, "ModelName": "m"})
    getattr(client, xform_name(operation))(**thing.request)
    first, again = function.answers([event(operation, thing.request)] * 2)
    assert not thing.is_there(client)
    assert first["finding"]["violations"]
    assert again["finding"]["violations"] == first["finding"]["violations"]

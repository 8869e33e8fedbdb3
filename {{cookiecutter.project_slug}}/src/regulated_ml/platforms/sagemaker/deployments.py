"""The requests for an endpoint, secure by themselves: model, configuration, and the way over.

They are the arguments of CreateModel, CreateEndpointConfig, CreateEndpoint and UpdateEndpoint. What
a model and a configuration are called ends with a hash of all that they say: the same content has
the same name, so a request that is made again makes nothing twice, and nothing is ever changed
behind a name.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from regulated_ml.identifiers import partitions
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.security.clients import platform
from regulated_ml.security.policies.templates.alarms import ALARMS, VARIANT
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings
from regulated_ml.tracking.registry import Version

DIGEST = 8  # characters of a hash
LEAST = {"prod": 2}  # instances, of the control RML-ENDPOINT-1
CONTENT_TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}

Request = dict[str, Any]


class Container(NamedTuple):
    """What a version is served with, as its package in the Model Registry says it."""

    image: str
    model: str  # where the archive lies in S3
    package: str  # ARN


class Plan(NamedTuple):
    """All that an endpoint is made of."""

    endpoint: str
    model: Request
    config: Request
    create: Request
    update: Request


def plan(settings: Settings, endpoint: str, version: Version, container: Container) -> Plan:
    """The requests that have an endpoint serve a version."""
    own_tags = [{"Key": key, "Value": value} for key, value in tags(settings).items()]
    own_tags.append({"Key": "version", "Value": version.name})
    start = f"{endpoint}-{version.name}"
    model = _model(settings, container)
    model_name = _named(start, model)
    config = _config(settings, model_name)
    config_name = _named(start, config)
    both = {"EndpointName": endpoint, "EndpointConfigName": config_name}
    return Plan(
        endpoint,
        {"ModelName": model_name, **model, "Tags": own_tags},
        {"EndpointConfigName": config_name, **config, "Tags": own_tags},
        {**both, "Tags": own_tags},
        {**both, "DeploymentConfig": _rollout(settings)},
    )


def instances(settings: Settings) -> int:
    """How many instances an endpoint has in the environment."""
    return max(settings.model.endpoint.instance.count, LEAST.get(settings.environment, 1))


def alarms(settings: Settings) -> list[str]:
    """The alarms that a deployment is rolled back by, as infrastructure/alarms.yaml names them."""
    if not settings.model.endpoint.rollout.rollback_on_alarms:
        return []
    start = f"{settings.project.project_slug}-{settings.environment}-endpoint"
    return [f"{start}-{name}" for name in ALARMS]


def config_arn(settings: Settings, name: str) -> str:
    """The ARN of an endpoint configuration."""
    place = platform(settings)
    partition = partitions()[place.aws_region]
    account = f"arn:{partition}:sagemaker:{place.aws_region}:{place.aws_account_id}"
    return f"{account}:endpoint-config/{name}"


def _model(settings: Settings, container: Container) -> Request:
    place = platform(settings)
    return {
        "PrimaryContainer": {"Image": container.image, "ModelDataUrl": container.model},
        "ExecutionRoleArn": place.execution_role_arn,
        "VpcConfig": {
            "SecurityGroupIds": [*place.security_group_ids],
            "Subnets": [*place.subnet_ids],
        },
        "EnableNetworkIsolation": True,
    }


def _config(settings: Settings, model: str) -> Request:
    own, key = settings.model.endpoint, platform(settings).kms_key_arn
    # One name of the variant before and after, as blue/green deployments want it (Developer Guide,
    # "Deployment guardrails", Exclusions); and alarms are about an endpoint's variant.
    request: Request = {
        "ProductionVariants": [
            {
                "VariantName": VARIANT,
                "ModelName": model,
                "InstanceType": own.instance.type,
                "InitialInstanceCount": instances(settings),
                "InitialVariantWeight": 1.0,
            }
        ]
    }
    if not own.instance.has_own_disk:
        request["KmsKeyId"] = key
    if own.capture.enabled:
        request["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": own.capture.sampling_percentage,
            "DestinationS3Uri": str(naming.captures(settings)).rstrip("/"),
            "KmsKeyId": key,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": CONTENT_TYPES,
        }
    return request


def _rollout(settings: Settings) -> Request:
    """DeploymentConfig: a new fleet beside the old one, which is ended when the new one is well."""
    own = settings.model.endpoint.rollout
    bake = own.bake_minutes * 60
    routing: Request = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": bake}
    if own.strategy == "canary":
        size = {"Type": "CAPACITY_PERCENT", "Value": own.canary_percent}
        routing = {"Type": "CANARY", "WaitIntervalInSeconds": bake, "CanarySize": size}
    request: Request = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": bake,
            "MaximumExecutionTimeoutInSeconds": own.timeout_minutes * 60,
        }
    }
    if names := alarms(settings):
        request["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": each} for each in names]}
    return request


def _named(start: str, content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True)
    return f"{start}-{hashlib.sha256(text.encode()).hexdigest()[:DIGEST]}"

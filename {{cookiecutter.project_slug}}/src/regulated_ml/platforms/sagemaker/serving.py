"""What endpoints on SageMaker serve, and what they have captured."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from regulated_ml.platforms.interface import Report
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.platforms.sagemaker.platform import NOT_FOUND
from regulated_ml.platforms.sagemaker.storage import bucket_there
from regulated_ml.security import clients
from regulated_ml.settings import Settings
from regulated_ml.tracking.captures import SUFFIX, Capture, search


class Serving(NamedTuple):
    """An endpoint, and the models behind it."""

    endpoint: str
    since: datetime  # when it was changed last
    models: tuple["Model", ...]


class Model(NamedTuple):
    """A model as SageMaker has it."""

    name: str
    data: str  # where its archive lies; empty where the package says it
    package: str  # the ARN of its version in the Model Registry; empty: it is none
    metadata: Mapping[str, str]  # of the package


def endpoint(settings: Settings, name: str) -> Serving | None:
    """What an endpoint serves now; None where there is none of this name."""
    from botocore.exceptions import ClientError

    client = clients.client(settings, "sagemaker")
    with clients.reached(settings):
        try:
            found = client.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if NOT_FOUND.search(error.response["Error"]["Message"]):
                return None
            raise
        config = client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        names = [variant["ModelName"] for variant in config["ProductionVariants"]]
        models = [model for each in names for model in _models(client, each)]
    return Serving(name, found["LastModifiedTime"], tuple(models))


def _models(client: Any, name: str) -> list[Model]:
    """The model of each container of a model."""
    answer = client.describe_model(ModelName=name)
    containers = answer.get("Containers") or [answer["PrimaryContainer"]]
    return [_model(client, name, each) for each in containers]


def _model(client: Any, name: str, container: Mapping[str, Any]) -> Model:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    package = container.get("ModelPackageName", "")
    metadata: Mapping[str, str] = {}
    if package:
        answer = client.describe_model_package(ModelPackageName=package)
        metadata = answer.get("CustomerMetadataProperties", {})
    return Model(name, container.get("ModelDataUrl", source), package, metadata)


def captured(settings: Settings, capture_id: str, report: Report) -> Capture | None:
    """The prediction of this id in the files of the environment's endpoints, the newest first."""
    address = naming.captures(settings)
    client = clients.client(settings, "s3")
    owner = {"ExpectedBucketOwner": clients.platform(settings).aws_account_id}
    pages = client.get_paginator("list_objects_v2")
    with bucket_there(settings, address.bucket):
        files = [
            (item["LastModified"], item["Key"])
            for page in pages.paginate(Bucket=address.bucket, Prefix=address.prefix, **owner)
            for item in page.get("Contents", ())
            if item["Key"].endswith(SUFFIX)
        ]
        for number, (_, key) in enumerate(sorted(files, reverse=True)):
            report(number, len(files), "looking through what was captured")
            lines = client.get_object(Bucket=address.bucket, Key=key, **owner)["Body"].iter_lines()
            place = key.removeprefix(address.prefix)
            if found := search(lines, capture_id, place, f"s3://{address.bucket}/{key}"):
                return found
    return None

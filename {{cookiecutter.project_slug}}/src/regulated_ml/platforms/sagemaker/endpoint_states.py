"""What SageMaker says of endpoints, and what it means for a deployment."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from regulated_ml.platforms.sagemaker.deployments import DIGEST

IN_SERVICE = "InService"
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
# Of the requests, what has to be there in the answer that describes it; the rest is in the name.
MODEL = ("PrimaryContainer.Image", "PrimaryContainer.ModelDataUrl", "ExecutionRoleArn")
CONFIG = ("ProductionVariants", "DataCaptureConfig.DestinationS3Uri", "KmsKeyId")


class Row(NamedTuple):
    """An endpoint, as a list shows it."""

    endpoint: str
    version: str  # as its configuration is called; empty: it is none of ours
    status: str
    since: datetime
    arn: str


def state(found: Mapping[str, Any]) -> tuple[str, str]:
    """Status and configuration of an endpoint."""
    return found["EndpointStatus"], found["EndpointConfigName"]


def is_on_the_way(found: Mapping[str, Any], wanted: str) -> bool:
    """Whether an endpoint is being brought to a configuration, as after an earlier command."""
    pending = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    if found["EndpointStatus"] == "Updating":
        return bool(pending == wanted)
    return bool(found["EndpointStatus"] == "Creating" and found["EndpointConfigName"] == wanted)


def stages(found: Mapping[str, Any]) -> list[str]:
    """What the new fleet does just now, where SageMaker tells it: Creating, Baking ..."""
    variants = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    return [said["Status"] for each in variants for said in each.get("VariantStatus", [])]


def row(found: Mapping[str, Any]) -> Row:
    """A row of the list."""
    name = found["EndpointName"]
    serves = version(found["EndpointConfigName"], name)
    changed = found["LastModifiedTime"]
    return Row(name, serves, found["EndpointStatus"], changed, found["EndpointArn"])


def version(made: str, endpoint: str) -> str:
    """The version that a configuration or a model was made for; empty where it is another's."""
    found = re.fullmatch(rf"{re.escape(endpoint)}-(v\d+)-[0-9a-f]{{{DIGEST}}}", made)
    return found[1] if found else ""


def at(content: Any, path: str) -> Any:
    """What stands at a path; of variants what decides: model, machines and their number."""
    for part in path.split("."):
        content = content.get(part) if isinstance(content, Mapping) else None
    if path == "ProductionVariants":
        fields = ("ModelName", "InstanceType", "InitialInstanceCount")
        return [{field: each.get(field) for field in fields} for each in content or ()]
    return content

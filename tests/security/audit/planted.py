"""An account seeded by hand: what keeps every control, and 30 resources that break one each."""

import copy
import json
import re
from typing import Any, NamedTuple

from aws import ACCOUNT, REGION

from .compliant import COMPLIANT, Request, Team

FOREIGN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-12ab-34cd-56ef-1234567890ab"
FOREIGN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/anothers"


class Planted(NamedTuple):
    """A resource that breaks one control: what is written into one field of its request."""

    operation: str
    control: str
    field: str  # where the audit must find it
    value: Any  # an ellipsis: the field is left out

    def change(self, request: Request) -> None:
        """Breaks the control in a request that keeps it."""
        if self.field.startswith(IN_STEP):
            definition = json.loads(request["PipelineDefinition"])
            path = self.field.removeprefix(IN_STEP)
            _write(definition["Steps"][0]["Arguments"], path, self.value)
            request["PipelineDefinition"] = json.dumps(definition)
        else:
            _write(request, self.field, self.value)


def _write(request: Request, field: str, value: Any) -> None:
    parts = [part for part in re.split(r"[.\[\]]+", field) if part]
    *before, last = [int(part) if part.isdigit() else part for part in parts]
    holder: Any = request
    for part in before:
        holder = holder[part]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value


IN_STEP = "PipelineDefinition: step Train: "
MONITORED = "MonitoringScheduleConfig.MonitoringJobDefinition"
ELSEWHERE = "s3://somebody-elses-bucket/x"
FOREIGN_IMAGE = f"999999999999.dkr.ecr.{REGION}.amazonaws.com/x:1"
WRONG_OWNER = [{"Key": "owner", "Value": "nobody@example.com"}]

# Written by hand: what is planted, and the control and field that must be found for it.
_ROWS: tuple[tuple[str, str, str, Any], ...] = (
    ("CreateTrainingJob", "RML-VPC-1", "VpcConfig.Subnets", ["subnet-0badbadb"]),
    ("CreateTrainingJob", "RML-ISO-1", "EnableNetworkIsolation", False),
    ("CreateTrainingJob", "RML-ENC-1", "EnableInterContainerTrafficEncryption", False),
    ("CreateTrainingJob", "RML-KEY-1", "ResourceConfig.VolumeKmsKeyId", ...),
    ("CreateTrainingJob", "RML-KEY-2", "OutputDataConfig.KmsKeyId", FOREIGN_KEY),
    ("CreateTrainingJob", "RML-S3-1", "OutputDataConfig.S3OutputPath", ELSEWHERE),
    (
        "CreateTrainingJob",
        "RML-S3-2",
        "InputDataConfig[0].DataSource.S3DataSource.S3Uri",
        ELSEWHERE,
    ),
    ("CreateTrainingJob", "RML-IMG-1", "AlgorithmSpecification.TrainingImage", "docker.io/x:1"),
    ("CreateTrainingJob", "RML-ROLE-1", "RoleArn", FOREIGN_ROLE),
    ("CreateTrainingJob", "RML-TAG-1", "Tags", ...),
    (
        "CreateProcessingJob",
        "RML-VPC-1",
        "NetworkConfig.VpcConfig.SecurityGroupIds",
        ["sg-0badbadb"],
    ),
    ("CreateProcessingJob", "RML-ISO-1", "NetworkConfig.EnableNetworkIsolation", ...),
    ("CreateTransformJob", "RML-KEY-1", "TransformResources.VolumeKmsKeyId", ...),
    (
        "CreateHyperParameterTuningJob",
        "RML-ENC-1",
        "TrainingJobDefinition.EnableInterContainerTrafficEncryption",
        ...,
    ),
    ("CreateAutoMLJobV2", "RML-KEY-2", "OutputDataConfig.KmsKeyId", ...),
    ("CreateCompilationJob", "RML-S3-1", "OutputConfig.S3OutputLocation", ELSEWHERE),
    ("CreateModel", "RML-ISO-1", "EnableNetworkIsolation", False),
    ("CreateModel", "RML-IMG-1", "PrimaryContainer.Image", FOREIGN_IMAGE),
    ("CreateEndpointConfig", "RML-KEY-3", "DataCaptureConfig.KmsKeyId", ...),
    ("CreateEndpoint", "RML-TAG-1", "Tags", WRONG_OWNER),
    ("CreateNotebookInstance", "RML-VPC-2", "DirectInternetAccess", "Enabled"),
    ("CreateNotebookInstance", "RML-ACCESS-1", "RootAccess", "Enabled"),
    ("CreateDomain", "RML-VPC-2", "AppNetworkAccessType", "PublicInternetOnly"),
    ("CreateUserProfile", "RML-ROLE-1", "UserSettings.ExecutionRole", FOREIGN_ROLE),
    ("CreateFeatureGroup", "RML-KEY-4", "OfflineStoreConfig.S3StorageConfig.KmsKeyId", ...),
    (
        "CreateDataQualityJobDefinition",
        "RML-KEY-2",
        "DataQualityJobOutputConfig.KmsKeyId",
        FOREIGN_KEY,
    ),
    (
        "CreateMonitoringSchedule",
        "RML-ISO-1",
        f"{MONITORED}.NetworkConfig.EnableNetworkIsolation",
        False,
    ),
    ("CreatePipeline", "RML-KEY-2", f"{IN_STEP}OutputDataConfig.KmsKeyId", ...),
    ("CreateInferenceExperiment", "RML-KEY-5", "DataStorageConfig.KmsKey", ...),
    ("CreateCluster", "RML-S3-2", "InstanceGroups[0].LifeCycleConfig.SourceS3Uri", ELSEWHERE),
)
PLANTED = tuple(Planted(*row) for row in _ROWS)


def named(operation: str, number: int = -1) -> str:
    """The name of a resource: of a compliant one, or of the planted one with a number."""
    kind = operation.removeprefix("Create").removesuffix("V2").lower()
    return f"credit-default-{kind}" + (f"-{number}" if number >= 0 else "")


def requests(team: Team) -> list[tuple[str, Request]]:
    """Every request: one that keeps all controls for each operation, then the planted ones."""
    found = [(name, make(team, named(name))) for name, make in COMPLIANT.items()]
    for number, planted in enumerate(PLANTED):
        request = copy.deepcopy(
            COMPLIANT[planted.operation](team, named(planted.operation, number))
        )
        planted.change(request)
        found.append((planted.operation, request))
    return found

"""Says what is wrong with a request as it is sent, from what its members are called in botocore.

It shares no code and no list with the guard, nor does it read the table of cases: a member that is
called like a key must be the team's key, wherever it is. What may be missing is said below, each
with its reason.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from . import model
from .table import is_excluded
from .values import Team, is_right

MUST = {
    "key": "key",
    "subnet": "subnets",
    "group": "groups",
    "vpc": "vpc",
    "isolation": True,
    "encryption": True,
    "tag": "tags",
    "image": "registry",
    "bucket": "bucket",
    "role": "role",
    "outside": "absent",
    "source": "source",
}

# What a field of the kind "access" must be, by its name.
ACCESS: dict[str, Any] = {
    "DirectInternetAccess": "Disabled",
    "RootAccess": "Disabled",
    "AppNetworkAccessType": "VpcOnly",
    "MinimumInstanceMetadataServiceVersion": "2",
    "PlatformIdentifier": "notebook-al2023-v1",
    "EnableRemoteDebug": False,
    "EnableSSMAccess": False,
    "RemoteAccess": "DISABLED",
    "EnableDockerAccess": "DISABLED",
    "VpcOnlyTrustedAccounts": "account",
    "NotebookOutputOption": "Disabled",
    "S3BucketOwnerVerification": True,
    "RepositoryAccessMode": "Vpc",
    "TrainingRepositoryAccessMode": "Vpc",
}
# Those whose default is not safe, so that leaving them out is wrong.
UNSAFE_DEFAULTS = {
    "DirectInternetAccess",
    "RootAccess",
    "AppNetworkAccessType",
    "MinimumInstanceMetadataServiceVersion",
}

# What holds the network and keys: where one could be and is not, all that it could hold is missing.
CARRIERS = re.compile(
    r".*[ .](VpcConfig|NetworkConfig|SecurityConfig|AutoMLJobConfig|LabelingJobResourceConfig"
    r"|InstanceMetadataServiceConfiguration)$|CreateInferenceRecommendationsJob OutputConfig$"
)

# What may be left out, matched against "Operation path".
OPTIONAL = {
    r"Update(?!MonitoringSchedule|DeviceFleet|InferenceRouter)\w+ .*": "an update leaves the rest",
    r"\w+ .*OverrideVpcConfig.*": "else the cluster's own",
    r"\w+ WorkforceVpcConfig.*": "the account's",
    r"\w+ HomeEfsFileSystemKmsKeyId": "deprecated for KmsKeyId",
    r"\w+ DefaultSpaceSettings\.SecurityGroups": "else the domain's",
    r"\w+ DomainSettings\.SecurityGroupIds": "for RStudio only",
    r"CreateUserProfile UserSettings\.SecurityGroups": "else the domain's",
    r"\w+ .*SharingSettings\.S3KmsKeyId": "only where outputs are shared",
    r"AddTags Tags": "one tag can be added",
}

# Instances with local disks, which their own hardware encrypts (EC2 user guide, instance store
# volumes): the families with a `d` and these.
LOCAL_DISKS = re.compile(
    r"ml\.([a-z]+\d+[a-z]*d[a-z]*|p4de?|p5\w*|p6\w*|g4\w+|g5|g6e?|g6f|gr6f?|g7e?|dl1|trn\w+|i\d\w*)[.-]"
)


class Request:
    """A request as sent, held against the model of its operation."""

    def __init__(self, operation: str, request: Mapping[str, Any], team: Team) -> None:
        self.operation = operation
        self.request = request
        self.team = team
        self.kinds = {
            field.path: field.kind
            for field in model.fields(model.service().operation_model(operation))
        }

    def wrong(self) -> Iterator[tuple[str, str]]:
        """Each field that is wrong, with "missing" or "contradicts"."""
        shape = model.service().operation_model(self.operation).input_shape
        yield from self._structure(shape, self.request, "")

    def _visit(self, shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if path in self.kinds and not is_excluded(self.operation, path):
            must = self._must(path)
            if must is not None and not is_right(must, value, self.team):
                yield path, "contradicts"
            elif must == "tags" and self.operation.startswith("Create"):
                keys = {tag["Key"] for tag in value}
                if not set(self.team.tags) <= keys:
                    yield path, "missing"
        elif shape.type_name == "structure" and isinstance(value, Mapping):
            yield from self._structure(shape, value, path)
        elif shape.type_name == "list" and isinstance(value, list):
            for element in value:
                yield from self._visit(shape.member, element, f"{path}[]")
        elif shape.type_name == "map" and isinstance(value, Mapping):
            for element in value.values():
                yield from self._visit(shape.value, element, f"{path}{{}}")
        elif path.endswith("PipelineDefinition"):
            yield from ((f"{path}:{inner}", how) for inner, how in pipeline(value, self.team))

    def _structure(
        self, shape: Shape, value: Mapping[str, Any], path: str
    ) -> Iterator[tuple[str, str]]:
        for name, member in shape.members.items():
            below = f"{path}.{name}" if path else name
            if name in value:
                yield from self._visit(member, value[name], below)
            elif below in self.kinds:
                if self._is_missing(below, value):
                    yield below, "missing"
            elif CARRIERS.match(f"{self.operation} {below}") and not self._may_be_absent(below):
                yield from self._structure(member, {}, below)

    def _must(self, path: str) -> Any:
        name = path.rpartition(".")[2].removesuffix("[]")
        kind = self.kinds[path]
        return ACCESS.get(name) if kind == "access" else MUST.get(kind)

    def _is_missing(self, path: str, beside: Mapping[str, Any]) -> bool:
        if is_excluded(self.operation, path) or self._may_be_absent(path):
            return False
        name = path.rpartition(".")[2]
        if self.kinds[path] == "access":
            return name in UNSAFE_DEFAULTS
        if self.kinds[path] in {"image", "bucket", "role", "outside", "source"}:
            return False
        is_volume = (
            name == "VolumeKmsKeyId"
            or f"{self.operation}.{path}" == "CreateEndpointConfig.KmsKeyId"
        )
        return not (is_volume and has_local_disks(beside))

    def _may_be_absent(self, path: str) -> bool:
        name = f"{self.operation} {path}"
        if self.operation == "CreateEndpointConfig" and path.startswith(("VpcConfig", "EnableNet")):
            # The API takes them only where no variant names a model: there they are the model's.
            return any("ModelName" in v for v in self.request.get("ProductionVariants") or ())
        if name == "CreateModelPackage Tags":
            # AWS: a version in a group has the group's tags, and may not be given any.
            return "ModelPackageGroupName" in self.request
        return any(re.fullmatch(pattern, name) for pattern in OPTIONAL)


def wrong(operation: str, request: Mapping[str, Any], team: Team) -> set[tuple[str, str]]:
    """What is wrong with a request to SageMaker: (field, "missing" or "contradicts")."""
    return set(Request(operation, request, team).wrong())


def pipeline(text: str, team: Team) -> Iterator[tuple[str, str]]:
    """What is wrong with the jobs in a pipeline's definition."""
    operations = {
        "Training": "CreateTrainingJob",
        "Processing": "CreateProcessingJob",
        "Transform": "CreateTransformJob",
        "Tuning": "CreateHyperParameterTuningJob",
        "Model": "CreateModel",
        "AutoML": "CreateAutoMLJobV2",
        "RegisterModel": "CreateModelPackage",
    }
    for step in steps(json.loads(text)["Steps"]):
        if operation := operations.get(step["Type"]):
            for field, how in wrong(operation, step["Arguments"], team):
                yield f"{step['Name']}.{field}", how


def steps(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The steps of a pipeline, those behind conditions too."""
    for step in found:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from steps(step.get("Arguments", {}).get(branch, []))


def has_local_disks(beside: Any) -> bool:
    """Whether a structure has an instance type with disks for which no volume key can be given."""
    if isinstance(beside, Mapping):
        return any(
            (isinstance(value, str) and name.endswith("InstanceType") and LOCAL_DISKS.match(value))
            or has_local_disks(value)
            for name, value in beside.items()
        )
    return isinstance(beside, list) and any(has_local_disks(one) for one in beside)

"""Walks botocore's model for the fields that an auditor would ask about, by what they are called.

Nothing here knows the standard's catalogue: it is what the catalogue is held against.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

# Operations that neither make nor change anything: they read, stop or take away.
READING = re.compile(
    "(Batch)?(Describe|List|Get|Search|Query|Render|Delete|Stop|Deregister|Detach|Disassociate|Disable|Reboot)"
)

# What a member is about, by its name and, after a colon, its shape's; the first that fits counts.
KINDS = {
    "key": re.compile(r"Kms(Key)?(Id|Arn)?:|:(Customer)?KmsKey(Id|Arn)$"),
    "subnet": re.compile(r"^Subnet(s|Id|Ids):"),
    "group": re.compile(r"^SecurityGroup(s|Id|Ids):"),
    "vpc": re.compile(r"^VpcId:"),
    "isolation": re.compile(r"NetworkIsolation:"),
    "encryption": re.compile(r"Encryption:"),
    "access": re.compile(
        "(Access|AccessMode|AccessType|AccessStatus|RemoteDebug|RootlessDocker|SourceIp|Cidrs|TrustedAccounts|SharingType"
        "|NotebookOutputOption|MetadataServiceVersion|PlatformIdentifier|ResourcePolicy|SecurityGroupManagement"
        "|SessionTagChaining|BucketOwnerVerification|SessionBasedIdentity):"
    ),
    "tag": re.compile(r"^Tags:TagList$"),
    "image": re.compile(
        r":(ContainerImage|AlgorithmImage|ImageUri|OptimizationContainerImage|ImageBaseImage)$"
    ),
    "bucket": re.compile(
        r":(S3Uri|(Destination|Monitoring|InferenceRouter)S3Uri|S3(Model|Schema)Uri|S3OutputPath"
        "|OutputS3Path)$|^(ModelDataUrl|ArtifactUrl|ShapBaselineUri|SamplePayloadUrl):"
    ),
    "role": re.compile(r":RoleArn$"),
    # A request that is not in the request, people outside who would see the data, and rows that
    # have no hash.
    "outside": re.compile(
        r":(PipelineDefinitionS3Location|PublicWorkforceTaskPrice|FileSystemDataSource)$"
    ),
    "source": re.compile(r":ModelPackageSourceUri$"),
}


class Field(NamedTuple):
    """A member of an operation's input; `path` as in `ProductionVariants[].EnableSSMAccess`."""

    operation: str
    path: str
    kind: str
    shape: Shape


@cache
def service(name: str = "sagemaker") -> ServiceModel:
    """The model that botocore ships for a service."""
    return botocore.session.get_session().get_service_model(name)


def writing_operations(name: str = "sagemaker") -> list[OperationModel]:
    """The operations that create, update, start or put something."""
    model = service(name)
    return [
        model.operation_model(operation)
        for operation in model.operation_names
        if not READING.match(operation)
    ]


def fields(operation: OperationModel) -> Iterator[Field]:
    """The members of an operation's input that have a kind."""
    for path, member in members(operation.input_shape) if operation.input_shape else ():
        name = f"{path.rpartition('.')[2]}:{member.name}"
        kind = next((kind for kind, pattern in KINDS.items() if pattern.search(name)), None)
        if kind and (kind == "outside" or member.type_name not in {"structure", "map"}):
            yield Field(operation.name, path, kind, member)


def members(
    shape: Shape, path: str = "", above: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Shape]]:
    """Every member below a shape with its path, where shapes that hold themselves end."""
    if shape.name in above:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            below = f"{path}.{name}" if path else name
            yield below, member
            yield from members(member, below, above | {shape.name})
    elif shape.type_name == "list":
        yield from members(shape.member, f"{path}[]", above | {shape.name})
    elif shape.type_name == "map":
        yield from members(shape.value, f"{path}{{}}", above | {shape.name})

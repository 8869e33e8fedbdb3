"""What the audit lists: a row for each kind of resource that a control covers.

Most rows need one word, since SageMaker's operations have regular names: `CreateTrainingJob` makes
what `ListTrainingJobs` lists and `DescribeTrainingJob` describes, by `TrainingJobName`. Where AWS
deviates, the row says so. A test holds the rows to botocore's model and to the catalogue.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from regulated_ml.security.aws_models import service_model

BOTH_TYPES = {"ModelPackageType": "Both"}  # without it, the packages of groups are not listed
Words = Mapping[str, str]


@dataclass(frozen=True)
class Resource:
    """A kind of resource: how it is made, listed and described."""

    create: str  # the operation whose requirements hold
    list: str = ""  # "": List, and the plural of what is made
    describe: str | None = ""  # "": Describe, and what is made; None: the list says all there is
    name: str = ""  # of the list: "": Name, after what is made
    keys: Words = field(default_factory=dict)  # of the description's request -> of the list
    arguments: Words = field(default_factory=dict)  # of the list's request
    parent: str = ""  # the operation that makes what it belongs to
    of_parent: Words = field(default_factory=dict)  # of the list's request -> of the parent's list
    inside: str = ""  # the member of the description that holds it
    renamed: Words = field(default_factory=dict)  # of the request -> of the description
    optional_keys: tuple[str, ...] = ()  # asked of the description where the list has them

    @cached_property
    def kind(self) -> str:
        """What is made: TrainingJob."""
        return re.sub(r"^(Create|Register|Import)|V2$", "", self.create)

    @cached_property
    def words(self) -> str:
        """The kind as a person writes it: training job."""
        parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", self.kind)
        return " ".join(word if word.isupper() else word.lower() for word in parted.split())

    @cached_property
    def is_job(self) -> bool:
        """Whether it comes to an end by itself, and stays in the list for good."""
        return self.kind.endswith("Job")

    @cached_property
    def list_operation(self) -> str:
        """The operation that lists them."""
        plural = self.kind[:-1] + "ies" if self.kind.endswith("y") else self.kind + "s"
        return self.list or f"List{plural}"

    @cached_property
    def describe_operation(self) -> str | None:
        """The operation that describes one, or None."""
        if self.describe is None:
            return None
        return self.describe or f"Describe{self.create.removeprefix('Create')}"

    @cached_property
    def items(self) -> str:
        """The member of the list's answer that holds the elements."""
        members = (
            service_model("sagemaker").operation_model(self.list_operation).output_shape.members
        )
        return next(str(name) for name, shape in members.items() if shape.type_name == "list")

    @cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What the list's request must name one of; it is made once for each."""
        shape = service_model("sagemaker").operation_model(self.list_operation).input_shape
        given = {*self.arguments, *self.of_parent}
        needed = [name for name in shape.required_members if name not in given]
        return {name: tuple(shape.members[name].enum) for name in needed}

    @cached_property
    def name_member(self) -> str:
        """The member of the list's elements that names one."""
        return self.name or f"{self.kind}Name"

    def key(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """The request that describes what an element of the list names."""
        if self.describe_operation is None:
            return {}
        shape = service_model("sagemaker").operation_model(self.describe_operation).input_shape
        wanted = [*shape.required_members, *(key for key in self.optional_keys if key in summary)]
        return {member: summary[self.keys.get(member, member)] for member in wanted}

    def arn(self, *answers: Mapping[str, Any]) -> str:
        """The ARN that the description, or the list, says: the member called after the kind."""
        for answer in answers:
            names = [f"{self.kind}Arn", *(name for name in answer if name.endswith("Arn"))]
            if found := next((answer[name] for name in names if name in answer), ""):
                return str(found)
        return ""


CONTAINER = "Specification.Container"
IMAGE = f"{CONTAINER}.Image"
DEFINITION: dict[str, Any] = {
    "keys": {"JobDefinitionName": "MonitoringJobDefinitionName"},
    "name": "MonitoringJobDefinitionName",
}
BY_NAME: dict[str, Any] = {"name": "Name"}

RESOURCES = (
    # Jobs.
    Resource("CreateTrainingJob"),
    Resource("CreateProcessingJob"),
    Resource("CreateTransformJob"),
    Resource("CreateHyperParameterTuningJob"),
    Resource("CreateAutoMLJobV2"),  # describes those of version 1, too
    Resource("CreateCompilationJob"),
    Resource("CreateOptimizationJob"),
    Resource("CreateLabelingJob"),
    Resource("CreateEdgePackagingJob"),
    Resource("CreateInferenceRecommendationsJob", name="JobName"),
    Resource("CreateAIBenchmarkJob"),
    Resource("CreateAIRecommendationJob"),
    Resource("CreateAIWorkloadConfig"),
    Resource("CreateJob", name="JobName"),
    Resource("CreateTrainingPlan"),
    Resource(
        "CreateTrainingSession",
        name="TrainingSessionArn",
        keys={"TrainingSessionName": "TrainingSessionArn"},
        inside="TrainingSessionDetail",
    ),
    # Models, and what serves them.
    Resource("CreateModel"),
    Resource("CreateEndpointConfig"),
    Resource("CreateEndpoint"),
    Resource(
        "CreateInferenceComponent", renamed={IMAGE: f"{CONTAINER}.DeployedImage.SpecifiedImage"}
    ),
    Resource("CreateInferenceRouter"),
    Resource(
        "CreateInferenceExperiment",
        name="Name",
        renamed={"EndpointName": "EndpointMetadata.EndpointName"},
    ),
    Resource(
        "CreateModelPackage",
        name="ModelPackageArn",  # a version has no name of its own
        keys={"ModelPackageName": "ModelPackageArn"},
        arguments=BOTH_TYPES,
    ),
    Resource("CreateModelPackageGroup"),
    Resource("CreateModelCard"),
    Resource(
        "CreateModelCardExportJob",
        parent="CreateModelCard",
        of_parent={"ModelCardName": "ModelCardName"},
    ),
    Resource("CreateAlgorithm"),
    # Monitoring.
    Resource("CreateMonitoringSchedule"),
    Resource("CreateDataQualityJobDefinition", **DEFINITION),
    Resource("CreateModelQualityJobDefinition", **DEFINITION),
    Resource("CreateModelBiasJobDefinition", **DEFINITION),
    Resource("CreateModelExplainabilityJobDefinition", **DEFINITION),
    # Where people work.
    Resource(
        "CreateNotebookInstance",
        renamed={
            "SecurityGroupIds": "SecurityGroups",
            "LifecycleConfigName": "NotebookInstanceLifecycleConfigName",
        },
    ),
    Resource("CreateNotebookInstanceLifecycleConfig"),
    Resource("CreateCodeRepository"),
    Resource("CreateDomain"),
    Resource("CreateUserProfile"),
    Resource("CreateSpace"),
    Resource("CreateApp", optional_keys=("UserProfileName", "SpaceName")),
    Resource("CreateAppImageConfig"),
    Resource("CreateStudioLifecycleConfig"),
    Resource("CreateImage"),
    Resource(
        "CreateImageVersion",
        name="ImageVersionArn",
        parent="CreateImage",
        of_parent={"ImageName": "ImageName"},
        keys={"ImageName": "ImageArn"},
        optional_keys=("Version",),
    ),
    Resource("CreateMlflowApp", **BY_NAME),
    Resource("CreateMlflowTrackingServer", name="TrackingServerName"),
    Resource("CreatePartnerApp", **BY_NAME),
    # Pipelines and lineage.
    Resource("CreatePipeline"),
    Resource("CreateProject"),
    Resource("CreateExperiment"),
    Resource("CreateTrial"),
    Resource("CreateTrialComponent"),
    Resource("CreateAction"),
    Resource("CreateArtifact", name="ArtifactArn"),  # its name may be missing
    Resource("CreateContext"),
    # Features, labels, people, devices, hubs, clusters.
    Resource("CreateFeatureGroup"),
    Resource("CreateFlowDefinition"),
    Resource("CreateHumanTaskUi"),
    Resource("CreateWorkforce", inside="Workforce"),
    Resource("CreateWorkteam", inside="Workteam"),
    Resource("CreateDeviceFleet"),
    Resource("RegisterDevices", list="ListDevices", describe=None, name="DeviceName"),
    Resource("CreateEdgeDeploymentPlan"),
    Resource("CreateHub"),
    Resource(
        "ImportHubContent",
        describe="DescribeHubContent",
        parent="CreateHub",
        of_parent={"HubName": "HubName"},
    ),
    Resource("CreateCluster"),
    Resource(
        "CreateClusterExtension",
        name="ExtensionName",
        parent="CreateCluster",
        of_parent={"ClusterArn": "ClusterArn"},
        inside="ExtensionDetails",
    ),
    Resource("CreateClusterSchedulerConfig", **BY_NAME),
    Resource("CreateComputeQuota", **BY_NAME),
)

PRESIGNED = "an address is given and not kept; CloudTrail has the call"
POLICY = "a policy is reviewed and deployed as code; CloudTrail has the call"
# What the audit does not list although a control covers its operation, and why.
NOT_LISTED = {
    "CreateHubContentReference": "ListHubContents lists it with what ImportHubContent makes",
    "CreatePresignedDomainUrl": PRESIGNED,
    "CreatePresignedNotebookInstanceUrl": PRESIGNED,
    "CreatePresignedMlflowTrackingServerUrl": PRESIGNED,
    "CreatePresignedMlflowAppUrl": PRESIGNED,
    "CreatePartnerAppPresignedUrl": PRESIGNED,
    "CreateHubContentPresignedUrls": PRESIGNED,
    "AddTags": "what it changes is listed with its tags",
    "PutModelPackageGroupPolicy": POLICY,
    "PutEndpointPolicy": POLICY,
    "UpdateEndpointWeightsAndCapacities": "an endpoint is held to by its configuration",
    "StartSession": "a session ends and is not listed; CloudTrail has the call",
    "StartPipelineExecution": "what an execution starts is listed as jobs and models",
}


def created_by(operation: str) -> Resource | None:
    """The row of what an operation makes or changes, or None where nothing of it can be listed."""
    return _BY_KIND.get(re.sub(r"^(Create|Update|Register|Import)|V2$", "", operation))


_BY_KIND = {row.kind: row for row in RESOURCES}

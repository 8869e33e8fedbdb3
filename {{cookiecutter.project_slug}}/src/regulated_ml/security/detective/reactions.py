"""What the function does about a request that broke a control: one call for each operation.

What runs is stopped; what would be used later is deleted, as it has only just been made. Where
people's work would be lost, or nothing is left to undo, it is reported and no more: `REPORTED` has
the reasons.
"""

from collections.abc import Mapping
from typing import NamedTuple

# Beneath these a violation is reported, and nothing is stopped: a lacking tag stops no training.
SEVERITIES = frozenset({"high", "critical"})


class Reaction(NamedTuple):
    """A call of SageMaker; each parameter with the member of request or answer that it gets."""

    call: str
    parameters: Mapping[str, str]


def _stop(thing: str, *names: str) -> Reaction:
    return Reaction(f"Stop{thing}", {name: name for name in names or (f"{thing}Name",)})


def _delete(thing: str, *names: str) -> Reaction:
    return Reaction(f"Delete{thing}", {name: name for name in names or (f"{thing}Name",)})


REACTIONS: Mapping[str, Reaction] = {
    "CreateAIBenchmarkJob": _stop("AIBenchmarkJob"),
    "CreateAIRecommendationJob": _stop("AIRecommendationJob"),
    "CreateAIWorkloadConfig": _delete("AIWorkloadConfig"),
    "CreateAlgorithm": _delete("Algorithm"),
    "CreateAutoMLJob": _stop("AutoMLJob"),
    "CreateAutoMLJobV2": _stop("AutoMLJob"),
    "CreateCluster": _delete("Cluster"),
    "CreateCompilationJob": _stop("CompilationJob"),
    "CreateDataQualityJobDefinition": _delete("DataQualityJobDefinition", "JobDefinitionName"),
    "CreateDeviceFleet": _delete("DeviceFleet"),
    "CreateEdgePackagingJob": _stop("EdgePackagingJob"),
    "CreateEndpoint": _delete("Endpoint"),
    "CreateEndpointConfig": _delete("EndpointConfig"),
    "CreateFeatureGroup": _delete("FeatureGroup"),
    "CreateFlowDefinition": _delete("FlowDefinition"),
    "CreateHub": _delete("Hub"),
    "CreateHyperParameterTuningJob": _stop("HyperParameterTuningJob"),
    "CreateImage": _delete("Image"),
    "CreateInferenceComponent": _delete("InferenceComponent"),
    "CreateInferenceExperiment": _delete("InferenceExperiment", "Name"),
    "CreateInferenceRecommendationsJob": _stop("InferenceRecommendationsJob", "JobName"),
    "CreateInferenceRouter": _delete("InferenceRouter"),
    "CreateJob": _stop("Job", "JobName", "JobCategory"),
    "CreateLabelingJob": _stop("LabelingJob"),
    "CreateMlflowApp": _delete("MlflowApp", "Arn"),
    "CreateMlflowTrackingServer": _stop("MlflowTrackingServer", "TrackingServerName"),
    "CreateModel": _delete("Model"),
    "CreateModelBiasJobDefinition": _delete("ModelBiasJobDefinition", "JobDefinitionName"),
    "CreateModelExplainabilityJobDefinition": _delete(
        "ModelExplainabilityJobDefinition", "JobDefinitionName"
    ),
    "CreateModelPackage": Reaction("DeleteModelPackage", {"ModelPackageName": "ModelPackageArn"}),
    "CreateModelQualityJobDefinition": _delete("ModelQualityJobDefinition", "JobDefinitionName"),
    "CreateMonitoringSchedule": _stop("MonitoringSchedule"),
    "CreateNotebookInstance": _stop("NotebookInstance"),
    "CreateOptimizationJob": _stop("OptimizationJob"),
    "CreatePartnerApp": _delete("PartnerApp", "Arn"),
    "CreatePipeline": _delete("Pipeline"),
    "CreateProcessingJob": _stop("ProcessingJob"),
    "CreateTrainingJob": _stop("TrainingJob"),
    "CreateTrainingSession": _stop("TrainingSession"),
    "CreateTransformJob": _stop("TransformJob"),
    "PutEndpointPolicy": _delete("EndpointPolicy", "EndpointName"),
    "PutModelPackageGroupPolicy": _delete("ModelPackageGroupPolicy", "ModelPackageGroupName"),
    "StartPipelineExecution": _stop("PipelineExecution", "PipelineExecutionArn"),
    "UpdateInferenceComponent": _delete("InferenceComponent"),
    "UpdateInferenceRouter": _delete("InferenceRouter"),
    "UpdateMlflowTrackingServer": _stop("MlflowTrackingServer", "TrackingServerName"),
    "UpdateMonitoringSchedule": _stop("MonitoringSchedule"),
    "UpdateTrainingJob": _stop("TrainingJob"),
}
_WORK = "people's work is in it"
_OUT = "whoever asked has the answer already"
_BEFORE = "what it was before is not known, and deleting it would delete more than the change"
REPORTED: Mapping[str, str] = {
    "AddTags": _BEFORE,
    "CreateDomain": _WORK,
    "CreateHubContentPresignedUrls": _OUT,
    "CreateImageVersion": "nothing runs it before a request names it, which is checked itself",
    "CreateModelCardExportJob": "it is over in seconds and has no stop",
    "CreatePartnerAppPresignedUrl": _OUT,
    "CreatePresignedDomainUrl": _OUT,
    "CreatePresignedMlflowAppUrl": _OUT,
    "CreatePresignedMlflowTrackingServerUrl": _OUT,
    "CreatePresignedNotebookInstanceUrl": _OUT,
    "CreateProject": "its stack has made things that people may use, and would take them along",
    "CreateSpace": _WORK,
    "CreateUserProfile": _WORK,
    "CreateWorkforce": _WORK,
    "StartSession": _OUT,
    "UpdateCluster": _BEFORE,
    "UpdateDeviceFleet": _BEFORE,
    "UpdateDomain": _BEFORE,
    "UpdateEndpoint": "it may be in production; the finding is an alarm",
    "UpdateImage": _BEFORE,
    "UpdateInferenceExperiment": _BEFORE,
    "UpdateMlflowApp": _BEFORE,
    "UpdateModelPackage": _BEFORE,
    "UpdateNotebookInstance": "it is stopped while it is changed, and the audit checks it",
    "UpdatePipeline": _BEFORE,
    "UpdateSpace": _WORK,
    "UpdateUserProfile": _WORK,
    "UpdateWorkforce": _WORK,
}
CALLS = tuple(sorted({reaction.call for reaction in REACTIONS.values()}))

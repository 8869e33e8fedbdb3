"""What roles may do beside their inline policies, which have no room for it: managed policies.

Who deploys has its endpoint monitored, and ends the stages of the delivery; who trains may train by
the pipeline.
"""

from typing import NamedTuple

from regulated_ml.security.policies import places
from regulated_ml.security.policies.documents import MANAGED, Policy, document
from regulated_ml.security.policies.roles import statements
from regulated_ml.security.policies.tables import ANY, IS_OURS, MADE_AS_OURS, Row, tagging

TYPES = ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
MONITORS = (
    Row(
        "ScheduleMonitors",
        (
            *(f"sagemaker:Create{each}JobDefinition" for each in TYPES),
            "sagemaker:CreateMonitoringSchedule",
        ),
        (*places.DEFINITIONS, places.SCHEDULES),
        MADE_AS_OURS,
    ),
    Row(
        "TagMonitors",
        ("sagemaker:AddTags",),
        (*places.DEFINITIONS, places.SCHEDULES),
        tagging(
            *(f"Create{each}JobDefinition" for each in TYPES),
            "CreateMonitoringSchedule",
        ),
    ),
    Row(
        "ChangeAndEndMonitors",
        (
            *(f"sagemaker:Delete{each}JobDefinition" for each in TYPES),
            "sagemaker:DeleteMonitoringSchedule",
            "sagemaker:UpdateMonitoringSchedule",
        ),
        (*places.DEFINITIONS, places.SCHEDULES),
        IS_OURS,
    ),
    Row(
        "SeeMonitors",
        (
            *(f"sagemaker:Describe{each}JobDefinition" for each in TYPES),
            "sagemaker:DescribeMonitoringSchedule",
            "sagemaker:DescribeProcessingJob",
        ),
        (*places.DEFINITIONS, places.SCHEDULES, places.MONITORING_JOBS),
    ),
    Row("ListWhatMonitorsHaveDone", ("sagemaker:ListMonitoringExecutions",), ANY),
    # What definitions name, and labels.
    Row("WriteWhatMonitorsRead", ("s3:PutObject",), (places.MONITOR_FILES, places.TRUTH)),
)
PIPELINES = (
    Row(
        "MakeThePipelineAndTheCandidatesGroup",
        ("sagemaker:CreateModelPackageGroup", "sagemaker:CreatePipeline"),
        (places.CANDIDATES, places.PIPELINE),
        MADE_AS_OURS,
    ),
    Row(
        "TagThem",
        ("sagemaker:AddTags",),
        (places.CANDIDATES, places.PIPELINE),
        tagging("CreateModelPackageGroup", "CreatePipeline"),
    ),
    Row(
        "ChangeAndStartThePipeline",
        ("sagemaker:StartPipelineExecution", "sagemaker:UpdatePipeline"),
        (places.PIPELINE,),
        IS_OURS,
    ),
    Row(
        "SeeAndStopExecutions",
        (
            "sagemaker:DescribePipeline",
            "sagemaker:DescribePipelineDefinitionForExecution",
            "sagemaker:DescribePipelineExecution",
            "sagemaker:ListPipelineExecutionSteps",
            "sagemaker:StopPipelineExecution",
        ),
        (places.EXECUTIONS, places.PIPELINE),
    ),
)


APPROVAL = (
    Row(
        "EndStagesOfTheDelivery",
        ("codepipeline:GetPipelineState", "codepipeline:PutApprovalResult"),
        (f"{places.DELIVERY}*",),  # the pipeline and its stages
    ),
)


class Added(NamedTuple):
    """A managed policy, and the roles of `roles.ROLES` that have it."""

    name: str
    rows: tuple[Row, ...]
    roles: tuple[str, ...]
    description: str


ADDED = (
    Added("monitors", MONITORS, ("ApproverRole",), "Has endpoints monitored by Model Monitor."),
    Added("approval", APPROVAL, ("ApproverRole",), "Ends stages of the delivery."),
    Added("pipelines", PIPELINES, ("DataScientistRole",), "Makes and starts the pipeline."),
)


def policies() -> list[Policy]:
    """Each as a managed policy of an environment."""
    return [_policy(each) for each in ADDED]


def policies_of(role: str) -> list[Policy]:
    """Those that a role of `roles.ROLES` has."""
    return [_policy(each) for each in ADDED if role in each.roles]


def _policy(each: Added) -> Policy:
    name = f"${{Slug}}-${{Environment}}-{each.name}"
    return Policy(name, MANAGED, document(statements(each.rows)))

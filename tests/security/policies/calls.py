"""Every call of the workflow by hand: who makes it, on what, with what IAM sees of it.

Written from the requests of the platform and from AWS's documentation of what a job's role needs,
not from the tables that the policies are made of. Of every role there are calls that it must not
make, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from . import keys
from .simulation import Request

ACCOUNT = "111122223333"
REGION = "eu-central-1"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
DATA = f"arn:aws:s3:::credit-default-data-{ACCOUNT}-{REGION}"
MODEL = f"arn:aws:s3:::credit-default-model-{ACCOUNT}-{REGION}"
TRAIL = f"arn:aws:s3:::credit-default-dev-trail-{ACCOUNT}"
IN, OUT = (
    f"{DATA}/credit-default/dev/inputs/0a/code.tar.gz",
    f"{MODEL}/credit-default/dev/runs/r/model.tar.gz",
)
PROMOTED = f"{MODEL}/credit-default/dev/models/v3/model.tar.gz"
JOB = "credit-default-train-20261124-112555-7be648"
TRAINING, PROCESSING = f"{SAGEMAKER}:training-job/{JOB}", f"{SAGEMAKER}:processing-job/{JOB}"
GROUP, PACKAGE = (
    f"{SAGEMAKER}:model-package-group/credit-default",
    f"{SAGEMAKER}:model-package/credit-default/3",
)
ENDPOINT = f"{SAGEMAKER}:endpoint/credit-default-dev"
CONFIG = f"{SAGEMAKER}:endpoint-config/credit-default-dev-20261124112555-7be648"
MODEL_OF = f"{SAGEMAKER}:model/credit-default-dev-20261124112555-7be648"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:credit-default-dev-endpoint-errors"
PIPELINE = f"{SAGEMAKER}:pipeline/credit-default-dev"
STARTED = f"{PIPELINE}/execution/0a1b2c3d4e5f"
CANDIDATES, CANDIDATE = (
    f"{SAGEMAKER}:model-package-group/credit-default-candidates",
    f"{SAGEMAKER}:model-package/credit-default-candidates/7",
)
# SageMaker calls a job of a pipeline after the step's prefix and the execution.
STEP_JOBS = (
    f"{SAGEMAKER}:training-job/credit-default-train-0a1b2c3d4e5f-Ab12Cd34Ef",
    f"{SAGEMAKER}:processing-job/credit-default-explain-0a1b2c3d4e5f-Ab12Cd34Ef",
)
SCHEDULE = f"{SAGEMAKER}:monitoring-schedule/credit-default-dev-data-quality"
DEFINITIONS = {
    "DataQuality": f"{SAGEMAKER}:data-quality-job-definition/credit-default-dev-data-quality-0a1b",
    "ModelQuality": f"{SAGEMAKER}:model-quality-job-definition/credit-default-dev-model-quality-0a",
    "ModelBias": f"{SAGEMAKER}:model-bias-job-definition/credit-default-dev-bias-0a1b",
    "ModelExplainability": (
        f"{SAGEMAKER}:model-explainability-job-definition/credit-default-dev-attribution-0a1b"
    ),
}
DELIVERY = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:credit-default-dev-delivery"
MONITORED = f"{SAGEMAKER}:processing-job/model-monitoring-202611241200-0123456789abcdef"
CARD = f"{SAGEMAKER}:model-card/credit-default-v3"
IAM = f"arn:aws:iam::{ACCOUNT}"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/regulated-ml/CreditDefaultExecution"
REPOSITORY = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:credit-default"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
VPC = {"ec2:Vpc": f"{EC2}:vpc/vpc-0a1b2c3d4e5f60718"}
OTHER_VPC = {"ec2:Vpc": f"{EC2}:vpc/vpc-99999999999999999"}
STREAM = f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:{JOB}/algo-1-1"
GUARD = f"{LOGS}:/regulated-ml/credit-default/dev/guard:log-stream:me"
IMAGES = f"arn:aws:ecr:{REGION}:492215442770:repository/sagemaker-xgboost"

TAGS = {key: keys.VALUES[key][0] for key in keys.TAGS}
OURS = {"aws:ResourceTag/project": "credit-default", "aws:ResourceTag/environment": "dev"}
THEIRS = {"aws:ResourceTag/project": "credit", "aws:ResourceTag/environment": "dev"}
NETWORK = {
    "sagemaker:VpcSubnets": keys.SUBNETS,
    "sagemaker:VpcSecurityGroupIds": keys.GROUPS,
    "sagemaker:NetworkIsolation": "true",
}
JOB_KEYS = {
    **NETWORK,
    **TAGS,
    "sagemaker:InterContainerTrafficEncryption": "true",
    "sagemaker:VolumeKmsKeyArn": keys.KEY,
    "sagemaker:OutputKmsKeyArn": keys.KEY,
    "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
}
UPLOAD = {
    "s3:x-amz-server-side-encryption": "aws:kms",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": keys.KEY,
}
FROM_VPC = {
    "aws:SourceVpc": "vpc-0a1b2c3d4e5f60718",
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalIsAWSService": "false",
    "aws:ViaAWSService": "false",
}
VIA_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
VIA_CODECOMMIT = {"kms:ViaService": f"codecommit.{REGION}.amazonaws.com"}
LENT = {"kms:GrantIsForAWSResource": "true"}
LISTED = {"s3:prefix": "credit-default/dev/inputs/0a/"}


Row = tuple[str, str, dict[str, Any]]  # action, resource, context


@dataclass(frozen=True)
class Call:
    """A call that a role makes."""

    role: str
    action: str
    resource: str
    context: dict[str, Any]


def _tagging(operation: str) -> dict[str, Any]:
    return {**TAGS, "sagemaker:TaggingAction": operation}


def of(role: str, rows: Iterable[Row]) -> list[Call]:
    """The calls of a role."""
    return [Call(role, *row) for row in rows]


_EXECUTION: list[Row] = [
    # Its data come, its code, its checkpoints; its outputs and its log go.
    ("s3:ListBucket", DATA, LISTED),
    ("s3:ListBucket", MODEL, {"s3:prefix": "credit-default/dev/runs/r/checkpoints"}),
    ("s3:GetObject", IN, {}),
    ("s3:GetObject", OUT, {}),
    ("s3:PutObject", OUT, UPLOAD),
    ("s3:PutObject", f"{MODEL}/credit-default/dev/runs/r/checkpoints/10.ubj", {}),
    ("s3:AbortMultipartUpload", OUT, {}),
    ("s3:ListMultipartUploadParts", OUT, {}),
    ("kms:Decrypt", keys.KEY, VIA_S3),
    ("kms:GenerateDataKey", keys.KEY, VIA_S3),
    ("kms:DescribeKey", keys.KEY, {}),
    ("kms:CreateGrant", keys.KEY, LENT),
    ("logs:CreateLogGroup", f"{LOGS}:/aws/sagemaker/TrainingJobs", {}),
    ("logs:DescribeLogStreams", f"{LOGS}:/aws/sagemaker/TrainingJobs", {}),
    ("logs:CreateLogStream", STREAM, {}),
    ("logs:PutLogEvents", STREAM, {}),
    (
        "logs:PutLogEvents",
        f"{LOGS}:/aws/sagemaker/Endpoints/credit-default-dev:log-stream:a/i-1",
        {},
    ),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}),
    ("ecr:GetAuthorizationToken", "*", {}),
    ("ecr:BatchCheckLayerAvailability", IMAGES, {}),
    ("ecr:BatchGetImage", IMAGES, {}),
    ("ecr:GetDownloadUrlForLayer", IMAGES, {}),
    ("ec2:DescribeSubnets", "*", {}),
    ("ec2:DescribeSecurityGroups", "*", {}),
    ("ec2:DescribeVpcs", "*", {}),
    ("ec2:DescribeDhcpOptions", "*", {}),
    ("ec2:DescribeNetworkInterfaces", "*", {}),
    ("ec2:CreateNetworkInterface", f"{EC2}:network-interface/eni-1", {}),
    ("ec2:CreateNetworkInterface", f"{EC2}:subnet/{keys.SUBNETS[0]}", VPC),
    ("ec2:CreateNetworkInterface", f"{EC2}:security-group/{keys.GROUPS[0]}", VPC),
    (
        "ec2:CreateNetworkInterfacePermission",
        f"{EC2}:network-interface/eni-1",
        {**VPC, "ec2:AuthorizedService": "sagemaker.amazonaws.com"},
    ),
    ("ec2:DeleteNetworkInterface", f"{EC2}:network-interface/eni-1", {}),
    ("ec2:DeleteNetworkInterfacePermission", f"{EC2}:network-interface/eni-1", {}),
    ("cloudwatch:DescribeAlarms", ALARM, {}),
    # As the role of the pipeline it starts what the steps say.
    ("sagemaker:CreateTrainingJob", STEP_JOBS[0], JOB_KEYS),
    ("sagemaker:CreateProcessingJob", STEP_JOBS[1], JOB_KEYS),
    ("sagemaker:AddTags", STEP_JOBS[0], _tagging("CreateTrainingJob")),
    ("sagemaker:AddTags", STEP_JOBS[1], _tagging("CreateProcessingJob")),
    ("sagemaker:DescribeTrainingJob", STEP_JOBS[0], {}),
    ("sagemaker:DescribeProcessingJob", STEP_JOBS[1], {}),
    ("sagemaker:StopTrainingJob", STEP_JOBS[0], {}),
    ("sagemaker:StopProcessingJob", STEP_JOBS[1], {}),
    (
        "sagemaker:CreateModelPackage",
        CANDIDATE,
        {"sagemaker:ModelApprovalStatus": "PendingManualApproval"},
    ),
    ("iam:PassRole", EXECUTION, {"iam:PassedToService": "sagemaker.amazonaws.com"}),
]
RUNS = f"{MODEL}/credit-default/dev/runs"
RUN = "20261124-112555-7be648"
ANCHOR = f"{TRAIL}/credit-default/dev/trail/0a1b2c3d4e5f6071/00000001-a-b-train-{RUN}.json"
_PEOPLE: list[Row] = [
    ("s3:PutObject", ANCHOR, UPLOAD),
    ("s3:ListBucketVersions", TRAIL, {"s3:prefix": "credit-default/dev/trail/"}),
    ("s3:GetBucketObjectLockConfiguration", TRAIL, {}),
    (
        "iam:PassRole",
        EXECUTION,
        {"iam:PassedToService": "sagemaker.amazonaws.com"},
    ),
    ("s3:ListBucket", MODEL, {"s3:prefix": "credit-default/dev/runs/r/output/"}),
    ("s3:GetObject", OUT, {}),
    ("kms:Decrypt", keys.KEY, VIA_S3),
    ("kms:DescribeKey", keys.KEY, {}),
    ("kms:CreateGrant", keys.KEY, LENT),
    ("logs:CreateLogStream", GUARD, {}),
    ("logs:PutLogEvents", GUARD, {}),
    ("sagemaker:DescribeTrainingJob", TRAINING, {}),
    ("sagemaker:DescribeProcessingJob", PROCESSING, {}),
    ("sagemaker:ListTags", TRAINING, {}),
    ("sagemaker:DescribeModelPackage", PACKAGE, {}),
    ("sagemaker:DescribeModelPackageGroup", GROUP, {}),
    ("sagemaker:ListModelPackages", PACKAGE, {}),
    ("sagemaker:CreateModelCard", CARD, TAGS),
    ("sagemaker:DescribeModelCard", CARD, {}),
    ("sagemaker:UpdateModelCard", CARD, {}),
    ("sagemaker:AddTags", CARD, _tagging("CreateModelCard")),
    ("codecommit:GitPull", REPOSITORY, {}),
    ("kms:Decrypt", keys.KEY, VIA_CODECOMMIT),
    ("kms:Encrypt", keys.KEY, VIA_CODECOMMIT),
    ("kms:GenerateDataKey", keys.KEY, VIA_CODECOMMIT),
    ("kms:GenerateDataKeyWithoutPlaintext", keys.KEY, VIA_CODECOMMIT),
    ("kms:ReEncryptFrom", keys.KEY, VIA_CODECOMMIT),
    ("kms:ReEncryptTo", keys.KEY, VIA_CODECOMMIT),
]
EXPERIMENT, TRIAL, COMPONENT = (
    f"{SAGEMAKER}:experiment/credit-default-dev",
    f"{SAGEMAKER}:experiment-trial/credit-default-prepare-20261124-112500-aa11bb",
    f"{SAGEMAKER}:experiment-trial-component/{JOB}-aws-training-job",
)
_EXPERIMENTS: list[Row] = [
    *(
        row
        for operation, resource in (
            ("CreateExperiment", EXPERIMENT),
            ("CreateTrial", TRIAL),
            ("CreateTrialComponent", COMPONENT),
        )
        for row in (
            (f"sagemaker:{operation}", resource, TAGS),
            ("sagemaker:AddTags", resource, _tagging(operation)),
        )
    ),
    ("sagemaker:DescribeTrial", TRIAL, {}),
    ("sagemaker:DescribeTrialComponent", COMPONENT, {}),
    ("sagemaker:UpdateTrialComponent", COMPONENT, {}),
    ("sagemaker:AssociateTrialComponent", TRIAL, {}),
    ("sagemaker:AssociateTrialComponent", COMPONENT, {}),
    ("sagemaker:BatchPutMetrics", COMPONENT, {}),
    ("sagemaker:ListTrials", "*", {}),
    ("sagemaker:Search", "*", {}),
]
_DATA_SCIENTIST: list[Row] = [
    *_EXPERIMENTS,
    *_PEOPLE,
    ("s3:ListBucket", DATA, LISTED),
    ("s3:GetObject", IN, {}),
    ("s3:PutObject", IN, UPLOAD),
    ("s3:AbortMultipartUpload", IN, {}),
    ("s3:PutObject", f"{RUNS}/train-{RUN}/record.json", UPLOAD),
    ("s3:PutObject", f"{RUNS}/sample-{RUN}/record.json", UPLOAD),
    ("s3:PutObject", f"{RUNS}/register-{RUN}/output/sbom.json", UPLOAD),
    ("s3:PutObject", f"{RUNS}/release-{RUN}/record.json", UPLOAD),
    ("kms:GenerateDataKey", keys.KEY, VIA_S3),
    ("sagemaker:CreateTrainingJob", TRAINING, JOB_KEYS),
    ("sagemaker:CreateProcessingJob", PROCESSING, JOB_KEYS),
    ("sagemaker:AddTags", TRAINING, _tagging("CreateTrainingJob")),
    ("sagemaker:AddTags", PROCESSING, _tagging("CreateProcessingJob")),
    ("sagemaker:AddTags", GROUP, _tagging("CreateModelPackageGroup")),
    ("sagemaker:StopTrainingJob", TRAINING, OURS),
    ("sagemaker:StopProcessingJob", PROCESSING, OURS),
    ("sagemaker:ListTrainingJobs", "*", {}),
    ("sagemaker:ListProcessingJobs", "*", {}),
    ("logs:DescribeLogStreams", f"{LOGS}:/aws/sagemaker/TrainingJobs", {}),
    ("logs:GetLogEvents", STREAM, {}),
    ("sagemaker:CreateModelPackageGroup", GROUP, TAGS),
    (
        "sagemaker:CreateModelPackage",
        PACKAGE,
        {"sagemaker:ModelApprovalStatus": "PendingManualApproval"},
    ),
    ("sagemaker:CreateModelPackage", PACKAGE, {}),
    ("codecommit:GitPush", REPOSITORY, {"codecommit:References": "refs/heads/work"}),
    ("sagemaker:InvokeEndpoint", ENDPOINT, {}),
    ("sagemaker:CreatePipeline", PIPELINE, TAGS),
    ("sagemaker:AddTags", PIPELINE, _tagging("CreatePipeline")),
    ("sagemaker:UpdatePipeline", PIPELINE, OURS),
    ("sagemaker:StartPipelineExecution", PIPELINE, OURS),
    ("sagemaker:DescribePipeline", PIPELINE, {}),
    ("sagemaker:DescribePipelineExecution", STARTED, {}),
    ("sagemaker:DescribePipelineDefinitionForExecution", STARTED, {}),
    ("sagemaker:ListPipelineExecutionSteps", STARTED, {}),
    ("sagemaker:StopPipelineExecution", STARTED, {}),
    ("sagemaker:CreateModelPackageGroup", CANDIDATES, TAGS),
    ("sagemaker:AddTags", CANDIDATES, _tagging("CreateModelPackageGroup")),
    # SageMaker follows a job of the pipeline as any other.
    ("sagemaker:DescribeTrainingJob", STEP_JOBS[0], {}),
]
_APPROVER: list[Row] = [
    *_PEOPLE,
    ("s3:PutObject", f"{RUNS}/approve-{RUN}/output/model-card.json", UPLOAD),
    ("s3:PutObject", f"{RUNS}/reject-{RUN}/record.json", UPLOAD),
    ("kms:GenerateDataKey", keys.KEY, VIA_S3),
    ("sagemaker:UpdateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Approved"}),
    ("sagemaker:UpdateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Rejected"}),
    # A version of another account is brought here, pending.
    ("s3:PutObject", PROMOTED, UPLOAD),
    ("s3:AbortMultipartUpload", PROMOTED, {}),
    ("s3:ListMultipartUploadParts", PROMOTED, {}),
    ("kms:GenerateDataKey", keys.KEY, VIA_S3),
    ("sagemaker:CreateModelPackageGroup", GROUP, TAGS),
    ("sagemaker:AddTags", GROUP, _tagging("CreateModelPackageGroup")),
    (
        "sagemaker:CreateModelPackage",
        PACKAGE,
        {"sagemaker:ModelApprovalStatus": "PendingManualApproval"},
    ),
    ("sagemaker:CreateModel", MODEL_OF, {**NETWORK, **TAGS}),
    (
        "sagemaker:CreateEndpointConfig",
        CONFIG,
        {
            **TAGS,
            "sagemaker:VolumeKmsKeyArn": keys.KEY,
            "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
        },
    ),
    ("sagemaker:CreateEndpoint", ENDPOINT, TAGS),
    ("sagemaker:CreateEndpoint", CONFIG, TAGS),
    ("sagemaker:AddTags", MODEL_OF, _tagging("CreateModel")),
    ("sagemaker:AddTags", CONFIG, _tagging("CreateEndpointConfig")),
    ("sagemaker:AddTags", ENDPOINT, _tagging("CreateEndpoint")),
    ("sagemaker:UpdateEndpoint", ENDPOINT, OURS),
    ("sagemaker:UpdateEndpoint", CONFIG, OURS),
    ("sagemaker:UpdateEndpointWeightsAndCapacities", ENDPOINT, OURS),
    ("sagemaker:DescribeEndpoint", ENDPOINT, {}),
    ("sagemaker:DescribeEndpointConfig", CONFIG, {}),
    ("sagemaker:DescribeModel", MODEL_OF, {}),
    ("sagemaker:ListEndpoints", "*", {}),
    ("sagemaker:ListEndpointConfigs", "*", {}),
    ("sagemaker:ListModels", "*", {}),
    ("cloudwatch:DescribeAlarms", ALARM, {}),
    ("sagemaker:DeleteEndpoint", ENDPOINT, OURS),
    ("sagemaker:DeleteEndpointConfig", CONFIG, OURS),
    ("sagemaker:DeleteModel", MODEL_OF, OURS),
]
_APPROVER += [
    row
    for kind, resource in DEFINITIONS.items()
    for row in (
        (f"sagemaker:Create{kind}JobDefinition", resource, JOB_KEYS),
        ("sagemaker:AddTags", resource, _tagging(f"Create{kind}JobDefinition")),
        (f"sagemaker:Describe{kind}JobDefinition", resource, {}),
        (f"sagemaker:Delete{kind}JobDefinition", resource, OURS),
    )
]
_APPROVER += [
    ("sagemaker:CreateMonitoringSchedule", SCHEDULE, TAGS),
    ("sagemaker:AddTags", SCHEDULE, _tagging("CreateMonitoringSchedule")),
    ("sagemaker:UpdateMonitoringSchedule", SCHEDULE, OURS),
    ("sagemaker:DescribeMonitoringSchedule", SCHEDULE, {}),
    ("sagemaker:DeleteMonitoringSchedule", SCHEDULE, OURS),
    ("sagemaker:ListMonitoringExecutions", "*", {}),
    ("sagemaker:DescribeProcessingJob", MONITORED, {}),
    ("codepipeline:GetPipelineState", DELIVERY, {}),
    ("codepipeline:PutApprovalResult", f"{DELIVERY}/PromoteToTest/ByTheApprover", {}),
    ("s3:PutObject", f"{DATA}/credit-default/dev/monitor/0a1b/constraints.json", UPLOAD),
    ("s3:PutObject", f"{DATA}/credit-default/dev/ground-truth/e/2026/11/24/12/a.jsonl", UPLOAD),
]
_DETECTIVE: list[Row] = [
    ("sagemaker:StopTrainingJob", f"{SAGEMAKER}:training-job/any", {}),
    ("sagemaker:StopProcessingJob", f"{SAGEMAKER}:processing-job/any", {}),
    ("sagemaker:DeleteModel", f"{SAGEMAKER}:model/any", {}),
    ("sagemaker:DeleteEndpointConfig", f"{SAGEMAKER}:endpoint-config/any", {}),
    ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/any", {}),
    ("sagemaker:StopNotebookInstance", f"{SAGEMAKER}:notebook-instance/any", {}),
    ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/any", {}),
    ("sagemaker:DescribeModel", f"{SAGEMAKER}:model/any", {}),
    ("sagemaker:AddTags", TRAINING, {"aws:TagKeys": ["rml-violations"]}),
    ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:credit-default-dev-findings", {}),
    ("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:credit-default-dev-events", {}),
    ("sqs:DeleteMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:credit-default-dev-events", {}),
    ("sqs:GetQueueAttributes", f"arn:aws:sqs:{REGION}:{ACCOUNT}:credit-default-dev-events", {}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "regulated-ml/credit-default/dev"}),
    (
        "logs:PutLogEvents",
        f"{LOGS}:/aws/lambda/credit-default-dev-detective:log-stream:2026",
        {},
    ),
    ("kms:Decrypt", keys.KEY, {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}),
]
ALLOWED = [
    *of("execution", _EXECUTION),
    *of("data-scientist", _DATA_SCIENTIST),
    *of("approver", _APPROVER),
    *of("detective", _DETECTIVE),
]

ROLES = {
    "execution": EXECUTION,
    **{
        name: f"{IAM}:role/credit-default-dev-{name}"
        for name in ("data-scientist", "approver", "detective")
    },
}


def request(call: Call, policies: dict[str, list[str]]) -> Request:
    """The call with the policies that hold it, over TLS and from the VPC."""
    arn = ROLES[call.role]
    service = call.action.partition(":")[0]
    context = {**call.context, "aws:PrincipalArn": arn}
    if service == "s3":
        context = {**FROM_VPC, **context}
    return replace(
        Request(call.action, call.resource, context, arn, ACCOUNT),
        identity=policies[call.role],
        boundary=["boundary"],
        of_resource=_of_resource(call),
    )


def _of_resource(call: Call) -> str:
    if call.resource in (keys.KEY, keys.OTHER_KEY):
        return "key" if call.resource == keys.KEY else "other key"
    if call.resource.startswith(DATA):
        return "data bucket"
    if call.resource.startswith(TRAIL):
        return "trail bucket"
    return "model bucket" if call.resource.startswith(MODEL) else ""

"""Who may do what, as tables: each row is an Allow statement.

What is made carries the project's and the environment's tags, so what is there already is stopped,
changed or deleted only where it has them. Where IAM knows no resource for an action, as for lists,
the row says `*`, and a test holds these rows to IAM's own data.
"""

from typing import Any, NamedTuple

from regulated_ml.security.detective.reactions import CALLS
from regulated_ml.security.policies import places
from regulated_ml.security.policies.actions import WITHOUT_ACTION, action
from regulated_ml.security.policies.places import service

ANY = ("*",)


class Row(NamedTuple):
    """What a role may do: the actions, on what, and when."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: dict[str, dict[str, Any]] | None = None


# A record lies beside the outputs of its run. Who trains a model cannot write one that says that
# somebody else has agreed to it.
OF_JOBS = ("prepare", "sample", "train", "evaluate", "explain", "score")
OF_DEVELOPERS = ("register", "release", "push", "monitor")
OF_APPROVERS = ("approve", "reject", "promote", "deploy")

MADE_AS_OURS = {
    "StringEquals": {
        "aws:RequestTag/environment": "${Environment}",
        "aws:RequestTag/project": "${Slug}",
    }
}
IS_OURS = {
    "StringEquals": {
        "aws:ResourceTag/environment": "${Environment}",
        "aws:ResourceTag/project": "${Slug}",
    }
}


def tagging(*operations: str) -> dict[str, dict[str, Any]]:
    """Tags are put on while something is made, and not later."""
    return {"StringEquals": {"sagemaker:TaggingAction": sorted(operations)}}


PASS_ROLE = Row(
    "PassTheExecutionRoleToSageMaker",
    ("iam:PassRole",),
    (places.EXECUTION_ROLE,),
    {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
)
LIST_BUCKETS = Row(
    "ListTheEnvironmentsObjects",
    ("s3:ListBucket",),
    places.BUCKETS,
    {"StringLike": {"s3:prefix": [places.PREFIX]}},
)
READ_OBJECTS = Row("ReadTheEnvironmentsObjects", ("s3:GetObject",), (places.INPUTS, places.OUTPUTS))
WRITING = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
DESCRIBE_KEY = Row("SeeTheKey", ("kms:DescribeKey",), (places.KEY,))
# For volumes: SageMaker and EC2 use the key for as long as the instance runs.
GRANT_KEY = Row(
    "LendTheKeyToServices",
    ("kms:CreateGrant",),
    (places.KEY,),
    {"Bool": {"kms:GrantIsForAWSResource": "true"}},
)
# A role's policy has room for 10,240 characters: what has one condition, or none, is one row where
# no action knows another's resources.
SEE_MODELS = Row(
    "SeeModelsKeepTheirCardsAndSeeTheKey",
    (
        "kms:DescribeKey",
        "sagemaker:DescribeModelCard",
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
        "sagemaker:UpdateModelCard",  # whoever writes the documents of a version keeps its card
    ),
    (places.KEY, places.MODEL_CARDS, places.PACKAGE_GROUP, places.PACKAGES),
)
# What lies there cannot be deleted, whatever a role may do: the bucket is under Object Lock.
TRAIL = (
    Row(
        "ListTheTrailsAnchors",
        ("s3:ListBucketVersions",),
        (places.WITH_THE_TRAIL,),
        {"StringLike": {"s3:prefix": [places.PREFIX]}},
    ),
    Row(
        "SeeTheLockOfTheTrail",
        ("s3:GetBucketObjectLockConfiguration",),
        (places.WITH_THE_TRAIL,),
    ),
)
LOG_REFUSALS = Row(
    "LogWhatTheGuardRefused",
    ("logs:CreateLogStream", "logs:PutLogEvents"),
    (places.GUARD_STREAMS,),
)


def _use_key(*services: str) -> Row:
    return Row(
        "UseTheKeyThroughServices",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (places.KEY,),
        {"StringEquals": {"kms:ViaService": [service(each) for each in sorted(services)]}},
    )


# What CodeCommit does for whoever pulls or pushes, with their rights.
IN_CODECOMMIT = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
# SageMaker looks at the alarms by which a deployment is rolled back, with the rights of both.
SEE_ALARMS = Row("SeeTheEndpointsAlarms", ("cloudwatch:DescribeAlarms",), (places.ALARMS,))
KEY_OF_REPOSITORY = Row(
    "UseTheKeyInCodeCommit",
    IN_CODECOMMIT,
    (places.KEY,),
    {"StringEquals": {"kms:ViaService": service("codecommit")}},
)

# A pipeline's steps are started with the rights of its role, which is that of its jobs. Guardrails
# are not attached to it, since jobs write as SageMaker does; so what they ask is asked here. A job
# has no network, and with it nothing that it could call.
UNDER_CONTROLS: dict[str, dict[str, Any]] = {
    "Bool": {
        "sagemaker:InterContainerTrafficEncryption": "true",
        "sagemaker:NetworkIsolation": "true",
    },
    "ForAllValues:StringEquals": {
        "sagemaker:VpcSecurityGroupIds": ["${SecurityGroupIds}"],
        "sagemaker:VpcSubnets": ["${SubnetIds}"],
    },
    "Null": {"sagemaker:VpcSecurityGroupIds": "false", "sagemaker:VpcSubnets": "false"},
    "StringEquals": {
        **MADE_AS_OURS["StringEquals"],
        "sagemaker:OutputKmsKeyArn": places.KEY,
        "sagemaker:VolumeKmsKeyArn": places.KEY,
    },
}
IN_PIPELINES = (
    Row(
        "StartThePipelinesJobs",
        ("sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"),
        places.JOBS,
        UNDER_CONTROLS,
    ),
    Row(
        "TagThePipelinesJobs",
        ("sagemaker:AddTags",),
        places.JOBS,
        tagging("CreateProcessingJob", "CreateTrainingJob"),
    ),
    Row(
        "FollowAndStopThePipelinesJobs",
        (
            "sagemaker:DescribeProcessingJob",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:StopProcessingJob",
            "sagemaker:StopTrainingJob",
        ),
        places.JOBS,
    ),
    Row(
        "RegisterCandidates",
        ("sagemaker:CreateModelPackage",),
        (places.CANDIDATE_PACKAGES,),
        {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    ),
    PASS_ROLE,
)
EXECUTION = (
    *IN_PIPELINES,
    LIST_BUCKETS,
    READ_OBJECTS,
    Row("WriteOutputs", WRITING, (places.OF_JOBS,)),
    _use_key("s3", "sagemaker"),
    DESCRIBE_KEY,
    GRANT_KEY,
    Row("MakeLogGroups", ("logs:CreateLogGroup", "logs:DescribeLogStreams"), (places.LOG_GROUPS,)),
    Row(
        "WriteLogs",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        (places.ENDPOINT_STREAMS, places.JOB_STREAMS),
    ),
    Row(
        "WriteMetrics",
        ("cloudwatch:PutMetricData",),
        ANY,
        {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
    ),
    SEE_ALARMS,
    Row("SignInToRegistries", ("ecr:GetAuthorizationToken",), ANY),
    Row(
        "PullImages",
        ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        (places.REPOSITORIES_OF_IMAGES,),
    ),
    Row(
        "SeeTheNetwork",
        (
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        ANY,
    ),
    Row("MakeInterfaces", ("ec2:CreateNetworkInterface",), (places.INTERFACES,)),
    Row(
        "MakeInterfacesInTheVpc",
        ("ec2:CreateNetworkInterface",),
        (places.SECURITY_GROUPS, places.SUBNETS),
        {"ArnEquals": {"ec2:Vpc": places.VPC}},
    ),
    Row(
        "RemoveInterfaces",
        ("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        (places.INTERFACES,),
    ),
    Row(
        "LetSageMakerAttachInterfaces",
        ("ec2:CreateNetworkInterfacePermission",),
        (places.INTERFACES,),
        {
            "ArnEquals": {"ec2:Vpc": places.VPC},
            "StringEquals": {"ec2:AuthorizedService": "sagemaker.amazonaws.com"},
        },
    ),
)
DATA_SCIENTIST = (
    Row(
        "MakeJobsGroupsCardsAndExperiments",
        (
            "sagemaker:CreateExperiment",
            "sagemaker:CreateModelCard",
            "sagemaker:CreateModelPackageGroup",
            "sagemaker:CreateProcessingJob",
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateTrial",
            "sagemaker:CreateTrialComponent",
        ),
        (*places.JOBS, places.MODEL_CARDS, places.PACKAGE_GROUP, *places.EXPERIMENTS),
        MADE_AS_OURS,
    ),
    Row(
        "RegisterModelsForApproval",
        ("sagemaker:CreateModelPackage",),
        (places.PACKAGES,),
        {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    ),
    Row(
        "TagWhatIsMade",
        ("sagemaker:AddTags",),
        (*places.JOBS, places.PACKAGE_GROUP, places.MODEL_CARDS, *places.EXPERIMENTS),
        tagging(
            "CreateExperiment",
            "CreateModelCard",
            "CreateModelPackageGroup",
            "CreateProcessingJob",
            "CreateTrainingJob",
            "CreateTrial",
            "CreateTrialComponent",
        ),
    ),
    Row(
        "FollowJobs",
        (
            "logs:GetLogEvents",
            "sagemaker:DescribeProcessingJob",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:ListTags",
        ),
        (places.JOB_STREAMS, *places.JOBS),
    ),
    Row(
        "StopJobs",
        ("sagemaker:StopProcessingJob", "sagemaker:StopTrainingJob"),
        places.JOBS,
        IS_OURS,
    ),
    Row(
        "ListJobsAndExperiments",
        (
            "sagemaker:ListProcessingJobs",
            "sagemaker:ListTrainingJobs",
            "sagemaker:ListTrials",
            "sagemaker:Search",
        ),
        ANY,
    ),
    # SageMaker makes a component of each job by itself, without tags.
    Row(
        "ShowRunsInExperimentsAndAskEndpoints",
        (
            "sagemaker:AssociateTrialComponent",
            "sagemaker:BatchPutMetrics",
            "sagemaker:DescribeTrial",
            "sagemaker:DescribeTrialComponent",
            "sagemaker:InvokeEndpoint",
            "sagemaker:UpdateTrialComponent",
        ),
        (places.ENDPOINTS, places.TRIALS, places.TRIAL_COMPONENTS),
    ),
    SEE_MODELS,
    PASS_ROLE,
    LIST_BUCKETS,
    READ_OBJECTS,
    Row("WriteInputs", WRITING, (places.INPUTS,)),
    Row(
        "KeepRecordsAndAnchorThem",
        ("s3:PutObject",),
        (
            *places.of_runs(OF_JOBS, "record.json"),
            *places.of_runs(OF_DEVELOPERS, "*"),
            places.TRAIL,
        ),
    ),
    *TRAIL,
    _use_key("s3", "sagemaker"),
    KEY_OF_REPOSITORY,
    GRANT_KEY,
    Row("FindLogs", ("logs:DescribeLogStreams", "logs:FilterLogEvents"), (places.LOG_GROUPS,)),
    LOG_REFUSALS,
    Row("UseTheRepository", ("codecommit:GitPull", "codecommit:GitPush"), (places.REPOSITORY,)),
)
APPROVER = (
    SEE_MODELS,
    Row(
        "ApproveOrReject",
        ("sagemaker:UpdateModelPackage",),
        (places.PACKAGES,),
        {"StringEquals": {"sagemaker:ModelApprovalStatus": ["Approved", "Rejected"]}},
    ),
    # Promotion: a version that was approved elsewhere comes here, pending, and is approved then.
    Row("BringPromotedModels", WRITING, (places.PROMOTED,)),
    Row(
        "RegisterPromotedModels",
        ("sagemaker:CreateModelPackage",),
        (places.PACKAGES,),
        {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    ),
    Row(
        "SeeHowAModelWasMade",
        ("sagemaker:DescribeProcessingJob", "sagemaker:DescribeTrainingJob", "sagemaker:ListTags"),
        places.JOBS,
    ),
    Row(
        "DeployAndMakeModelCards",
        (
            "sagemaker:CreateEndpoint",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:CreateModel",
            "sagemaker:CreateModelCard",
            "sagemaker:CreateModelPackageGroup",
        ),
        (
            places.ENDPOINTS,
            places.ENDPOINT_CONFIGS,
            places.MODELS,
            places.MODEL_CARDS,
            places.PACKAGE_GROUP,
        ),
        MADE_AS_OURS,
    ),
    Row(
        "TagWhatIsMade",
        ("sagemaker:AddTags",),
        (
            places.ENDPOINTS,
            places.ENDPOINT_CONFIGS,
            places.MODELS,
            places.MODEL_CARDS,
            places.PACKAGE_GROUP,
        ),
        tagging(
            "CreateEndpoint",
            "CreateEndpointConfig",
            "CreateModel",
            "CreateModelCard",
            "CreateModelPackageGroup",
        ),
    ),
    Row(
        "ChangeEndpoints",
        ("sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        (places.ENDPOINTS, places.ENDPOINT_CONFIGS),
        IS_OURS,
    ),
    Row(
        "SeeEndpoints",
        (
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
        ),
        (places.ENDPOINTS, places.ENDPOINT_CONFIGS, places.MODELS),
    ),
    Row(
        "ListEndpoints",
        ("sagemaker:ListEndpointConfigs", "sagemaker:ListEndpoints", "sagemaker:ListModels"),
        ANY,
    ),
    SEE_ALARMS,
    Row(
        "RemoveEndpoints",
        ("sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"),
        (places.ENDPOINTS, places.ENDPOINT_CONFIGS, places.MODELS),
        IS_OURS,
    ),
    PASS_ROLE,
    LIST_BUCKETS,
    READ_OBJECTS,
    Row(
        "KeepDecisionsAndAnchorThem",
        ("s3:PutObject",),
        (*places.of_runs(OF_APPROVERS, "*"), places.TRAIL),
    ),
    *TRAIL,
    _use_key("s3", "sagemaker"),
    KEY_OF_REPOSITORY,
    GRANT_KEY,
    LOG_REFUSALS,
    Row("ReadTheRepository", ("codecommit:GitPull",), (places.REPOSITORY,)),
)
# What the function stops may carry no tags, or a foreign name: the function itself decides what is
# the project's, and does no more than these calls.
DETECTIVE = (
    Row(
        "StopOrDeleteWhatBreaksAControl",
        tuple(action(call) for call in CALLS if call not in WITHOUT_ACTION),
        (places.SAGEMAKER,),
    ),
    Row(
        "SeeWhatAnEndpointIsMadeOf",
        ("sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel"),
        (places.SAGEMAKER,),
    ),
    Row(
        "MarkWhatWasStopped",
        ("sagemaker:AddTags",),
        (places.SAGEMAKER,),
        {
            "ForAllValues:StringEquals": {"aws:TagKeys": ["rml-violations"]},
            "Null": {"aws:TagKeys": "false"},
        },
    ),
    Row("Tell", ("sns:Publish",), (places.TOPIC,)),
    Row(
        "TakeEvents",
        ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        (places.EVENTS,),
    ),
    Row(
        "Count",
        ("cloudwatch:PutMetricData",),
        ANY,
        {"StringEquals": {"cloudwatch:namespace": places.NAMESPACE}},
    ),
    Row("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), (places.DETECTIVE_STREAMS,)),
    _use_key("sns", "sqs"),
)

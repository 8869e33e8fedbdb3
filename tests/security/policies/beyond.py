"""Calls that a role must not make, by hand: some that nobody makes, and some of each role."""

from . import keys
from .calls import (
    ACCOUNT,
    ANCHOR,
    CANDIDATE,
    DATA,
    DELIVERY,
    EC2,
    ENDPOINT,
    EXECUTION,
    IAM,
    IN,
    JOB_KEYS,
    LOGS,
    MODEL,
    MODEL_OF,
    NETWORK,
    OTHER_VPC,
    OURS,
    OUT,
    PACKAGE,
    PIPELINE,
    PROCESSING,
    PROMOTED,
    REGION,
    REPOSITORY,
    RUN,
    RUNS,
    SAGEMAKER,
    SCHEDULE,
    TAGS,
    THEIRS,
    TRAIL,
    TRAINING,
    UPLOAD,
    VIA_S3,
    Row,
    of,
)

_OTHER_OBJECT = f"{DATA}/another-project/dev/inputs/a"
_NOBODY: list[Row] = [
    ("iam:CreateUser", f"{IAM}:user/me", {}),
    ("iam:AttachRolePolicy", f"{IAM}:role/credit-default-dev-approver", {}),
    ("iam:PutRolePolicy", f"{IAM}:role/credit-default-dev-approver", {}),
    ("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/credit-default-dev-approver", {}),
    ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/credit-default-dev-approver", {}),
    ("iam:CreatePolicyVersion", f"{IAM}:policy/credit-default-dev-boundary", {}),
    ("sts:AssumeRole", f"{IAM}:role/platform", {}),
    ("s3:GetObject", _OTHER_OBJECT, {}),
    ("s3:GetObject", "arn:aws:s3:::somebody-elses-bucket/a", {}),
    ("s3:PutObject", "arn:aws:s3:::somebody-elses-bucket/a", UPLOAD),
    ("s3:PutObject", f"{MODEL}/credit-default/prod/runs/r/model.tar.gz", UPLOAD),
    ("s3:PutObject", f"{MODEL}/credit-default/prod/models/v3/model.tar.gz", UPLOAD),
    ("s3:DeleteObject", OUT, {}),
    ("s3:DeleteObject", ANCHOR, {}),
    ("s3:DeleteObjectVersion", ANCHOR, {}),
    ("s3:BypassGovernanceRetention", ANCHOR, {}),
    ("s3:PutObjectRetention", ANCHOR, {}),
    ("s3:PutBucketObjectLockConfiguration", TRAIL, {}),
    ("s3:PutObject", ANCHOR.replace("/dev/", "/prod/"), UPLOAD),
    ("s3:DeleteBucket", DATA, {}),
    ("s3:PutBucketPolicy", DATA, {}),
    ("s3:PutBucketPublicAccessBlock", DATA, {}),
    ("kms:Decrypt", keys.KEY, {}),
    ("kms:Decrypt", keys.OTHER_KEY, VIA_S3),
    ("kms:Encrypt", keys.KEY, VIA_S3),
    ("kms:ScheduleKeyDeletion", keys.KEY, {}),
    ("kms:PutKeyPolicy", keys.KEY, {}),
    ("kms:CreateGrant", keys.KEY, {"kms:GrantIsForAWSResource": "false"}),
    ("sagemaker:CreateNotebookInstance", f"{SAGEMAKER}:notebook-instance/credit-default-n", {}),
    ("sagemaker:CreatePresignedDomainUrl", f"{SAGEMAKER}:user-profile/d/u", {}),
    ("sagemaker:CreateDomain", f"{SAGEMAKER}:domain/d", {}),
    ("sagemaker:AddTags", TRAINING, TAGS),
    ("sagemaker:DeleteTags", TRAINING, {}),
    ("sagemaker:DeleteTrainingJob", TRAINING, OURS),
    ("ec2:RunInstances", f"{EC2}:instance/i-1", {}),
    ("ec2:CreateSecurityGroup", f"{EC2}:security-group/sg-1", {}),
    ("ec2:AuthorizeSecurityGroupEgress", f"{EC2}:security-group/sg-1", {}),
    (
        "lambda:UpdateFunctionCode",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:credit-default-dev-detective",
        {},
    ),
    (
        "events:DisableRule",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/credit-default-dev-detective",
        {},
    ),
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t", {}),
    ("logs:DeleteLogGroup", f"{LOGS}:/regulated-ml/credit-default/dev/guard", {}),
    ("logs:PutRetentionPolicy", f"{LOGS}:/regulated-ml/credit-default/dev/guard", {}),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s", {}),
    ("codecommit:DeleteRepository", REPOSITORY, {}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Lambda"}),
]
_NOT_DATA_SCIENTIST: list[Row] = [
    ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/another-job", JOB_KEYS),
    ("sagemaker:CreateTrainingJob", TRAINING, {**JOB_KEYS, "aws:RequestTag/project": "another"}),
    ("sagemaker:StopTrainingJob", TRAINING, THEIRS),
    ("sagemaker:StopTrainingJob", TRAINING, {}),
    ("sagemaker:UpdateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Approved"}),
    ("sagemaker:UpdateModelPackage", PACKAGE, {}),
    ("sagemaker:CreateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Approved"}),
    ("sagemaker:CreateModel", MODEL_OF, {**NETWORK, **TAGS}),
    ("sagemaker:CreateEndpoint", ENDPOINT, TAGS),
    ("sagemaker:DeleteEndpoint", ENDPOINT, OURS),
    (
        "sagemaker:CreateHyperParameterTuningJob",
        f"{SAGEMAKER}:hyper-parameter-tuning-job/credit-default-t",
        {},
    ),
    ("iam:PassRole", EXECUTION, {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("iam:PassRole", f"{IAM}:role/admin", {"iam:PassedToService": "sagemaker.amazonaws.com"}),
    ("s3:PutObject", OUT, UPLOAD),
    ("s3:PutObject", PROMOTED, UPLOAD),
    ("s3:PutObject", f"{RUNS}/train-{RUN}/model.tar.gz", UPLOAD),
    ("s3:PutObject", f"{RUNS}/approve-{RUN}/record.json", UPLOAD),
    ("s3:PutObject", IN, {}),
    (
        "s3:PutObject",
        IN,
        {**UPLOAD, "s3:x-amz-server-side-encryption-aws-kms-key-id": keys.OTHER_KEY},
    ),
    ("codecommit:GitPush", f"arn:aws:codecommit:{REGION}:{ACCOUNT}:another", {}),
    ("logs:GetLogEvents", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:another-job/1", {}),
]
_NOT_APPROVER: list[Row] = [
    ("sagemaker:CreateTrainingJob", TRAINING, JOB_KEYS),
    ("sagemaker:CreateProcessingJob", PROCESSING, JOB_KEYS),
    ("sagemaker:CreateModelPackage", PACKAGE, {}),
    (
        "sagemaker:UpdateModelPackage",
        f"{SAGEMAKER}:model-package/another/1",
        {"sagemaker:ModelApprovalStatus": "Approved"},
    ),
    ("sagemaker:UpdateModelPackage", PACKAGE, {}),
    ("sagemaker:UpdateEndpoint", ENDPOINT, THEIRS),
    ("sagemaker:DeleteModelPackage", PACKAGE, OURS),
    ("sagemaker:UpdateModelCard", f"{SAGEMAKER}:model-card/another-v3", {}),
    ("sagemaker:DeleteModelCard", f"{SAGEMAKER}:model-card/credit-default-v3", OURS),
    ("s3:PutObject", IN, UPLOAD),
    ("s3:PutObject", f"{RUNS}/train-{RUN}/record.json", UPLOAD),
    ("s3:PutObject", f"{RUNS}/register-{RUN}/record.json", UPLOAD),
    ("codecommit:GitPush", REPOSITORY, {}),
]
_NOT_EXECUTION: list[Row] = [
    ("s3:PutObject", PROMOTED, UPLOAD),
    # As the pipeline's role it starts jobs under every control, and no others.
    *(
        ("sagemaker:CreateTrainingJob", TRAINING, {**JOB_KEYS, name: value})
        for name, value in (
            ("sagemaker:NetworkIsolation", "false"),
            ("sagemaker:InterContainerTrafficEncryption", "false"),
            ("sagemaker:VpcSubnets", ["subnet-99999999999999999"]),
            ("sagemaker:VolumeKmsKeyArn", keys.OTHER_KEY),
            ("sagemaker:OutputKmsKeyArn", keys.OTHER_KEY),
            ("aws:RequestTag/project", "credit"),
        )
    ),
    *(
        (
            "sagemaker:CreateProcessingJob",
            PROCESSING,
            {key: value for key, value in JOB_KEYS.items() if key != absent},
        )
        for absent in (
            *("sagemaker:VpcSubnets", "sagemaker:VpcSecurityGroupIds"),
            *("sagemaker:NetworkIsolation", "sagemaker:VolumeKmsKeyArn"),
        )
    ),
    ("sagemaker:CreateModelPackage", PACKAGE, {}),  # a version is registered by a person
    (
        "sagemaker:CreateModelPackage",
        CANDIDATE,
        {"sagemaker:ModelApprovalStatus": "Approved"},
    ),
    ("sagemaker:UpdateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Approved"}),
    ("iam:PassRole", EXECUTION, {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("iam:PassRole", f"{IAM}:role/another", {"iam:PassedToService": "sagemaker.amazonaws.com"}),
    ("s3:PutObject", IN, UPLOAD),
    # Who trains could have a job write it.
    ("s3:PutObject", f"{RUNS}/approve-{RUN}/record.json", UPLOAD),
    ("s3:PutObject", ANCHOR, UPLOAD),
    ("codecommit:GitPull", REPOSITORY, {}),
    ("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:999999999999:repository/theirs", {}),
    ("ecr:PutImage", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ours", {}),
    ("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-9", OTHER_VPC),
    ("logs:PutLogEvents", f"{LOGS}:/aws/sagemaker/TrainingJobs:log-stream:another/1", {}),
]
_NOT_DETECTIVE: list[Row] = [
    (
        "cloudwatch:PutMetricData",
        "*",
        {"cloudwatch:namespace": "regulated-ml/credit-default/prod"},
    ),
    ("sagemaker:CreateTrainingJob", TRAINING, JOB_KEYS),
    ("sagemaker:UpdateModelPackage", PACKAGE, {"sagemaker:ModelApprovalStatus": "Approved"}),
    ("sagemaker:DeleteDomain", f"{SAGEMAKER}:domain/d", {}),
    ("s3:GetObject", OUT, {}),
    ("sqs:DeleteMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:credit-default-dev-failures", {}),
    ("iam:PassRole", EXECUTION, {"iam:PassedToService": "sagemaker.amazonaws.com"}),
]
_NOT_MONITORING: list[Row] = [
    ("sagemaker:DeleteMonitoringSchedule", SCHEDULE, THEIRS),
    ("sagemaker:UpdateMonitoringSchedule", SCHEDULE.replace("-default-", "-"), OURS),
    ("sagemaker:CreateMonitoringSchedule", SCHEDULE, {}),
]
_NOT_PIPELINES: list[Row] = [
    ("sagemaker:StartPipelineExecution", PIPELINE, THEIRS),
    ("sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/another", OURS),
    ("sagemaker:DeletePipeline", PIPELINE, OURS),
]
_NOT_DELIVERIES: list[Row] = [
    ("codepipeline:PutApprovalResult", f"{DELIVERY}/PromoteToTest/ByTheApprover", {}),
]
DENIED = [
    *(
        call
        for role in ("execution", "data-scientist", "approver", "detective")
        for call in of(role, _NOBODY)
    ),
    *of("execution", _NOT_EXECUTION),
    *of("approver", [*_NOT_MONITORING, *_NOT_PIPELINES]),
    *of("data-scientist", [*_NOT_DELIVERIES, *_NOT_MONITORING, *_NOT_PIPELINES]),
    *of("data-scientist", _NOT_DATA_SCIENTIST),
    *of("approver", _NOT_APPROVER),
    *of("detective", _NOT_DETECTIVE),
]

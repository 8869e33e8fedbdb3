"""Where the project's things are: their ARNs, as far as IAM can tell them apart by name."""

from collections.abc import Iterable

_HERE = "${AWS::Region}:${AWS::AccountId}"
_S3 = "arn:${AWS::Partition}:s3:::"
_SAGEMAKER = f"arn:${{AWS::Partition}}:sagemaker:{_HERE}"
_LOGS = f"arn:${{AWS::Partition}}:logs:{_HERE}:log-group"

TRAINING_JOBS = f"{_SAGEMAKER}:training-job/${{Slug}}-*"
PROCESSING_JOBS = f"{_SAGEMAKER}:processing-job/${{Slug}}-*"
JOBS = (PROCESSING_JOBS, TRAINING_JOBS)
EXPERIMENT = f"{_SAGEMAKER}:experiment/${{Slug}}-${{Environment}}"
TRIALS = f"{_SAGEMAKER}:experiment-trial/${{Slug}}-*"
TRIAL_COMPONENTS = f"{_SAGEMAKER}:experiment-trial-component/${{Slug}}-*"
EXPERIMENTS = (EXPERIMENT, TRIALS, TRIAL_COMPONENTS)
MODELS = f"{_SAGEMAKER}:model/${{Slug}}-*"
# Endpoints are called like the environment, with or without something behind it.
ENDPOINTS = f"{_SAGEMAKER}:endpoint/${{Slug}}-${{Environment}}*"
ENDPOINT_CONFIGS = f"{_SAGEMAKER}:endpoint-config/${{Slug}}-${{Environment}}*"
ENDPOINT_NAME = "${Slug}-${Environment}"  # of the environment's own endpoint
ALARMS = f"arn:${{AWS::Partition}}:cloudwatch:{_HERE}:alarm:{ENDPOINT_NAME}-endpoint-*"
CANDIDATES = f"{_SAGEMAKER}:model-package-group/${{Slug}}-candidates"
CANDIDATE_PACKAGES = f"{_SAGEMAKER}:model-package/${{Slug}}-candidates/*"
PIPELINE = f"{_SAGEMAKER}:pipeline/${{Slug}}-${{Environment}}"
EXECUTIONS = f"{PIPELINE}/execution/*"
SCHEDULES = f"{_SAGEMAKER}:monitoring-schedule/${{Slug}}-${{Environment}}*"
DEFINITIONS = tuple(
    f"{_SAGEMAKER}:{kind}-job-definition/${{Slug}}-${{Environment}}*"
    for kind in ("data-quality", "model-bias", "model-explainability", "model-quality")
)
MONITORING_JOBS = f"{_SAGEMAKER}:processing-job/model-monitoring-*"
MONITOR_FILES = f"{_S3}${{DataBucket}}/${{Slug}}/${{Environment}}/monitor/*"
TRUTH = f"{_S3}${{DataBucket}}/${{Slug}}/${{Environment}}/ground-truth/*"
PACKAGE_GROUP = f"{_SAGEMAKER}:model-package-group/${{Slug}}"
PACKAGES = f"{_SAGEMAKER}:model-package/${{Slug}}/*"
MODEL_CARDS = f"{_SAGEMAKER}:model-card/${{Slug}}-*"
SAGEMAKER = f"{_SAGEMAKER}:*"

BUCKETS = (f"{_S3}${{DataBucket}}", f"{_S3}${{ModelBucket}}")
INPUTS = f"{_S3}${{DataBucket}}/${{Slug}}/${{Environment}}/*"
OUTPUTS = f"{_S3}${{ModelBucket}}/${{Slug}}/${{Environment}}/*"
# What jobs write, and what was promoted: no job writes where approved models lie.
OF_JOBS = f"{_S3}${{ModelBucket}}/${{Slug}}/${{Environment}}/runs/*"
PROMOTED = f"{_S3}${{ModelBucket}}/${{Slug}}/${{Environment}}/models/*"
PREFIX = "${Slug}/${Environment}/*"
OBJECTS = tuple(f"{bucket}/*" for bucket in BUCKETS)

LOG_BUCKET = "${Slug}-${Environment}-logs-${AWS::AccountId}"
TRAIL_BUCKET = "${Slug}-${Environment}-trail-${AWS::AccountId}"
WITH_THE_TRAIL = f"{_S3}{TRAIL_BUCKET}"
TRAIL = f"{WITH_THE_TRAIL}/${{Slug}}/${{Environment}}/trail/*"
# Of the delivery: what its stages hand on.
DELIVERY_NAME = "${Slug}-${Environment}-delivery-${AWS::AccountId}"
DELIVERY_BUCKET = f"{_S3}{DELIVERY_NAME}"
# All that anybody of the project does in S3.
IN_S3 = (*BUCKETS, *OBJECTS, WITH_THE_TRAIL, f"{WITH_THE_TRAIL}/*")

KEY = "${KmsKeyArn}"
EXECUTION_ROLE = "${ExecutionRoleArn}"
DATA_SCIENTIST = (
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Slug}-${Environment}-data-scientist"
)
APPROVER = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Slug}-${Environment}-approver"
DETECTIVE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Slug}-${Environment}-detective"
REPOSITORY = f"arn:${{AWS::Partition}}:codecommit:{_HERE}:${{Repository}}"
VPC = f"arn:${{AWS::Partition}}:ec2:{_HERE}:vpc/${{VpcId}}"
INTERFACES = f"arn:${{AWS::Partition}}:ec2:{_HERE}:network-interface/*"
SUBNETS = f"arn:${{AWS::Partition}}:ec2:{_HERE}:subnet/*"
SECURITY_GROUPS = f"arn:${{AWS::Partition}}:ec2:{_HERE}:security-group/*"
REPOSITORIES_OF_IMAGES = "${ImageRepositories}"
TOPIC = f"arn:${{AWS::Partition}}:sns:{_HERE}:${{Slug}}-${{Environment}}-findings"
DELIVERY = f"arn:${{AWS::Partition}}:codepipeline:{_HERE}:${{Slug}}-${{Environment}}-delivery"
ALERTS = f"arn:${{AWS::Partition}}:sns:{_HERE}:${{Slug}}-${{Environment}}-alerts"
DELIVERING = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Slug}-${Environment}-delivery-*"
NAMESPACE = "regulated-ml/${Slug}/${Environment}"  # of metrics
EVENTS = f"arn:${{AWS::Partition}}:sqs:{_HERE}:${{Slug}}-${{Environment}}-events"

# SageMaker names the streams of a job after it, and the group of an endpoint.
LOG_GROUPS = f"{_LOGS}:/aws/sagemaker/*"
JOB_STREAMS = f"{_LOGS}:/aws/sagemaker/*:log-stream:${{Slug}}-*"
ENDPOINT_STREAMS = f"{_LOGS}:/aws/sagemaker/Endpoints/${{Slug}}-*:log-stream:*"
GUARD_LOG = f"{_LOGS}:/regulated-ml/${{Slug}}/${{Environment}}/guard"
GUARD_STREAMS = f"{_LOGS}:/regulated-ml/${{Slug}}/${{Environment}}/guard:log-stream:*"
DETECTIVE_STREAMS = f"{_LOGS}:/aws/lambda/${{Slug}}-${{Environment}}-detective:log-stream:*"


def of_runs(steps: Iterable[str], name: str) -> tuple[str, ...]:
    """What lies under this name beside the outputs of every run of these steps."""
    runs = f"{_S3}${{ModelBucket}}/${{Slug}}/${{Environment}}/runs"
    return tuple(f"{runs}/{step}-*/{name}" for step in steps)


def service(name: str) -> str:
    """A service as `kms:ViaService` and endpoints name it."""
    return f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}"

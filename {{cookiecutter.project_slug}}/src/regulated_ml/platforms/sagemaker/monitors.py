"""The requests for Model Monitor's schedules, secure by themselves: definitions and schedules.

They are the arguments of CreateDataQualityJobDefinition, CreateModelQualityJobDefinition,
CreateModelBiasJobDefinition, CreateModelExplainabilityJobDefinition and CreateMonitoringSchedule.
A definition is called after all that it says, so a change is another one, and nothing changes
behind a name. Source: SageMaker Developer Guide, "Data and model quality monitoring".
"""

import hashlib
import json
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.monitoring.violations import Monitor
from regulated_ml.platforms.sagemaker import images, naming
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security.clients import platform
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings

DIGEST = 8  # characters of a hash
LONGEST = 63  # characters of a name
PROCESSING = "/opt/ml/processing"
STEP = "evaluate"  # whose machine of model.yaml the monitors have
HOUR, DAY = 60, 24 * 60  # minutes
# Where there are labels, requests are looked at a day later: so long a label may take.
LATE = DAY
# The file that definitions name beside those of the baseline and of each monitor.
PREPROCESSOR = "record_preprocessor.py"


class Kind(NamedTuple):
    """A monitor as SageMaker knows it."""

    type: str  # MonitoringType; the operation is Create<type>JobDefinition
    image: str  # as the SDK calls it
    resource: str  # of the ARN of its definitions


KINDS: dict[Monitor, Kind] = {
    "data_quality": Kind("DataQuality", "model-monitor", "data-quality-job-definition"),
    "model_quality": Kind("ModelQuality", "model-monitor", "model-quality-job-definition"),
    "bias": Kind("ModelBias", "clarify", "model-bias-job-definition"),
    "attribution": Kind("ModelExplainability", "clarify", "model-explainability-job-definition"),
}
LABELLED: tuple[Monitor, ...] = ("model_quality", "bias")  # what needs ground truth

Request = dict[str, Any]


class Watch(NamedTuple):
    """What is to be monitored, and how often."""

    endpoint: str
    files: Address  # where baseline, constraints, configurations and the preprocessor lie
    threshold: float  # a score from here on is a predicted default
    every: int  # minutes


class Plan(NamedTuple):
    """A monitor of an endpoint: its definition and its schedule."""

    monitor: Monitor
    kind: Kind
    definition: Request
    schedule: Request


def plan(settings: Settings, watch: Watch, monitor: Monitor, *, isolated: bool = True) -> Plan:
    """The requests for one monitor.

    Args:
        settings: of the environment.
        watch: what is monitored.
        monitor: which of the four.
        isolated: whether its jobs have no network; Clarify's explanations need one.

    Raises:
        UserError: the endpoint's name is too long for names made of it.
    """
    kind, name = KINDS[monitor], schedule_name(watch.endpoint, monitor)
    own = [{"Key": key, "Value": value} for key, value in tags(settings).items()]
    definition = {
        **_sources(settings, watch, monitor, kind),
        f"{kind.type}JobOutputConfig": _output(settings, name),
        "JobResources": {"ClusterConfig": _machine(settings)},
        "NetworkConfig": _network(settings, isolated=isolated),
        "RoleArn": platform(settings).execution_role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": _longest(settings, watch)},
    }
    digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:DIGEST]
    definition_name = f"{name}-{digest}"
    if len(definition_name) > LONGEST:
        rule = f"names of schedules are made of it, and have at most {LONGEST} characters"
        fix = f"deploy one whose name has {len(definition_name) - LONGEST} characters fewer"
        raise UserError.one("--endpoint", watch.endpoint, rule, fix, ExitStatus.USAGE)
    schedule = {
        "MonitoringScheduleName": name,
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": cron(watch.every)},
            "MonitoringJobDefinitionName": definition_name,
            "MonitoringType": kind.type,
        },
        "Tags": own,
    }
    return Plan(
        monitor, kind, {"JobDefinitionName": definition_name, **definition, "Tags": own}, schedule
    )


def schedule_name(endpoint: str, monitor: Monitor) -> str:
    """What the schedule of a monitor is called."""
    return f"{endpoint}-{monitor.replace('_', '-')}"


def cron(every: int) -> str:
    """The expression for a schedule; SageMaker takes whole hours, and a day at most.

    Raises:
        UserError: it takes no such interval.
    """
    hours, rest = divmod(every, HOUR)
    if rest or not hours or hours > 24 or 24 % hours:
        rule = "Model Monitor runs every 60, 120, 180, 240, 360, 480, 720 or 1440 minutes"
        raise UserError.one("--every", every, rule, "take one of these", ExitStatus.USAGE)
    if hours == 1:
        return "cron(0 * ? * * *)"
    return "cron(0 0 ? * * *)" if hours == 24 else f"cron(0 0/{hours} ? * * *)"


def _sources(settings: Settings, watch: Watch, monitor: Monitor, kind: Kind) -> Request:
    """What is read, held against what, by which image."""
    specification: Request = {"ImageUri": images.monitor(kind.image, platform(settings).aws_region)}
    source: Request = {"EndpointInput": _requests(watch, monitor)}
    baseline: Request = {"ConstraintsResource": _at(watch, f"{monitor}_constraints.json")}
    metrics = {"publish_cloudwatch_metrics": "Enabled"}
    if monitor == "data_quality":
        baseline = {
            "ConstraintsResource": _at(watch, "constraints.json"),
            "StatisticsResource": _at(watch, "statistics.json"),
        }
        specification["RecordPreprocessorSourceUri"] = f"{watch.files}{PREPROCESSOR}"
        specification["Environment"] = metrics
    elif monitor == "model_quality":
        specification |= {"ProblemType": "BinaryClassification", "Environment": metrics}
    else:
        specification["ConfigUri"] = f"{watch.files}{monitor}_config.json"
        specification["Environment"] = metrics
    if monitor in LABELLED:
        truth = str(naming.ground_truth(settings, watch.endpoint)).rstrip("/")
        source["GroundTruthS3Input"] = {"S3Uri": truth}
    return {
        f"{kind.type}AppSpecification": specification,
        f"{kind.type}BaselineConfig": baseline,
        f"{kind.type}JobInput": source,
    }


def _requests(watch: Watch, monitor: Monitor) -> Request:
    """The captured requests; of an answer in CSV the first column is the probability."""
    source: Request = {
        "EndpointName": watch.endpoint,
        "LocalPath": f"{PROCESSING}/input/endpoint",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    if monitor in LABELLED:
        source |= {
            "ProbabilityAttribute": "0",
            "ProbabilityThresholdAttribute": watch.threshold,
            "StartTimeOffset": f"-PT{(LATE + watch.every) // HOUR}H",
            "EndTimeOffset": f"-PT{LATE // HOUR}H",
        }
    return source


def _output(settings: Settings, name: str) -> Request:
    place = {
        "S3Uri": f"{naming.monitored(settings)}{name}",
        "LocalPath": f"{PROCESSING}/output",
        "S3UploadMode": "EndOfJob",
    }
    key = platform(settings).kms_key_arn
    return {"KmsKeyId": key, "MonitoringOutputs": [{"S3Output": place}]}


def _machine(settings: Settings) -> Request:
    instance = settings.model.instances.of(STEP)
    machine: Request = {
        "InstanceCount": 1,
        "InstanceType": instance.type,
        "VolumeSizeInGB": instance.volume_gb,
    }
    if not instance.has_own_disk:
        machine["VolumeKmsKeyId"] = platform(settings).kms_key_arn
    return machine


def _network(settings: Settings, *, isolated: bool) -> Request:
    place = platform(settings)
    return {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": isolated,
        "VpcConfig": {
            "SecurityGroupIds": [*place.security_group_ids],
            "Subnets": [*place.subnet_ids],
        },
    }


def _longest(settings: Settings, watch: Watch) -> int:
    """Seconds; SageMaker wants a run to end before the next one begins."""
    return min(settings.model.instances.of(STEP).max_runtime_minutes, watch.every) * 60


def _at(watch: Watch, name: str) -> Request:
    return {"S3Uri": f"{watch.files}{name}"}

"""An account seeded by hand: requests that keep every control, and 30 that break one each."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from aws import ACCOUNT, REGION, Account

REGISTRY = f"492215442770.dkr.ecr.{REGION}.amazonaws.com"  # AWS's, of managed XGBoost
IMAGE = f"{REGISTRY}/sagemaker-xgboost:3.2-0"
FOREIGN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-12ab-34cd-56ef-1234567890ab"
FOREIGN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/anothers"
Request = dict[str, Any]


class Team:
    """What the environment dev of the account allows, in the words of requests."""

    def __init__(self, account: Account) -> None:
        self.key, self.role = account.key, account.role
        self.subnets, self.group = list(account.subnets), account.group
        self.vpc_id, self.vpc = (
            account.vpc,
            {"Subnets": self.subnets, "SecurityGroupIds": [account.group]},
        )
        self.data, self.model = (f"s3://{bucket}" for bucket in account.buckets)
        self.network = {
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": self.vpc,
        }
        self.cluster = {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 10,
            "VolumeKmsKeyId": account.key,
        }
        self.tags = [
            {"Key": "project", "Value": "credit-default"},
            {"Key": "environment", "Value": "dev"},
            {"Key": "owner", "Value": "credit-risk-models@example.com"},
            {"Key": "cost-center", "Value": "CC-4711"},
            {"Key": "data-classification", "Value": "confidential"},
        ]


def training(t: Team, name: str) -> Request:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": t.role,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{t.data}/train"}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"{t.model}/out", "KmsKeyId": t.key},
        "ResourceConfig": t.cluster,
        "VpcConfig": t.vpc,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "Tags": t.tags,
    }


def processing(t: Team, name: str) -> Request:
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": t.cluster},
        "AppSpecification": {"ImageUri": IMAGE},
        "NetworkConfig": t.network,
        "RoleArn": t.role,
        "ProcessingOutputConfig": {
            "KmsKeyId": t.key,
            "Outputs": [
                {
                    "OutputName": "rows",
                    "S3Output": {
                        "S3Uri": f"{t.model}/rows",
                        "LocalPath": "/opt/ml/processing/rows",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
        },
        "Tags": t.tags,
    }


def transform(t: Team, name: str) -> Request:
    return {
        "TransformJobName": name,
        "ModelName": "credit-default-model",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{t.data}/batch"}}
        },
        "TransformOutput": {"S3OutputPath": f"{t.model}/scores", "KmsKeyId": t.key},
        "TransformResources": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeKmsKeyId": t.key,
        },
        "Tags": t.tags,
    }


def tuning(t: Team, name: str) -> Request:
    inner = training(t, "inner")
    kept = (
        "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig",
        "StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption",
    )  # fmt: skip
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 1},
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            **{key: inner[key] for key in kept},
        },
        "Tags": t.tags,
    }


def automl(t: Team, name: str) -> Request:
    return {
        "AutoMLJobName": name,
        "AutoMLJobInputDataConfig": [
            {
                "ChannelType": "training",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{t.data}/train"}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"{t.model}/automl", "KmsKeyId": t.key},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": t.role,
        "SecurityConfig": {
            "VolumeKmsKeyId": t.key,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": t.vpc,
        },
        "Tags": t.tags,
    }


def compilation(t: Team, name: str) -> Request:
    return {
        "CompilationJobName": name,
        "RoleArn": t.role,
        "InputConfig": {"S3Uri": f"{t.model}/model.tar.gz", "Framework": "XGBOOST"},
        "OutputConfig": {
            "S3OutputLocation": f"{t.model}/compiled",
            "TargetDevice": "ml_m5",
            "KmsKeyId": t.key,
        },
        "VpcConfig": t.vpc,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": t.tags,
    }


def model(t: Team, name: str) -> Request:
    return {
        "ModelName": name,
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": f"{t.model}/model.tar.gz"},
        "ExecutionRoleArn": t.role,
        "VpcConfig": t.vpc,
        "EnableNetworkIsolation": True,
        "Tags": t.tags,
    }


def endpoint_config(t: Team, name: str) -> Request:
    return {
        "EndpointConfigName": name,
        "ProductionVariants": [
            {
                "VariantName": "only",
                "ModelName": "credit-default-model",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
        "DataCaptureConfig": {
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"{t.model}/capture",
            "KmsKeyId": t.key,
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        "KmsKeyId": t.key,
        "Tags": t.tags,
    }


def endpoint(t: Team, name: str) -> Request:
    return {
        "EndpointName": name,
        "EndpointConfigName": "credit-default-endpointconfig",
        "Tags": t.tags,
    }


def notebook(t: Team, name: str) -> Request:
    return {
        "NotebookInstanceName": name,
        "InstanceType": "ml.t3.medium",
        "SubnetId": t.subnets[0],
        "SecurityGroupIds": [t.group],
        "RoleArn": t.role,
        "KmsKeyId": t.key,
        "DirectInternetAccess": "Disabled",
        "RootAccess": "Disabled",
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
        "PlatformIdentifier": "notebook-al2023-v1",
        "Tags": t.tags,
    }


def domain(t: Team, name: str) -> Request:
    return {
        "DomainName": name,
        "AuthMode": "SSO",
        "VpcId": t.vpc_id,
        "SubnetIds": t.subnets,
        "AppNetworkAccessType": "VpcOnly",
        "DefaultUserSettings": {"ExecutionRole": t.role, "SecurityGroups": [t.group]},
        "KmsKeyId": t.key,
        "Tags": t.tags,
    }


def user_profile(t: Team, name: str) -> Request:
    settings = {"ExecutionRole": t.role, "SecurityGroups": [t.group]}
    return {
        "DomainId": "d-1",
        "UserProfileName": name,
        "UserSettings": settings,
        "Tags": t.tags,
    }


def space(t: Team, name: str) -> Request:
    return {"DomainId": "d-1", "SpaceName": name, "Tags": t.tags}


def feature_group(t: Team, name: str) -> Request:
    return {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": "ID",
        "EventTimeFeatureName": "T",
        "FeatureDefinitions": [{"FeatureName": "ID", "FeatureType": "String"}],
        "OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": t.key}},
        "OfflineStoreConfig": {
            "S3StorageConfig": {"S3Uri": f"{t.data}/features", "KmsKeyId": t.key}
        },
        "RoleArn": t.role,
        "Tags": t.tags,
    }


def job_definition(t: Team, name: str) -> Request:
    local = "/opt/ml/processing/in"
    return {
        "JobDefinitionName": name,
        "DataQualityAppSpecification": {"ImageUri": IMAGE},
        "DataQualityJobInput": {"EndpointInput": {"EndpointName": "e", "LocalPath": local}},
        "DataQualityJobOutputConfig": {
            "MonitoringOutputs": [{"S3Output": {"S3Uri": f"{t.model}/mon", "LocalPath": "/out"}}],
            "KmsKeyId": t.key,
        },
        "JobResources": {"ClusterConfig": t.cluster},
        "NetworkConfig": t.network,
        "RoleArn": t.role,
        "Tags": t.tags,
    }


def schedule(t: Team, name: str) -> Request:
    local = "/opt/ml/processing/in"
    return {
        "MonitoringScheduleName": name,
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
            "MonitoringJobDefinition": {
                "MonitoringInputs": [{"EndpointInput": {"EndpointName": "e", "LocalPath": local}}],
                "MonitoringOutputConfig": {
                    "MonitoringOutputs": [
                        {"S3Output": {"S3Uri": f"{t.model}/mon", "LocalPath": "/out"}}
                    ],
                    "KmsKeyId": t.key,
                },
                "MonitoringResources": {"ClusterConfig": t.cluster},
                "MonitoringAppSpecification": {"ImageUri": IMAGE},
                "NetworkConfig": t.network,
                "RoleArn": t.role,
            },
        },
        "Tags": t.tags,
    }


def pipeline(t: Team, name: str) -> Request:
    step = {"Name": "Train", "Type": "Training", "Arguments": training(t, "inside")}
    definition = {"Version": "2020-12-01", "Steps": [step]}
    return {
        "PipelineName": name,
        "PipelineDefinition": json.dumps(definition),
        "ClientRequestToken": "0" * 32,
        "RoleArn": t.role,
        "Tags": t.tags,
    }


def package_group(t: Team, name: str) -> Request:
    return {"ModelPackageGroupName": name, "Tags": t.tags}


def model_card(t: Team, name: str) -> Request:
    return {
        "ModelCardName": name,
        "Content": "{}",
        "ModelCardStatus": "Draft",
        "SecurityConfig": {"KmsKeyId": t.key},
        "Tags": t.tags,
    }


def experiment(t: Team, name: str) -> Request:
    variant = {
        "ModelName": "credit-default-model",
        "VariantName": "v",
        "InfrastructureConfig": {
            "InfrastructureType": "RealTimeInference",
            "RealTimeInferenceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        },
    }
    return {
        "Name": name,
        "Type": "ShadowMode",
        "RoleArn": t.role,
        "EndpointName": "credit-default-endpoint",
        "ModelVariants": [variant],
        "DataStorageConfig": {"Destination": f"{t.model}/shadow", "KmsKey": t.key},
        "ShadowModeConfig": {
            "SourceModelVariantName": "v",
            "ShadowModelVariants": [{"ShadowModelVariantName": "s", "SamplingPercentage": 10}],
        },
        "KmsKey": t.key,
        "Tags": t.tags,
    }


def cluster(t: Team, name: str) -> Request:
    return {
        "ClusterName": name,
        "InstanceGroups": [
            {
                "InstanceCount": 1,
                "InstanceGroupName": "workers",
                "InstanceType": "ml.c5.large",
                "LifeCycleConfig": {"SourceS3Uri": f"{t.data}/hooks", "OnCreate": "start.sh"},
                "ExecutionRole": t.role,
            }
        ],
        "VpcConfig": t.vpc,
        "Tags": t.tags,
    }


Make = Callable[[Team, str], Request]

COMPLIANT: dict[str, Make] = {
    "CreateModel": model,
    "CreateEndpointConfig": endpoint_config,
    "CreateEndpoint": endpoint,
    "CreateTrainingJob": training,
    "CreateProcessingJob": processing,
    "CreateTransformJob": transform,
    "CreateHyperParameterTuningJob": tuning,
    "CreateAutoMLJobV2": automl,
    "CreateCompilationJob": compilation,
    "CreateNotebookInstance": notebook,
    "CreateDomain": domain,
    "CreateUserProfile": user_profile,
    "CreateSpace": space,
    "CreateFeatureGroup": feature_group,
    "CreateDataQualityJobDefinition": job_definition,
    "CreateMonitoringSchedule": schedule,
    "CreatePipeline": pipeline,
    "CreateModelPackageGroup": package_group,
    "CreateModelCard": model_card,
    "CreateInferenceExperiment": experiment,
    "CreateCluster": cluster,
}


class Planted(NamedTuple):
    """A resource that breaks one control: what is written into one field of its request."""

    operation: str
    control: str
    field: str  # where the audit must find it
    value: Any  # an ellipsis: the field is left out

    def change(self, request: Request) -> None:
        """Breaks the control in a request that keeps it."""
        if self.field.startswith(IN_STEP):
            definition = json.loads(request["PipelineDefinition"])
            path = self.field.removeprefix(IN_STEP)
            _write(definition["Steps"][0]["Arguments"], path, self.value)
            request["PipelineDefinition"] = json.dumps(definition)
        else:
            _write(request, self.field, self.value)


def _write(request: Request, field: str, value: Any) -> None:
    parts = [part for part in re.split(r"[.\[\]]+", field) if part]
    *before, last = [int(part) if part.isdigit() else part for part in parts]
    holder: Any = request
    for part in before:
        holder = holder[part]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value


IN_STEP = "PipelineDefinition: step Train: "
MONITORED = "MonitoringScheduleConfig.MonitoringJobDefinition"
ELSEWHERE = "s3://somebody-elses-bucket/x"
WRONG_OWNER = [{"Key": "owner", "Value": "nobody@example.com"}]

# Written by hand: what is planted, and the control and field that must be found for it.
_ROWS: tuple[tuple[str, str, str, Any], ...] = (
    ("CreateTrainingJob", "RML-VPC-1", "VpcConfig.Subnets", ["subnet-0badbadb"]),
    ("CreateTrainingJob", "RML-ISO-1", "EnableNetworkIsolation", False),
    ("CreateTrainingJob", "RML-ENC-1", "EnableInterContainerTrafficEncryption", False),
    ("CreateTrainingJob", "RML-KEY-1", "ResourceConfig.VolumeKmsKeyId", ...),
    ("CreateTrainingJob", "RML-KEY-2", "OutputDataConfig.KmsKeyId", FOREIGN_KEY),
    ("CreateTrainingJob", "RML-S3-1", "OutputDataConfig.S3OutputPath", ELSEWHERE),
    ("CreateTrainingJob", "RML-S3-2", "InputDataConfig[0].DataSource.S3DataSource.S3Uri", ELSEWHERE),
    ("CreateTrainingJob", "RML-IMG-1", "AlgorithmSpecification.TrainingImage", "docker.io/miner:latest"),
    ("CreateTrainingJob", "RML-ROLE-1", "RoleArn", FOREIGN_ROLE),
    ("CreateTrainingJob", "RML-TAG-1", "Tags", ...),
    ("CreateProcessingJob", "RML-VPC-1", "NetworkConfig.VpcConfig.SecurityGroupIds", ["sg-0badbadb"]),
    ("CreateProcessingJob", "RML-ISO-1", "NetworkConfig.EnableNetworkIsolation", ...),
    ("CreateTransformJob", "RML-KEY-1", "TransformResources.VolumeKmsKeyId", ...),
    ("CreateHyperParameterTuningJob", "RML-ENC-1", "TrainingJobDefinition.EnableInterContainerTrafficEncryption", ...),
    ("CreateAutoMLJobV2", "RML-KEY-2", "OutputDataConfig.KmsKeyId", ...),
    ("CreateCompilationJob", "RML-S3-1", "OutputConfig.S3OutputLocation", ELSEWHERE),
    ("CreateModel", "RML-ISO-1", "EnableNetworkIsolation", False),
    ("CreateModel", "RML-IMG-1", "PrimaryContainer.Image", "999999999999.dkr.ecr.eu-central-1.amazonaws.com/x:1"),
    ("CreateEndpointConfig", "RML-KEY-3", "DataCaptureConfig.KmsKeyId", ...),
    ("CreateEndpoint", "RML-TAG-1", "Tags", WRONG_OWNER),
    ("CreateNotebookInstance", "RML-VPC-2", "DirectInternetAccess", "Enabled"),
    ("CreateNotebookInstance", "RML-ACCESS-1", "RootAccess", "Enabled"),
    ("CreateDomain", "RML-VPC-2", "AppNetworkAccessType", "PublicInternetOnly"),
    ("CreateUserProfile", "RML-ROLE-1", "UserSettings.ExecutionRole", FOREIGN_ROLE),
    ("CreateFeatureGroup", "RML-KEY-4", "OfflineStoreConfig.S3StorageConfig.KmsKeyId", ...),
    ("CreateDataQualityJobDefinition", "RML-KEY-2", "DataQualityJobOutputConfig.KmsKeyId", FOREIGN_KEY),
    ("CreateMonitoringSchedule", "RML-ISO-1", f"{MONITORED}.NetworkConfig.EnableNetworkIsolation", False),
    ("CreatePipeline", "RML-KEY-2", f"{IN_STEP}OutputDataConfig.KmsKeyId", ...),
    ("CreateInferenceExperiment", "RML-KEY-5", "DataStorageConfig.KmsKey", ...),
    ("CreateCluster", "RML-S3-2", "InstanceGroups[0].LifeCycleConfig.SourceS3Uri", ELSEWHERE),
)
PLANTED = tuple(Planted(*row) for row in _ROWS)


def named(operation: str, number: int = -1) -> str:
    """The name of a resource: of a compliant one, or of the planted one with a number."""
    kind = operation.removeprefix("Create").removesuffix("V2").lower()
    return f"credit-default-{kind}" + (f"-{number}" if number >= 0 else "")


def requests(team: Team) -> list[tuple[str, Request]]:
    """Every request: one that keeps all controls for each operation, then the planted ones."""
    found = [(name, make(team, named(name))) for name, make in COMPLIANT.items()]
    for number, planted in enumerate(PLANTED):
        request = copy.deepcopy(
            COMPLIANT[planted.operation](team, named(planted.operation, number))
        )
        planted.change(request)
        found.append((planted.operation, request))
    return found

"""Requests that keep every control, one for each kind of resource."""

import json
from collections.abc import Callable
from typing import Any

from aws import REGION, Account

REGISTRY = f"492215442770.dkr.ecr.{REGION}.amazonaws.com"  # AWS's, of managed XGBoost
IMAGE = f"{REGISTRY}/sagemaker-xgboost:3.2-0"
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

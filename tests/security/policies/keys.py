"""Context keys by hand: as the services send them, when a request is right and when it is wrong.

Written from AWS's service authorization reference for SageMaker and S3, and from
examples/answers.yaml; nothing here is read from the catalogue or from the code that makes the
policies.
"""

from typing import Any

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = "arn:aws:kms:eu-central-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab"
SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5a60718"]
GROUPS = ["sg-0a1b2c3d4e5f60718"]

# Of each key: what a right request has, and what a wrong one may have.
VALUES: dict[str, tuple[Any, list[Any]]] = {
    "sagemaker:VpcSubnets": (
        SUBNETS,
        [["subnet-99999999999999999"], [SUBNETS[0], "subnet-99999999999999999"]],
    ),
    "sagemaker:VpcSecurityGroupIds": (GROUPS, [["sg-99999999999999999"], [*GROUPS, "sg-9999"]]),
    "sagemaker:NetworkIsolation": ("true", ["false"]),
    "sagemaker:InterContainerTrafficEncryption": ("true", ["false"]),
    "sagemaker:VolumeKmsKeyArn": (KEY, [OTHER_KEY]),
    "sagemaker:OutputKmsKeyArn": (KEY, [OTHER_KEY]),
    "sagemaker:FeatureGroupOnlineStoreKmsKeyArn": (KEY, [OTHER_KEY]),
    "sagemaker:FeatureGroupOfflineStoreKmsKeyArn": (KEY, [OTHER_KEY]),
    "sagemaker:DomainSharingOutputKmsKeyArn": (KEY, [OTHER_KEY]),
    "sagemaker:DirectInternetAccess": ("Disabled", ["Enabled"]),
    "sagemaker:AppNetworkAccessType": ("VpcOnly", ["PublicInternetOnly"]),
    "sagemaker:RootAccess": ("Disabled", ["Enabled"]),
    "sagemaker:MinimumInstanceMetadataServiceVersion": ("2", ["1"]),
    "sagemaker:EnableRemoteDebug": ("false", ["true"]),
    "s3:x-amz-server-side-encryption": ("aws:kms", ["AES256"]),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": (KEY, [OTHER_KEY]),
    "aws:RequestTag/project": ("credit-default", ["another"]),
    "aws:RequestTag/environment": ("dev", ["prod"]),
    "aws:RequestTag/owner": ("credit-risk-models@example.com", ["me@example.com"]),
    "aws:RequestTag/cost-center": ("CC-4711", ["CC-1"]),
    "aws:RequestTag/data-classification": ("confidential", ["public"]),
}
TAGS = [key for key in VALUES if key.startswith("aws:RequestTag/")]
# What a right request has besides, so that other conditions can see it.
BESIDE: dict[str, Any] = {
    "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
    "sagemaker:FeatureGroupEnableOnlineStore": "true",
    "sagemaker:FeatureGroupOfflineStoreConfig": "true",
}
# An operation and a key that it may lack: an update leaves what is there; an endpoint of models has
# the models' network and isolation; nothing is shared from a domain that does not say so.
MAY_LACK = {
    ("CreateEndpointConfig", "sagemaker:VpcSubnets"),
    ("CreateEndpointConfig", "sagemaker:VpcSecurityGroupIds"),
    ("CreateEndpointConfig", "sagemaker:NetworkIsolation"),
    ("CreateTrainingJob", "sagemaker:EnableRemoteDebug"),
    ("UpdateTrainingJob", "sagemaker:EnableRemoteDebug"),
    ("UpdateDomain", "sagemaker:AppNetworkAccessType"),
    ("UpdateNotebookInstance", "sagemaker:RootAccess"),
    ("UpdateNotebookInstance", "sagemaker:MinimumInstanceMetadataServiceVersion"),
    ("CreateDomain", "sagemaker:DomainSharingOutputKmsKeyArn"),
    ("UpdateDomain", "sagemaker:DomainSharingOutputKmsKeyArn"),
    ("CreateUserProfile", "sagemaker:DomainSharingOutputKmsKeyArn"),
    ("UpdateUserProfile", "sagemaker:DomainSharingOutputKmsKeyArn"),
}
# Denied whatever it carries.
REFUSED = {"CreateJob"}
# What SageMaker does not ask for on these: keys of the action that a right request has not got.
NOT_SENT = {"CreateModelPackage": TAGS, "UpdateModelPackage": TAGS}

# A resource of each kind that these actions are about; all others are called after the operation.
RESOURCES = {"s3:PutObject": "arn:aws:s3:::credit-default-data-111122223333-eu-central-1/a"}

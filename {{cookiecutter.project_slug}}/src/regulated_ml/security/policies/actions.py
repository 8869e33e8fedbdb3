"""The actions of IAM behind AWS's operations, and what IAM lets a condition see.

A test holds these tables to IAM's own data.
"""

# Where the action has another name than the operation.
RENAMED = {
    "s3.CopyObject": "s3:PutObject",
    "s3.CreateMultipartUpload": "s3:PutObject",
    "s3.DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.PutBucketCors": "s3:PutBucketCORS",
    "s3.PutBucketInventoryConfiguration": "s3:PutInventoryConfiguration",
    "s3.PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3.PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3.PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3.DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
# Operations of AWS's model for which IAM has no action yet.
WITHOUT_ACTION = frozenset(
    {
        "DeleteEndpointPolicy",
        "DeleteInferenceRouter",
        "PutEndpointPolicy",
        "StopTrainingSession",
    }
)


def action(operation: str) -> str:
    """The action of an operation of the catalogue, `CreateModel` or `s3.PutObject`."""
    service, _, name = operation.rpartition(".")
    return RENAMED.get(operation, f"{service or 'sagemaker'}:{name}")


# Where a field lies in a structure that may lack, whether it is there is seen by another key.
PRESENT = {
    ("CreateFeatureGroup", "OnlineStoreConfig"): {
        "Bool": {"sagemaker:FeatureGroupEnableOnlineStore": "true"}
    },
    ("CreateFeatureGroup", "OfflineStoreConfig"): {
        "Bool": {"sagemaker:FeatureGroupOfflineStoreConfig": "true"}
    },
    # A job without instances of its own has no volumes of its own.
    ("CreateTrainingJob", "ResourceConfig"): {"Null": {"sagemaker:InstanceTypes": "false"}},
    # A definition written in the schedule names its instances; one made before is only named.
    ("CreateMonitoringSchedule", "MonitoringJobDefinition"): {
        "Null": {"sagemaker:InstanceTypes": "false"}
    },
    ("UpdateMonitoringSchedule", "MonitoringJobDefinition"): {
        "Null": {"sagemaker:InstanceTypes": "false"}
    },
}
# Structures of which every request has one, as far as IAM can see: one job definition or several,
# the resources of a tuning, and outputs, without which a job leaves nothing behind. Here IAM is the
# stricter one: a processing job without outputs is denied until it names the key.
ALWAYS = frozenset(
    {
        ("CreateHyperParameterTuningJob", "TrainingJobDefinition"),
        ("CreateHyperParameterTuningJob", "ResourceConfig"),
        ("CreateHyperParameterTuningJob", "HyperParameterTuningResourceConfig"),
        ("CreateProcessingJob", "ProcessingOutputConfig"),
    }
)

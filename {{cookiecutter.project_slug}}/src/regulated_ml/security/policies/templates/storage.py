"""The buckets: data, models, and the access logs of both."""

from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.resources import bucket_policy, log_bucket_policy
from regulated_ml.security.policies.templates.building import (
    KEPT,
    TAGS,
    Resource,
    Template,
    resource,
    skip,
)

PRIVATE = {
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
    "VersioningConfiguration": {"Status": "Enabled"},
}
UNFINISHED = {
    "Id": "UnfinishedUploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
LOGS_KEPT = 731  # days


def template(controls: Controls) -> Template:
    """The template."""
    resources: dict[str, Resource] = {"LogBucket": _log_bucket()}
    resources["LogBucketPolicy"] = _policy("LogBucket", log_bucket_policy().document)
    for parameter in ("DataBucket", "ModelBucket"):
        name = f"{parameter}Resource"  # a parameter's name cannot be a resource's
        resources[name] = _bucket(parameter)
        resources[f"{parameter}Policy"] = _policy(name, bucket_policy(parameter).document)
    return Template(
        "The data bucket and the model bucket: versioned, logged, under the team's key, over TLS"
        " and from the VPC alone.",
        resources,
    )


def _bucket(parameter: str) -> Resource:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": places.KEY}
    return resource(
        "AWS::S3::Bucket",
        {
            "BucketName": f"${{{parameter}}}",
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": encryption}
                ]
            },
            "LoggingConfiguration": {
                "DestinationBucketName": {"Ref": "LogBucket"},
                "LogFilePrefix": f"{parameter}/",
            },
            "LifecycleConfiguration": {"Rules": [UNFINISHED]},
            **PRIVATE,
            "Tags": TAGS,
        },
        **KEPT,
        DependsOn="LogBucketPolicy",
    )


def _log_bucket() -> Resource:
    expiry = {"Id": "OldLogs", "Status": "Enabled", "ExpirationInDays": LOGS_KEPT}
    by_s3 = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return resource(
        "AWS::S3::Bucket",
        {
            "BucketName": places.LOG_BUCKET,
            # S3 delivers access logs to no bucket under a key of KMS.
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [by_s3]},
            "LifecycleConfiguration": {"Rules": [expiry, UNFINISHED]},
            **PRIVATE,
            "Tags": TAGS,
        },
        **KEPT,
        **skip(
            CKV_AWS_18="it holds the others' access logs; its own would never end",
        ),
    )


def _policy(bucket: str, document: Any) -> Resource:
    return resource(
        "AWS::S3::BucketPolicy", {"Bucket": {"Ref": bucket}, "PolicyDocument": document}
    )

"""The buckets: data, models, hashes of the audit trail, and the access logs of the others."""

from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.resources import (
    bucket_policy,
    log_bucket_policy,
    trail_bucket_policy,
)
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
# Of the AI Act, Article 18, for what documents a system. In compliance mode nobody, not even the
# account's root, shortens it; what lies there is hashes and names of runs, and no person's data.
TRAIL_KEPT = 10  # years


def template(controls: Controls) -> Template:
    """The template."""
    resources: dict[str, Resource] = {"LogBucket": _log_bucket()}
    resources["LogBucketPolicy"] = _policy("LogBucket", log_bucket_policy().document)
    for parameter in ("DataBucket", "ModelBucket"):
        name = f"{parameter}Resource"  # a parameter's name cannot be a resource's
        resources[name] = _bucket(f"${{{parameter}}}", parameter)
        resources[f"{parameter}Policy"] = _policy(name, bucket_policy(parameter).document)
    resources["TrailBucket"] = _trail_bucket()
    resources["TrailBucketPolicy"] = _policy("TrailBucket", trail_bucket_policy().document)
    return Template(
        "The data bucket, the model bucket and the trail's: versioned, logged, under the team's"
        " key, over TLS and from the VPC alone; the trail's under Object Lock.",
        resources,
    )


def _bucket(name: str, logged_as: str, **more: Any) -> Resource:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": places.KEY}
    return resource(
        "AWS::S3::Bucket",
        {
            "BucketName": name,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": encryption}
                ]
            },
            "LoggingConfiguration": {
                "DestinationBucketName": {"Ref": "LogBucket"},
                "LogFilePrefix": f"{logged_as}/",
            },
            "LifecycleConfiguration": {"Rules": [UNFINISHED]},
            **PRIVATE,
            **more,
            "Tags": TAGS,
        },
        **KEPT,
        DependsOn="LogBucketPolicy",
    )


def _trail_bucket() -> Resource:
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": TRAIL_KEPT}}
    return _bucket(
        places.TRAIL_BUCKET,
        "Trail",
        ObjectLockEnabled=True,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention},
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

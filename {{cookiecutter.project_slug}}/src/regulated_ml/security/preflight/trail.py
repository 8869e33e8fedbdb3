"""The trail's bucket: what is anchored there cannot be deleted, and lies under the key."""

from collections.abc import Iterator
from typing import Any

from regulated_ml.security.preflight import buckets
from regulated_ml.security.preflight.account import Account, CouldNotLook, NotThere
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.rows import Check, Observation
from regulated_ml.security.values import trail_bucket

# The bucket can only be made with its lock, and no person makes it by hand.
FIX = "deploy infrastructure/storage.yaml, which makes it so"


def _bucket(account: Account) -> str:
    return trail_bucket(account.settings, account.platform)


def _look(account: Account) -> None:
    owner = account.platform.aws_account_id
    account.ask("s3", "head_bucket", Bucket=_bucket(account), ExpectedBucketOwner=owner)


def locked(account: Account) -> Iterator[Observation]:
    bucket = _bucket(account)
    try:
        _look(account)
        answer = account.find("s3", "get_object_lock_configuration", Bucket=bucket)
    except NotThere:
        yield Observation(bucket, "there is no such bucket: nothing is anchored", False, FIX)
        return
    except CouldNotLook as error:
        yield Observation(bucket, f"could not look: {error}", None, error.fix)
        return
    found: dict[str, Any] = answer.get("ObjectLockConfiguration", {})
    kept = found.get("Rule", {}).get("DefaultRetention", {})
    if not kept:
        yield Observation(bucket, "no Object Lock with a default retention", False, FIX)
        return
    period = f"{kept['Years']} years" if "Years" in kept else f"{kept['Days']} days"
    is_right = kept["Mode"] == "COMPLIANCE"  # GOVERNANCE gives way to whoever may bypass it
    yield Observation(bucket, f"{kept['Mode'].lower()}, {period}", is_right, FIX)


def encrypted(account: Account) -> Iterator[Observation]:
    bucket = _bucket(account)
    try:
        _look(account)
        yield buckets.encryption(account, bucket)
    except NotThere:
        return  # the first check says so
    except CouldNotLook as error:
        yield Observation(bucket, f"could not look: {error}", None, error.fix)


CHECKS = (
    Check(
        "PRE-TRAIL-1",
        "The trail's bucket is locked",
        "Object Lock with a default retention in mode COMPLIANCE",
        "high",
        ("s3:ListBucket", "s3:GetBucketObjectLockConfiguration"),
        locked,
        (ACCOUNT,),
    ),
    Check(
        "PRE-TRAIL-2",
        "The trail's bucket encrypts with the key",
        "default encryption aws:kms, {kms_key_arn}",
        "high",
        ("s3:ListBucket", "s3:GetEncryptionConfiguration"),
        encrypted,
        ("PRE-TRAIL-1",),
    ),
)

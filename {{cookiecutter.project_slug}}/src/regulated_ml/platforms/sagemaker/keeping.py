"""What S3 keeps so that it outlives this machine: records beside the models, the trail's hashes.

A record lies beside the outputs of its job; of the act of a person, its files lie there too. The
trail's hashes lie in a bucket of their own under Object Lock, where nobody can change or delete
them before their time. All that is said of an entry is in the key of its object: a list of the keys
is enough to hold a trail against them.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security import clients
from regulated_ml.settings import Settings
from regulated_ml.tracking.store import RECORD, RUN_ID
from regulated_ml.tracking.trail import Entry

ANCHOR = re.compile(
    r"(?P<clone>[0-9a-f]{16})/(?P<number>\d{8})-(?P<kind>[a-z]+)-(?P<hash>[0-9a-f]{64})-(?P<record>[0-9a-f]{64})"
    rf"-(?P<id>{RUN_ID.pattern.strip('^$')})\.json"
)
NO_BUCKET = "NoSuchBucket"
CLONE = 16  # letters of the first entry's hash, which tell one clone's trail from another's


class Kept(NamedTuple):
    """An entry of a trail, as the key of its object tells it."""

    clone: str
    number: int
    kind: str
    hash: str
    record: str  # SHA-256 of the record's file
    id: str
    address: str


class Lock(NamedTuple):
    """For how long nothing in the bucket can be deleted."""

    mode: str
    period: str  # 10 years

    def __str__(self) -> str:
        return f"Object Lock, {self.mode.lower()}, {self.period}"


def record_ids(settings: Settings, client: Any) -> list[str]:
    """The runs of the environment whose records lie beside their outputs."""
    address = naming.runs(settings)
    pages = client.get_paginator("list_objects_v2")
    found = []
    with clients.reached(settings):
        for page in pages.paginate(
            Bucket=address.bucket, Prefix=address.prefix, **_owner(settings)
        ):
            for item in page.get("Contents", ()):
                run, _, name = item["Key"].removeprefix(address.prefix).partition("/")
                if name == RECORD and RUN_ID.fullmatch(run):
                    found.append(run)
    return sorted(found)


def put_anchor(settings: Settings, client: Any, first: Entry, entry: Entry) -> None:
    """Writes an entry of the trail that begins with `first` into the trail's bucket."""
    address = naming.trail(settings)
    said = f"{entry.number:08d}-{entry.kind}-{entry.hash}-{entry.record}-{entry.id}"
    name = f"{first.hash[:CLONE]}/{said}.json"
    with _bucket_there(settings, address.bucket):
        client.put_object(
            Bucket=address.bucket,
            Key=address.prefix + name,
            Body=entry.model_dump_json(indent=2).encode(),
            ContentType="application/json",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=clients.platform(settings).kms_key_arn,
            **_owner(settings),
        )


def anchors(settings: Settings, client: Any) -> list[Kept] | None:
    """Every entry that was ever written there, those behind a mark of deletion too.

    None: there is no such bucket.
    """
    from botocore.exceptions import ClientError

    address = naming.trail(settings)
    pages = client.get_paginator("list_object_versions")
    with clients.reached(settings):
        try:
            keys = {
                version["Key"]
                for page in pages.paginate(
                    Bucket=address.bucket, Prefix=address.prefix, **_owner(settings)
                )
                for version in page.get("Versions", ())
            }
        except ClientError as error:
            if error.response["Error"]["Code"] != NO_BUCKET:
                raise
            return None
    return sorted(_kept(address, keys), key=lambda each: (each.clone, each.number, each.hash))


def lock(settings: Settings, client: Any) -> Lock | None:
    """What protects the trail's bucket; None: nothing does, and who may delete there can."""
    from botocore.exceptions import ClientError

    bucket = naming.trail(settings).bucket
    with _bucket_there(settings, bucket):
        try:
            answer = client.get_object_lock_configuration(Bucket=bucket, **_owner(settings))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
                raise
            return None
    rule = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention")
    if rule is None:
        return None
    period = f"{rule['Years']} years" if "Years" in rule else f"{rule['Days']} days"
    return Lock(rule["Mode"], period)


def _kept(address: Address, keys: set[str]) -> Iterator[Kept]:
    for key in keys:
        if match := ANCHOR.fullmatch(key.removeprefix(address.prefix)):
            part = match.groupdict()
            yield Kept(
                part["clone"],
                int(part["number"]),
                part["kind"],
                part["hash"],
                part["record"],
                part["id"],
                f"s3://{address.bucket}/{key}",
            )


@contextmanager
def _bucket_there(settings: Settings, bucket: str) -> Iterator[None]:
    """Says what makes the bucket, where it is not there."""
    from botocore.exceptions import ClientError

    with clients.reached(settings):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != NO_BUCKET:
                raise
            rule = f"there is no bucket {bucket}, so the trail is anchored nowhere on AWS"
            fix = "have infrastructure/storage.yaml deployed anew: it makes the bucket"
            raise UserError.one("trail", bucket, rule, fix, ExitStatus.RESOURCE) from error


def _owner(settings: Settings) -> dict[str, str]:
    return {"ExpectedBucketOwner": clients.platform(settings).aws_account_id}

"""What is sent to S3 and KMS, caught below the client: headers for S3, a body for KMS."""

from typing import Any

import pytest

from .sender import Outcome, Sender
from .values import OTHERS_KEY, Team

WRITING = ("PutObject", "CopyObject", "CreateMultipartUpload")
ENCRYPTION = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def put(sender: Sender, operation: str, team: Team, **changes: Any) -> Outcome:
    """Writes an object into the team's bucket, with changes to the request."""
    request = {"Bucket": team.buckets[0], "Key": "inputs/table.parquet"}
    if operation == "CopyObject":
        request["CopySource"] = f"{team.buckets[0]}/inputs/other.parquet"
    return sender.send("s3", operation, {**request, **changes})


@pytest.mark.parametrize("operation", WRITING)
def test_an_object_is_written_under_the_teams_key(
    operation: str, sender: Sender, the_team: Team
) -> None:
    (arrived,) = put(sender, operation, the_team).arrived
    assert arrived.headers[ENCRYPTION] == "aws:kms"
    assert arrived.headers[KEY] == the_team.key


@pytest.mark.parametrize("operation", WRITING)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Bucket", "someone-elses"),
        ("ServerSideEncryption", "AES256"),
        ("SSEKMSKeyId", OTHERS_KEY),
        ("ACL", "public-read"),
        ("ACL", "authenticated-read"),
        ("GrantRead", "uri=http://acs.amazonaws.com/groups/global/AllUsers"),
        ("GrantFullControl", "id=someone"),
        ("SSECustomerKey", "k" * 32),
    ],
)
def test_an_object_elsewhere_or_under_another_key_is_refused(
    operation: str, field: str, value: str, sender: Sender, the_team: Team
) -> None:
    outcome = put(sender, operation, the_team, **{field: value})
    assert not outcome.arrived
    assert field in outcome.refused


@pytest.mark.parametrize("operation", ["UploadPart", "UploadPartCopy"])
def test_a_part_of_an_upload_that_began_elsewhere_is_refused(
    operation: str, sender: Sender, the_team: Team
) -> None:
    part = {"Bucket": "someone-elses", "Key": "x", "UploadId": "1", "PartNumber": 1}
    if operation == "UploadPartCopy":
        part["CopySource"] = f"{the_team.buckets[0]}/rows"
    outcome = sender.send("s3", operation, part)
    assert outcome.refused == {"Bucket"}
    assert not outcome.arrived


@pytest.mark.parametrize("acl", ["private", "bucket-owner-full-control"])
def test_an_acl_that_gives_nothing_away_passes(acl: str, sender: Sender, the_team: Team) -> None:
    assert put(sender, "PutObject", the_team, ACL=acl).arrived


def test_an_object_that_the_caller_encrypts_rightly_passes_as_it_is(
    sender: Sender, the_team: Team
) -> None:
    right = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": the_team.key}
    (arrived,) = put(sender, "PutObject", the_team, **right, Body="rows").arrived
    assert arrived.headers[KEY] == the_team.key
    assert b"rows" in arrived.body


@pytest.mark.parametrize(
    "changes", [{"Bucket": "someone-elses"}, {"ACL": "public-read"}, {"GrantRead": "id=someone"}]
)
def test_a_bucket_of_ones_own_is_refused(
    changes: dict[str, str], sender: Sender, the_team: Team
) -> None:
    outcome = sender.send("s3", "CreateBucket", {"Bucket": the_team.buckets[0], **changes})
    assert not outcome.arrived
    assert outcome.refused


@pytest.mark.parametrize(
    ("operation", "field", "rest"),
    [
        ("Encrypt", "KeyId", {"Plaintext": "rows"}),
        ("GenerateDataKey", "KeyId", {"KeySpec": "AES_256"}),
        ("GenerateDataKeyWithoutPlaintext", "KeyId", {"KeySpec": "AES_256"}),
        ("ReEncrypt", "DestinationKeyId", {"CiphertextBlob": "rows"}),
    ],
)
def test_only_the_teams_key_encrypts(
    operation: str, field: str, rest: dict[str, str], sender: Sender, the_team: Team
) -> None:
    (arrived,) = sender.send("kms", operation, {field: the_team.key, **rest}).arrived
    assert arrived.request[field] == the_team.key
    outcome = sender.send("kms", operation, {field: OTHERS_KEY, **rest})
    assert outcome.refused == {field}
    assert not outcome.arrived


def test_reading_is_nobodys_business(sender: Sender) -> None:
    assert sender.send("s3", "GetObject", {"Bucket": "someone-elses", "Key": "x"}).arrived
    assert sender.send("sagemaker", "ListTrainingJobs", {}).arrived


def test_an_address_for_anyone_is_made_for_the_teams_bucket_alone(
    sender: Sender, the_team: Team
) -> None:
    own = {"Bucket": the_team.buckets[0], "Key": "x"}
    outcome = sender.send("s3", "PutObject", own, presigned=True)
    assert not outcome.problems
    assert not outcome.changed
    outcome = sender.send("s3", "PutObject", {**own, "Bucket": "elses"}, presigned=True)
    assert outcome.refused == {"Bucket"}

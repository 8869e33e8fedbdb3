"""The buckets: the account's own, encrypted by the key, shut to the public, with versions."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from regulated_ml.security.preflight import documents
from regulated_ml.security.preflight.account import Account, CouldNotLook, NotThere
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.rows import Check, Observation

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
KMS = ("aws:kms", "aws:kms:dsse")
TLS, KEY = "aws:securetransport", "s3:x-amz-server-side-encryption-aws-kms-key-id"
OTHER_THAN = ("StringNotEquals", "StringNotEqualsIfExists", "ArnNotEquals", "ArnNotEqualsIfExists")

Judge = Callable[[Account, str], Observation]


def _each(judge: Judge) -> Callable[[Account], Iterator[Observation]]:
    """The check of all buckets that are there, from the judgement on one."""

    @wraps(judge)
    def look(account: Account) -> Iterator[Observation]:
        for bucket in _names(account):
            try:
                _head(account, bucket)
                yield judge(account, bucket)
            except NotThere:
                continue  # the first check says so
            except CouldNotLook as error:
                yield Observation(bucket, f"could not look: {error}", None, error.fix)

    return look


def _names(account: Account) -> tuple[str, str]:
    return account.platform.data_bucket, account.platform.model_bucket


def _head(account: Account, bucket: str) -> dict[str, Any]:
    """The bucket's head; AWS refuses it where the bucket is another account's."""
    owner = account.platform.aws_account_id
    return account.ask("s3", "head_bucket", Bucket=bucket, ExpectedBucketOwner=owner)


def exist(account: Account) -> Iterator[Observation]:
    region = account.platform.aws_region
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    for bucket in _names(account):
        options = {"create_bucket_configuration": place} if place else {}
        fix = account.command("s3api", "create-bucket", bucket=bucket, **options)
        try:
            _head(account, bucket)
            yield Observation(bucket, "there", True)
        except NotThere:
            yield Observation(bucket, "there is no such bucket", False, fix)
        except CouldNotLook as error:
            found = f"could not look; it may be another account's: {error}"
            yield Observation(bucket, found, None, error.fix)


@_each
def in_region(account: Account, bucket: str) -> Observation:
    region = _head(account, bucket).get("BucketRegion", "unknown")
    fix = account.command("s3api", "delete-bucket", bucket=bucket)
    again = f"{fix}  # once it is empty; then create it again in {account.platform.aws_region}"
    return Observation(bucket, f"in {region}", region == account.platform.aws_region, again)


def encryption(account: Account, bucket: str) -> Observation:
    """Whether a bucket encrypts with the environment's key where nobody says otherwise."""
    key = account.platform.kms_key_arn
    answer = account.find("s3", "get_bucket_encryption", Bucket=bucket)
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    found = [(d.get("SSEAlgorithm", "none"), d.get("KMSMasterKeyID", "no key")) for d in defaults]
    own = (key, key.rpartition("/")[2])  # the id alone is a key of the bucket's account and region
    is_right = any(algorithm in KMS and named in own for algorithm, named in found)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    fix = account.command(
        *("s3api", "put-bucket-encryption"),
        bucket=bucket,
        server_side_encryption_configuration={"Rules": [rule]},
    )
    shown = "; ".join(f"{algorithm}, {named}" for algorithm, named in found)
    return Observation(bucket, shown or "no default encryption", is_right, fix)


encrypted = _each(encryption)


@_each
def shut(account: Account, bucket: str) -> Observation:
    answer = account.find("s3", "get_public_access_block", Bucket=bucket)
    block = answer.get("PublicAccessBlockConfiguration", {})
    missing = [name for name in BLOCKS if not block.get(name)]
    fix = account.command(
        *("s3api", "put-public-access-block"),
        bucket=bucket,
        public_access_block_configuration=dict.fromkeys(BLOCKS, True),
    )
    found = f"without {', '.join(missing)}" if missing else "all four are on"
    return Observation(bucket, found, not missing, fix)


@_each
def versioned(account: Account, bucket: str) -> Observation:
    status = account.ask("s3", "get_bucket_versioning", Bucket=bucket).get("Status", "off")
    fix = account.command(
        *("s3api", "put-bucket-versioning"),
        bucket=bucket,
        versioning_configuration={"Status": "Enabled"},
    )
    return Observation(bucket, status, status == "Enabled", fix)


@_each
def tls_only(account: Account, bucket: str) -> Observation:
    return _denies(account, bucket, "what comes without TLS", _denies_plain)


@_each
def key_only(account: Account, bucket: str) -> Observation:
    return _denies(account, bucket, "objects under other keys", _denies_other_keys)


Does = Callable[[Account, documents.Statement], bool]


def _denies(account: Account, bucket: str, what: str, does: Does) -> Observation:
    """Whether the bucket's policy denies it to everybody; else the policy with all it lacks."""
    there = _statements(account, bucket)
    is_right = _is_denied(account, bucket, there, does)
    found = f"its policy {'denies' if is_right else 'admits'} {what}"
    return Observation(bucket, found, is_right, "" if is_right else _mended(account, bucket, there))


def _statements(account: Account, bucket: str) -> list[documents.Statement]:
    policy = account.find("s3", "get_bucket_policy", Bucket=bucket).get("Policy", "{}")
    return documents.statements(policy)


def _is_denied(account: Account, bucket: str, there: list[documents.Statement], does: Does) -> bool:
    return any(_is_deny_to_all(s, account, bucket) and does(account, s) for s in there)


def _mended(account: Account, bucket: str, there: list[documents.Statement]) -> str:
    """The command that adds whatever is missing: a policy is put whole, in place of the former."""
    missing = [
        make(account, bucket)
        for does, make in ((_denies_plain, _deny_plain), (_denies_other_keys, _deny_other_keys))
        if not _is_denied(account, bucket, there, does)
    ]
    policy = {"Version": "2012-10-17", "Statement": [*there, *missing]}
    put = account.command("s3api", "put-bucket-policy", bucket=bucket, policy=policy)
    return f"{put}  # mends it at once; to stay so, deploy infrastructure/storage.yaml"


def _is_deny_to_all(statement: documents.Statement, account: Account, bucket: str) -> bool:
    objects = f"{_arn(account, bucket)}/any"
    to_all = ("AWS", "*") in documents.principals(statement)
    return not documents.is_allow(statement) and to_all and documents.is_on(statement, objects)


def _denies_other_keys(account: Account, statement: documents.Statement) -> bool:
    key = account.platform.kms_key_arn
    tests = list(documents.conditions(statement))
    return (
        documents.is_about(statement, "s3:PutObject")
        and any(o in OTHER_THAN and name == KEY and values == [key] for o, name, values in tests)
        # A further condition would be a way around it, but for this one: that a key is named.
        and all(name == KEY and (o in OTHER_THAN or o == "Null") for o, name, _ in tests)
    )


def _denies_plain(_: Account, statement: documents.Statement) -> bool:
    tests = list(documents.conditions(statement))
    return (
        all(documents.is_about(statement, action) for action in ("s3:GetObject", "s3:PutObject"))
        and bool(tests)
        # A further condition would be a way around it.
        and all(
            operator in ("Bool", "BoolIfExists") and name == TLS and values[0].lower() == "false"
            for operator, name, values in tests
        )
    )


def _arn(account: Account, bucket: str) -> str:
    return f"arn:{account.partition}:s3:::{bucket}"


def _deny_plain(account: Account, bucket: str) -> dict[str, Any]:
    arn = _arn(account, bucket)
    return {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _deny_other_keys(account: Account, bucket: str) -> dict[str, Any]:
    # A request that names no key gets the bucket's default one, so absence is right.
    key = {"s3:x-amz-server-side-encryption-aws-kms-key-id": account.platform.kms_key_arn}
    return {
        "Sid": "DenyOtherKeys",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{_arn(account, bucket)}/*",
        "Condition": {"StringNotEqualsIfExists": key, "Null": {next(iter(key)): "false"}},
    }


_HEAD = "s3:ListBucket"
_THERE = ("PRE-BUCKET-1",)
CHECKS = (
    Check(
        "PRE-BUCKET-1",
        "The buckets are there, in the account",
        "a bucket of account {aws_account_id}",
        "critical",
        (_HEAD,),
        exist,
        (ACCOUNT,),
    ),
    Check(
        "PRE-BUCKET-2",
        "The buckets lie in the region",
        "in {aws_region}",
        "critical",
        (_HEAD,),
        in_region,
        _THERE,
    ),
    Check(
        "PRE-BUCKET-3",
        "The buckets encrypt with the key",
        "default encryption aws:kms, {kms_key_arn}",
        "high",
        (_HEAD, "s3:GetEncryptionConfiguration"),
        encrypted,
        _THERE,
    ),
    Check(
        "PRE-BUCKET-4",
        "The buckets are shut to the public",
        f"{', '.join(BLOCKS)}",
        "critical",
        (_HEAD, "s3:GetBucketPublicAccessBlock"),
        shut,
        _THERE,
    ),
    Check(
        "PRE-BUCKET-5",
        "The buckets keep versions",
        "Enabled",
        "medium",
        (_HEAD, "s3:GetBucketVersioning"),
        versioned,
        _THERE,
    ),
    Check(
        "PRE-BUCKET-6",
        "The buckets' policies deny what comes without TLS",
        "a statement that denies s3:* to everybody where aws:SecureTransport is false",
        "high",
        (_HEAD, "s3:GetBucketPolicy"),
        tls_only,
        _THERE,
    ),
    Check(
        "PRE-BUCKET-7",
        "The buckets' policies deny other keys",
        "a statement that denies s3:PutObject to everybody under another key than {kms_key_arn}",
        "high",
        (_HEAD, "s3:GetBucketPolicy"),
        key_only,
        _THERE,
    ),
)

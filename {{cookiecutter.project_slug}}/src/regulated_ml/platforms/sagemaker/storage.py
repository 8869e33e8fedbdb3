"""Files on their way to and from S3: under the team's key, by their content, by no foreign path."""

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing, sha256
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security import clients
from regulated_ml.settings import Settings

# Bytes; file systems take 255, and a file's temporary name is longer than its own.
LONGEST_NAME = 230
PART = 8 << 20  # bytes of a part of an upload; from this size on, a file goes up in parts


@dataclass(frozen=True)
class Storage:
    """The team's buckets."""

    settings: Settings
    client: Any

    def put(self, files: Mapping[str, Path], report: Report) -> Address:
        """Uploads files by their names, unless they are there; the same files, the same address."""
        digests = {name: sha256(path) for name, path in sorted(files.items())}
        address = naming.inputs(self.settings, content_hash(digests))
        there = dict(self.listed(address))
        if strangers := there.keys() - {address.prefix + name for name in files}:
            # A job is given all that lies there.
            names = sorted(key.removeprefix(address.prefix) for key in strangers)
            rule = f"a file lies at {address} that was not uploaded with the job's inputs"
            fix = "find out who put it there, and delete it"
            raise UserError.one("input", ", ".join(names), rule, fix)
        for name, digest in digests.items():
            is_there = there.get(address.prefix + name) == files[name].stat().st_size
            if not (is_there and self._is_ours(address, name, files[name])):
                self._upload(address, name, files[name], digest, report)
        return address

    def keep(self, address: Address, name: str, path: Path, report: Report) -> None:
        """Uploads one file to its place, unless it is there with this content under the key."""
        digest = sha256(path)
        listed = dict(self.listed(address._replace(prefix=address.prefix + name)))
        is_there = listed.get(address.prefix + name) == path.stat().st_size
        if not (is_there and self._is_ours(address, name, path)):
            self._upload(address, name, path, digest, report)

    def fetch(self, address: Address, folder: Path, report: Report) -> None:
        """Downloads all that lies at an address into a folder, once every name has been checked."""
        sizes = {key.removeprefix(address.prefix): size for key, size in self.listed(address)}
        for name, path in _paths(sizes, folder).items():
            key = address.prefix + name
            self._download(address.bucket, key, sizes[name], folder / path, report)

    def fetch_one(self, address: Address, name: str, target: Path, report: Report) -> bool:
        """Downloads one file, if it is there."""
        key = address.prefix + name
        found = [size for each, size in self.listed(address._replace(prefix=key)) if each == key]
        for size in found:
            self._download(address.bucket, key, size, target, report)
        return bool(found)

    def _is_ours(self, address: Address, name: str, path: Path) -> bool:
        """Whether what is there has the bytes of a file, and lies under the team's key.

        The checksum is the one that S3 has made of the bytes; metadata say what an uploader wrote.
        """
        with clients.reached(self.settings):
            # Only of files that are listed: where there is none, the roles' policies let S3 answer
            # nothing but 403.
            head = self.client.head_object(
                Bucket=address.bucket,
                Key=address.prefix + name,
                ChecksumMode="ENABLED",
                **self._owner,
            )
        made, _, _ = head.get("ChecksumSHA256", "").partition("-")  # the number of parts follows
        return (made, head.get("SSEKMSKeyId")) == (checksum(path), self._key)

    def _upload(self, address: Address, name: str, path: Path, digest: str, report: Report) -> None:
        from boto3.s3.transfer import TransferConfig

        extra = {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self._key,
            "Metadata": {"sha256": digest},
            "ChecksumAlgorithm": "SHA256",  # S3 makes its own, and refuses what differs on the way
            **self._owner,
        }
        done = _Done(report, path.stat().st_size, f"uploading {name}")
        with bucket_there(self.settings, address.bucket), path.open("rb") as content:
            self.client.upload_fileobj(
                content,
                address.bucket,
                address.prefix + name,
                ExtraArgs=extra,
                Callback=done,
                Config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART),
            )

    def _download(self, bucket: str, key: str, size: int, target: Path, report: Report) -> None:
        done = _Done(report, size, f"downloading {target.name}")
        with (
            bucket_there(self.settings, bucket),
            replacing(target) as temporary,
            temporary.open("wb") as content,
        ):
            self.client.download_fileobj(bucket, key, content, ExtraArgs=self._owner, Callback=done)
        if target.stat().st_size != size:
            rule = f"it has {target.stat().st_size} bytes, and S3 lists {size}"
            raise UserError.one("output", f"s3://{bucket}/{key}", rule, "follow the job again")

    def key_of(self, address: Address, name: str) -> str | None:
        """The KMS key that a file lies under which is listed."""
        with clients.reached(self.settings):
            head = self.client.head_object(
                Bucket=address.bucket, Key=address.prefix + name, **self._owner
            )
        key: str | None = head.get("SSEKMSKeyId")
        return key

    def listed(self, address: Address) -> Iterator[tuple[str, int]]:
        """Key and size of each file at an address; marks of empty folders are none."""
        pages = self.client.get_paginator("list_objects_v2")
        with bucket_there(self.settings, address.bucket):
            for page in pages.paginate(Bucket=address.bucket, Prefix=address.prefix, **self._owner):
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):
                        yield item["Key"], item["Size"]

    @property
    def _key(self) -> str:
        return clients.platform(self.settings).kms_key_arn

    @property
    def _owner(self) -> dict[str, str]:
        # A bucket of the name in another account, made when ours was deleted, gets nothing.
        return {"ExpectedBucketOwner": clients.platform(self.settings).aws_account_id}


def checksum(path: Path) -> str:
    """The SHA-256 of a file as S3 says it: of the whole, or of the hashes of its parts.

    See "Checking object integrity" in the S3 user guide.
    """
    if path.stat().st_size < PART:
        return base64.b64encode(bytes.fromhex(sha256(path))).decode()
    with path.open("rb") as content:
        parts = [hashlib.sha256(part).digest() for part in iter(lambda: content.read(PART), b"")]
    return base64.b64encode(hashlib.sha256(b"".join(parts)).digest()).decode()


def content_hash(digests: Mapping[str, str]) -> str:
    """One hash for files by their names: where inputs lie is named so."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


class _Done:
    """Adds up the bytes that are told piece by piece."""

    def __init__(self, report: Report, total: int, text: str) -> None:
        self._report, self._total, self._text, self._bytes = report, total, text, 0

    def __call__(self, more: int) -> None:
        self._bytes += more
        self._report(self._bytes, self._total, self._text)


@contextmanager
def bucket_there(settings: Settings, bucket: str) -> Iterator[None]:
    """Says which setting names a bucket that is not there."""
    from botocore.exceptions import ClientError

    with clients.reached(settings):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
            names = {clients.platform(settings).data_bucket: "data_bucket"}
            rule = "there is no such bucket in the account"
            fix = f"correct it in config/environments/{settings.environment}.yaml, or have it made"
            field = names.get(bucket, "model_bucket")
            raise UserError.one(field, bucket, rule, fix, ExitStatus.RESOURCE) from error


def _paths(names: Iterable[str], folder: Path) -> dict[str, PurePosixPath]:
    """Names as paths below a folder; S3 takes any text for a key.

    Raises:
        UserError: some are no such paths, or not beside each other and what is there already.
    """
    paths = {name: PurePosixPath(name) for name in names}
    folders = {parent for path in paths.values() for parent in path.parents}
    times = Counter(paths.values())
    fix = "nothing was kept; find out who can write to the bucket"
    problems = []
    for name, path in paths.items():
        if rule := _leads_out(name, path) or _collides(path, folders, times, folder):
            problems.append(Problem("output", name, f"the key of an output {rule}", fix))
    if problems:
        raise UserError(problems, ExitStatus.DATA)
    return paths


def _leads_out(name: str, path: PurePosixPath) -> str:
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        return "leads out of the run's folder"
    if any(len(part.encode()) > LONGEST_NAME for part in path.parts):
        return f"has a part of more than {LONGEST_NAME} bytes, and no file can be called so"
    return ""


def _collides(
    path: PurePosixPath,
    folders: Collection[PurePosixPath],
    times: Mapping[PurePosixPath, int],
    folder: Path,
) -> str:
    if path in folders:
        return "is also the beginning of another one, and a file is no folder"
    if times[path] > 1:
        return "is the same path as another one"
    return "is in the run's folder already" if (folder / path.parts[0]).exists() else ""

"""A double: moto, which completes jobs at once, and for their outputs those of the local jobs.

What a job would leave in S3 is put there from the runs of this machine, as SageMaker lays it out:
the model packed with times, everything under the team's key.
"""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws import Account
from commands import rml
from platforms.front_double import Front

from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore


@dataclass
class Delivered:
    """A repository, the account behind a front, and jobs whose outputs are there at once."""

    account: Account
    front: Front

    @property
    def repository(self) -> Path:
        """The clone in which the jobs are started."""
        return self.account.repository

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach the account."""
        return {**self.account.environment, "AWS_ENDPOINT_URL": self.front.url}

    def rml(
        self, *arguments: str, repository: Path | None = None, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """The real command in the environment dev, here or in another clone."""
        variables = {**self.environment, **environment}
        return rml(repository or self.repository, "--env", "dev", *arguments, **variables)

    def run(self, step: str) -> Record:
        """A step as a job on AWS, followed to its end."""
        done = self.rml(step)
        assert done.returncode == 0, done.stderr
        (note,) = (self.repository / "runs/.submitted").glob("*.json")
        self._deliver(step, note.stem)
        done = self.rml("jobs", "follow", json.loads(note.read_text())["job"])
        assert done.returncode == 0, done.stderr
        run = self.store.latest(step)
        assert run is not None
        return run

    @property
    def store(self) -> RunStore:
        """The runs of the environment dev."""
        return RunStore(self.repository / "runs", "dev")

    def objects(self, bucket: str, prefix: str) -> dict[str, Any]:
        """What lies in a bucket, by key."""
        listed = self.account.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return {item["Key"]: item for item in listed.get("Contents", [])}

    def contents(self, bucket: str, keys: Iterable[str]) -> dict[str, bytes | None]:
        """What lies at these keys; None where nothing does."""
        there, s3 = self.objects(bucket, ""), self.account.client("s3")
        return {
            key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() if key in there else None
            for key in keys
        }

    def restore(self, bucket: str, contents: Mapping[str, bytes | None]) -> None:
        """Lays it there again."""
        for key, content in contents.items():
            if content is None:
                self.account.client("s3").delete_object(Bucket=bucket, Key=key)
            else:
                self._put(key, content)

    def _deliver(self, step: str, run_id: str) -> None:
        local = RunStore(self.repository / "runs", "local")
        source = local.latest(step)
        assert source is not None
        folder, place = local.folder_of(source), f"credit-default/dev/runs/{run_id}"
        if step == "train":
            place = f"{place}/credit-default-{run_id}/output"
            with tarfile.open(folder / "model.tar.gz") as model:
                members = {m.name: model.extractfile(m).read() for m in model.getmembers()}  # type: ignore[union-attr]
            self._put(f"{place}/model.tar.gz", _packed(members))
            data = {"training.json": (folder / "training.json").read_bytes()}
            self._put(f"{place}/output.tar.gz", _packed(data))
            return
        for item in source.artifacts:
            self._put(f"{place}/output/{item.path}", (folder / item.path).read_bytes())

    def _put(self, key: str, content: bytes) -> None:
        self.account.client("s3").put_object(
            Bucket=self.account.buckets[1],
            Key=key,
            Body=content,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.account.key,
        )


def _packed(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(data), 1_800_000_000, "ec2-user"
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()

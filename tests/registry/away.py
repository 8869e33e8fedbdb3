"""Runs as jobs on SageMaker leave them, as a double: records of local runs, and what lies in S3.

The archive of the model is packed as SageMaker packs it, with times, so its bytes are not ours.
"""

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aws import ACCOUNT, REGION, Account, Moto
from commands import git, rml
from platforms.front_double import Front

from regulated_ml.data.state import State
from regulated_ml.tracking.records import Record, Remote
from regulated_ml.tracking.store import RunStore

from .again import all_again, latest

IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.2-0"
DIGEST = f"sha256:{'5' * 64}"
OTHER = "222233334444"  # the account of the environment test


@dataclass(frozen=True)
class Away:
    """A repository with runs of dev, and the two accounts of dev and test."""

    account: Account
    runs: dict[str, Record]
    front: Front  # what commands talk to

    @property
    def repository(self) -> Path:
        """The repository."""
        return self.account.repository

    @property
    def store(self) -> RunStore:
        """The runs of dev."""
        return RunStore(self.repository / "runs", "dev")

    def rml(self, person: dict[str, str], *arguments: str, env: str = "dev") -> "Any":
        """The real command, as a person."""
        variables = {**self.account.moto.environment, "AWS_ENDPOINT_URL": self.front.url, **person}
        return rml(self.repository, "--env", env, "model", *arguments, "--json", **variables)

    def remembered(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A description with its properties, which moto forgets at an update, and AWS does not."""
        made = {
            sent["ModelPackageDescription"]: sent["CustomerMetadataProperties"]
            for sent in self.front.sent("CreateModelPackage")
        }
        kept = made.get(answer["ModelPackageDescription"], {})
        return {"CustomerMetadataProperties": kept, **answer}

    def packages(self, **person: str) -> list[dict[str, Any]]:
        """Every package of the group, as SageMaker describes it."""
        client = as_person(self.account.moto, "sagemaker", person)
        rows = client.list_model_packages(ModelPackageGroupName="credit-default")
        return [
            client.describe_model_package(ModelPackageName=row["ModelPackageArn"])
            for row in rows["ModelPackageSummaryList"]
        ]


def as_person(moto: Moto, service: str, person: dict[str, str]) -> Any:
    """A client of the test's own with a person's credentials."""
    import boto3

    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = {name: person[name.upper()] for name in names if name.upper() in person}
    keys = given or dict.fromkeys(names[:2], "testing")
    return boto3.client(service, region_name=REGION, endpoint_url=moto.url, **keys)


def user(moto: Moto, name: str) -> dict[str, str]:
    """The credentials of a user of dev's account, as variables."""
    iam = moto.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def session(moto: Moto, name: str, account: str = OTHER) -> dict[str, str]:
    """The credentials of a person's session in a role of another account, as variables."""
    role = f"arn:aws:iam::{account}:role/credit-default-test-approver"
    answer = moto.client("sts").assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["SessionToken"],
    }


def run_on_sagemaker(account: Account, developer: str, state: State = "synthetic") -> Away:
    """Makes runs of dev of the local ones, and lays their outputs into the model bucket."""
    store = RunStore(account.repository / "runs", "dev")
    local = latest(RunStore(account.repository / "runs", "local"))
    git(account.repository, "add", "--all")
    git(account.repository, "commit", "--quiet", "--message", "The account's identifiers")
    train = local["train"]
    arn = f"arn:aws:iam::{ACCOUNT}:user/{developer}"
    runs = all_again(
        store,
        local,
        environment="dev",
        data=train.data.model_copy(update={"state": state}),
        identity=train.identity.model_copy(update={"aws": arn}),
        dependencies=train.dependencies.model_copy(
            update={"system": IMAGE, "image_digest": DIGEST}
        ),
        # Where the outputs of a run lie depends on its id, which is drawn while it is made.
        changed=lambda run: {"remote": _remote(account, run)},
    )
    away = Away(account, runs, Front(account.moto.url))
    away.front.changes["DescribeModelPackage"] = away.remembered
    for run in runs.values():
        _lay(away, run)
    return away


def _remote(account: Account, run: Record) -> Remote:
    job = f"credit-default-{run.id}"
    below = f"{job}/output" if run.step == "train" else "output"
    outputs = f"s3://{account.buckets[1]}/credit-default/dev/runs/{run.id}/{below}"
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{job}"
    facts = {"outputs": outputs, "arn": arn}
    return Remote(name=job, seconds=1.0, billed_seconds=1.0, facts=facts)


def outputs(run: Record) -> tuple[str, str]:
    """Bucket and beginning of the keys of a run's outputs."""
    assert run.remote is not None
    bucket, _, prefix = str(run.remote.facts["outputs"]).removeprefix("s3://").partition("/")
    return bucket, prefix


def _lay(away: Away, run: Record) -> None:
    bucket, prefix = outputs(run)
    folder = away.store.folder_of(run)
    s3 = away.account.client("s3")
    for item in run.artifacts:
        content = (folder / item.path).read_bytes()
        if item.path == "model.tar.gz":
            content = packed_by_sagemaker(content)
        elif run.step in ("prepare", "train"):
            continue  # lies there too, and no package shows it
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{item.path}", Body=content)


def packed_by_sagemaker(archive: bytes, more: bytes = b"") -> bytes:
    """The files of an archive, packed with times; `more` is put behind each."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as given,
        tarfile.open(fileobj=packed, mode="w:gz") as tar,
    ):
        for member in given:
            file = given.extractfile(member)
            assert file is not None
            content = file.read() + more
            member.mtime, member.uname, member.size = 1_795_000_000, "root", len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def add_environment(away: Away, name: str, person: dict[str, str], account: str = OTHER) -> str:
    """Adds an environment in another account, with a key and buckets there; returns the key."""
    moto = away.account.moto
    key: str = as_person(moto, "kms", person).create_key(
        Description=name, KeyUsage="ENCRYPT_DECRYPT"
    )["KeyMetadata"]["Arn"]
    folder = away.repository / "config/environments"
    values = yaml.safe_load((folder / "dev.yaml").read_text())
    values.update(
        aws_account_id=account,
        kms_key_arn=key,
        execution_role_arn=f"arn:aws:iam::{account}:role/credit-default-{name}-execution",
        data_bucket=f"credit-default-{name}-data",
        model_bucket=f"credit-default-{name}-model",
    )
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    s3 = as_person(moto, "s3", person)
    for bucket in (values["data_bucket"], values["model_bucket"]):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    git(away.repository, "add", "--all")
    git(away.repository, "commit", "--quiet", "--message", f"The environment {name}")
    return key


def said(done: Any) -> dict[str, Any]:
    """What a command that succeeded says."""
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content

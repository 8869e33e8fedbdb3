"""A moto server over HTTP, and an account in it that fits a rendered repository."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ACCOUNT = "123456789012"  # moto's
REGION = "eu-central-1"
TRAIL_BUCKET = f"credit-default-dev-trail-{ACCOUNT}"  # of the template storage.yaml


@dataclass(frozen=True)
class Moto:
    """A running server: its address, and how to reach it."""

    url: str
    home: Path  # an empty one, so that no one's credentials are found

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "1",  # what moto lacks answers 500, which would be tried again
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAGEMAKER_VALIDATE_ROLE": "false",
            "HOME": str(self.home),
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of the test's own, without the guard."""
        import boto3

        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def reset(self) -> None:
        """Forgets everything."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).close()


@dataclass(frozen=True)
class Account:
    """A repository, and the things in the account that its environment dev names."""

    moto: Moto
    repository: Path
    vpc: str
    subnets: tuple[str, ...]
    group: str
    key: str  # ARN
    role: str  # ARN
    buckets: tuple[str, str]  # data, model

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach it, in the environment dev."""
        return {**self.moto.environment, "RML_ENV": "dev"}

    def client(self, service: str) -> Any:
        """A client of the test's own, without the guard."""
        return self.moto.client(service)


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    folder = tmp_path_factory.mktemp("moto")
    log = (folder / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", "0"],
        stdout=log,
        stderr=log,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "MOTO_RECORDER_FILEPATH": str(folder / "requests"),
        },
    )
    url = ""
    for _ in range(600):
        text = (folder / "log").read_text()
        if "Running on " in text:
            url = text.partition("Running on ")[2].split()[0]
            break
        assert process.poll() is None, text
        time.sleep(0.05)
    assert url, "moto did not start"
    yield Moto(url, folder)
    process.terminate()
    process.wait()


@pytest.fixture
def moto(_server: Moto) -> Moto:
    """A moto server in which nothing has been made yet."""
    _server.reset()
    return _server


@pytest.fixture
def account(moto: Moto, repository: Path) -> Account:
    """An account with VPC, key, role and buckets, and a repository whose dev.yaml has their ids."""
    return seed(moto, repository)


def seed(moto: Moto, repository: Path) -> Account:
    """Makes in moto what environment dev names, and writes the ids into dev.yaml."""
    ec2, s3 = moto.client("ec2"), moto.client("s3")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=REGION + zone)[
            "Subnet"
        ]["SubnetId"]
        for i, zone in enumerate("ab")
    )
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    # Unlike AWS, moto leaves the usage out where it is not given.
    made = moto.client("kms").create_key(Description="team", KeyUsage="ENCRYPT_DECRYPT")
    key = made["KeyMetadata"]["Arn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }
    role = moto.client("iam").create_role(
        RoleName="credit-default-execution", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    path = repository / "config/environments/dev.yaml"
    values = yaml.safe_load(path.read_text())
    values.update(
        aws_account_id=ACCOUNT,
        aws_region=REGION,
        vpc_id=vpc,
        subnet_ids=list(subnets),
        security_group_ids=[group],
        kms_key_arn=key,
        execution_role_arn=role,
        data_bucket=f"credit-default-data-{ACCOUNT}-{REGION}",
        model_bucket=f"credit-default-model-{ACCOUNT}-{REGION}",
    )
    path.write_text(yaml.safe_dump(values))
    buckets = (values["data_bucket"], values["model_bucket"])
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.create_bucket(
        Bucket=TRAIL_BUCKET,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=True,
    )
    retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 10}}
    s3.put_object_lock_configuration(
        Bucket=TRAIL_BUCKET,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention},
    )
    return Account(moto, repository, vpc, subnets, group, key, role, buckets)

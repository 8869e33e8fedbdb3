"""Run as a process: requests with Python's own objects in them, which no JSON can carry.

`python objects.py ROLE BUCKET SUBNET` prints what came of each.
"""

import sys
from collections import OrderedDict, defaultdict
from enum import StrEnum
from typing import Any

import boto3


class Switch(StrEnum):
    """A choice as an enumeration."""

    ON = "Enabled"


class Text(str):
    """A kind of string."""

    __slots__ = ()


def main() -> None:
    """Sends them, each in a training job of its own unless it says otherwise."""
    role, bucket, subnet = sys.argv[1:]
    client = boto3.client("sagemaker")
    output = {"S3OutputPath": f"s3://{bucket}/runs"}
    foreign = {"DataSource": {"S3DataSource": {"S3Uri": "s3://other/x", "S3DataType": "S3Prefix"}}}
    jobs: dict[str, dict[str, Any]] = {
        "tuple": {"VpcConfig": {"Subnets": ("subnet-1",), "SecurityGroupIds": ("sg-1",)}},
        "tuple-of-dicts": {"InputDataConfig": ({"ChannelName": "train", **foreign},)},
        "tuple-of-tags": {"Tags": ({"Key": "project", "Value": "another"},)},
        "ordered-dict": {"OutputDataConfig": OrderedDict(S3OutputPath="s3://other/x")},
        "default-dict": {"VpcConfig": defaultdict(list, Subnets=["subnet-1"])},
        "kind-of-string": {"OutputDataConfig": {"S3OutputPath": Text("s3://other/x")}},
        "tuple-that-is-right": {"VpcConfig": {"Subnets": (subnet,)}},
        "tags-that-are-right": {"Tags": ({"Key": "mine", "Value": "yes"},)},
    }
    requests = {
        name: ("create_training_job", {"OutputDataConfig": output, **job})
        for name, job in jobs.items()
    }
    notebook = {"NotebookInstanceName": "n", "InstanceType": "ml.t3.medium"}
    requests["enumeration"] = (
        "create_notebook_instance",
        {**notebook, "DirectInternetAccess": Switch.ON},
    )
    for name, (method, request) in requests.items():
        named = {"TrainingJobName": name} if method == "create_training_job" else {}
        try:
            getattr(client, method)(RoleArn=role, **named, **request)
            print(f"{name}: sent")
        except Exception as error:
            print(f"{name}: {type(error).__name__}")


if __name__ == "__main__":
    main()

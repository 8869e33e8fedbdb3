"""The team's values and others', for a repository rendered from `examples/answers.yaml`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OTHERS_KEY = "arn:aws:kms:eu-central-1:999988887777:key/99999999-9999-4999-8999-999999999999"
SAME_ACCOUNTS_OTHER_KEY = "key/88888888-8888-4888-8888-888888888888"


@dataclass(frozen=True)
class Team:
    """What may be in a request."""

    key: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    vpc: str
    account: str
    region: str
    role: str
    buckets: tuple[str, ...]
    tags: dict[str, str]

    @property
    def registries(self) -> tuple[str, ...]:
        """The team's own, and those of AWS's images that the workflow runs in Frankfurt.

        XGBoost, Model Monitor, Clarify: SageMaker's Docker registry paths of eu-central-1.
        """
        accounts = (self.account, "492215442770", "048819808253", "017069133835")
        return tuple(f"{account}.dkr.ecr.{self.region}.amazonaws.com" for account in accounts)


def team(repository: Path, answers: dict[str, str]) -> Team:
    """The values of the environment dev, from its file, and the tags, from what was answered."""
    text = (repository / "config/environments/dev.yaml").read_text(encoding="utf-8")
    dev: dict[str, Any] = yaml.safe_load(text)
    return Team(
        key=dev["kms_key_arn"],
        subnets=tuple(dev["subnet_ids"]),
        groups=tuple(dev["security_group_ids"]),
        vpc=dev["vpc_id"],
        account=dev["aws_account_id"],
        region=dev["aws_region"],
        role=dev["execution_role_arn"],
        buckets=(dev["data_bucket"], dev["model_bucket"]),
        tags={
            "project": answers["project_slug"],
            "environment": "dev",
            "owner": answers["owner_email"],
            "cost-center": answers["cost_center"],
            "data-classification": answers["data_classification"],
        },
    )


def right(must: Any, team: Team, is_list: bool, is_address: bool = True) -> Any:
    """A value that fulfils what a field must be."""
    one = {
        "key": team.key,
        "subnets": team.subnets[0],
        "groups": team.groups[0],
        "vpc": team.vpc,
        "role": team.role,
        "account": team.account,
        "source": f"arn:aws:sagemaker:{team.region}:{team.account}:model-package/credit/1",
        "registry": f"{team.registries[0]}/model:1",
        "bucket": f"s3://{team.buckets[1]}/some/where" if is_address else team.buckets[0],
    }
    many = {"subnets": list(team.subnets), "groups": list(team.groups)}
    if must == "tags":
        return [{"Key": key, "Value": value} for key, value in team.tags.items()]
    if is_list:
        return many.get(must, [one.get(must, must)])
    return one.get(must, must)


def wrong(
    must: Any, team: Team, is_list: bool, is_address: bool = True, enum: Sequence[str] = ()
) -> Iterator[Any]:
    """Values that contradict it, each in a way of its own; of a choice, all that are not right."""
    if enum:
        yield from (value for value in enum if not is_right(must, value, team))
        return
    if must == "tags":
        other = {"Key": next(iter(team.tags)), "Value": "someone else's"}
        yield [other]
        yield [other, {"Key": other["Key"], "Value": team.tags[other["Key"]]}]  # both
        return
    own_other_key = team.key.rpartition(":")[0] + ":" + SAME_ACCOUNTS_OTHER_KEY
    images = (
        f"999988887777.dkr.ecr.{team.region}.amazonaws.com/model:1",
        "docker.io/library/python:3",
        f"{team.registries[0]}.evil.example/m:1",  # begins like the team's, as does the next
    )
    names = ("someone-elses", f"{team.buckets[0]}-too")
    ones: dict[Any, tuple[Any, ...]] = {
        "key": (OTHERS_KEY, own_other_key, "alias/aws/s3"),
        "subnets": ("subnet-0ffffffffffffffff",),
        "groups": ("sg-0ffffffffffffffff",),
        "vpc": ("vpc-0ffffffffffffffff",),
        "role": (f"arn:aws:iam::{team.account}:role/Admin", "arn:aws:iam::999988887777:role/Any"),
        "account": ("999988887777",),
        "registry": images,
        "bucket": tuple(f"s3://{name}/x" for name in names) if is_address else names,
        True: (False,),
        False: (True,),
        "2": ("1",),
        "notebook-al2023-v1": ("notebook-al1-v1", "notebook-al2-v1"),
        "source": ("arn:aws:sagemaker:eu-central-1:999988887777:model/other", "s3://elses/m"),
    }
    for value in ones[must]:
        yield [value] if is_list else value
    if must in {"subnets", "groups"} and is_list:
        # One of the team's before a foreign one.
        yield [right(must, team, is_list=False), *ones[must]]


def is_right(must: Any, value: Any, team: Team) -> bool:
    """Whether a value fulfils what a field must be."""
    if must == "tags":
        return all(team.tags.get(tag["Key"], tag.get("Value")) == tag.get("Value") for tag in value)
    if isinstance(value, list):
        return bool(value) and all(is_right(must, one, team) for one in value)
    if must == "registry":
        return str(value).partition("/")[0] in team.registries
    if must == "source" and str(value).startswith("arn:"):
        return str(value).startswith(f"arn:aws:sagemaker:{team.region}:{team.account}:model")
    if must in {"bucket", "source"}:
        scheme, _, rest = str(value).rpartition("://")
        return scheme in {"", "s3"} and rest.partition("/")[0] in team.buckets
    allowed: dict[Any, tuple[Any, ...]] = {
        "key": (team.key,),
        "vpc": (team.vpc,),
        "role": (team.role,),
        "account": (team.account,),
        "subnets": team.subnets,
        "groups": team.groups,
        "absent": (),
        "notebook-al2023-v1": ("notebook-al2-v3", "notebook-al2023-v1", "notebook-al2023-v2"),
        "private": ("private", "bucket-owner-full-control"),
    }
    return value in allowed.get(must, (must,))

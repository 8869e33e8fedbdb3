"""The values that controls name: what an environment's settings say, and what follows from it."""

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import yaml

from regulated_ml.identifiers import partitions
from regulated_ml.settings import Settings
from regulated_ml.settings.models import Environment

# The end of a registry's host name, by partition.
DOMAINS = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}


def tags(settings: Settings) -> dict[str, str]:
    """The tags of everything that is made for this project."""
    project = settings.project
    return {
        "project": project.project_slug,
        "environment": settings.environment,
        "owner": project.owner_email,
        "cost-center": project.cost_center,
        "data-classification": project.data_classification,
    }


def trail_bucket(settings: Settings, platform: Environment) -> str:
    """The bucket of the audit trail's hashes; storage.yaml makes it, with Object Lock."""
    name = f"{settings.project.project_slug}-{settings.environment}"
    return f"{name}-trail-{platform.aws_account_id}"


def buckets(settings: Settings, platform: Environment) -> list[str]:
    """All buckets that anything of the project is written to."""
    return [platform.data_bucket, platform.model_bucket, trail_bucket(settings, platform)]


def origins(platform: Environment) -> list[str]:
    """The buckets, and how the ARNs of the account's models and versions of models begin."""
    region, account = platform.aws_region, platform.aws_account_id
    own = f"arn:{partitions()[region]}:sagemaker:{region}:{account}"
    return [platform.data_bucket, platform.model_bucket, f"{own}:model/", f"{own}:model-package/"]


def registries(platform: Environment) -> list[str]:
    """The registries that images may come from: the account's own, and those of AWS's images."""
    region = platform.aws_region
    domain = DOMAINS.get(partitions()[region], "amazonaws.com")
    owners = (regions.get(region) for regions in _registries().values())
    accounts = dict.fromkeys([platform.aws_account_id, *(owner for owner in owners if owner)])
    return [f"{account}.dkr.ecr.{region}.{domain}" for account in accounts]


@cache
def _registries() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("registries.yaml").read_text(encoding="utf-8")
    content: dict[str, dict[str, str]] = yaml.safe_load(text)
    return content


# Every value that a control may name, and how it is had. `values` leaves them out for `local`.
VALUES: dict[str, Callable[[Settings, Environment], Any]] = {
    "account": lambda settings, platform: platform.aws_account_id,
    "accounts": lambda settings, platform: [platform.aws_account_id],
    "region": lambda settings, platform: platform.aws_region,
    "vpc_id": lambda settings, platform: platform.vpc_id,
    "subnet_ids": lambda settings, platform: list(platform.subnet_ids),
    "security_group_ids": lambda settings, platform: list(platform.security_group_ids),
    "kms_key_arn": lambda settings, platform: platform.kms_key_arn,
    "execution_role_arn": lambda settings, platform: platform.execution_role_arn,
    "buckets": buckets,
    "origins": lambda settings, platform: origins(platform),
    "registries": lambda settings, platform: registries(platform),
    "tags": lambda settings, platform: tags(settings),
}


def values(settings: Settings) -> dict[str, Any]:
    """The values of an environment, as plain data; none for `local`, which has no account."""
    platform = settings.platform
    if platform is None:
        return {}
    return {name: value(settings, platform) for name, value in VALUES.items()}

"""What differs from one environment to another in policies and templates: the parameters.

Documents are written once, with `${Name}` where a value of an environment stands. For an
environment the values are put in; in a template the same text becomes `Fn::Sub` and `Ref`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from regulated_ml.identifiers import partitions
from regulated_ml.security import values
from regulated_ml.security.clients import platform
from regulated_ml.settings import Settings
from regulated_ml.settings.models import Environment

Value = str | list[str]


class Parameter(NamedTuple):
    """A parameter of the templates, and how an environment's settings say it."""

    description: str
    value: Callable[[Settings, Environment], Value] | None  # None: no setting says it
    kind: str = "String"  # of CloudFormation
    default: str | None = None
    pattern: str | None = None


LIST = "CommaDelimitedList"


def _role(settings: Settings, place: Environment) -> tuple[str, str]:
    """Path and name of the execution role."""
    path, _, name = place.execution_role_arn.partition(":role")[2].rpartition("/")
    return f"{path}/", name


def _repositories(settings: Settings, place: Environment) -> list[str]:
    """The ARNs of the repositories that images may come from."""
    partition = partitions()[place.aws_region]
    accounts = (registry.partition(".")[0] for registry in values.registries(place))
    return [f"arn:{partition}:ecr:{place.aws_region}:{each}:repository/*" for each in accounts]


def person_parameters() -> list[str]:
    """The parameters that no setting says: people and roles of the organisation."""
    return [name for name, each in PARAMETERS.items() if each.value is None]


_ARN_OF_ROLE = r"arn:[\w-]+:(iam|sts)::\d{12}:.+"

PARAMETERS = {
    "Slug": Parameter("The project.", lambda s, p: s.project.project_slug),
    "Environment": Parameter("The environment.", lambda s, p: s.environment),
    "Owner": Parameter("The team's mailbox, a tag.", lambda s, p: s.project.owner_email),
    "CostCenter": Parameter("A tag.", lambda s, p: s.project.cost_center),
    "DataClassification": Parameter("A tag.", lambda s, p: s.project.data_classification),
    "VpcId": Parameter("Where jobs run.", lambda s, p: p.vpc_id),
    "SubnetIds": Parameter("Where jobs run.", lambda s, p: [*p.subnet_ids], LIST),
    "SecurityGroupIds": Parameter("Of the jobs.", lambda s, p: [*p.security_group_ids], LIST),
    "KmsKeyArn": Parameter("The team's key.", lambda s, p: p.kms_key_arn),
    "ExecutionRoleArn": Parameter("What jobs run as.", lambda s, p: p.execution_role_arn),
    "ExecutionRolePath": Parameter("The path in its ARN.", lambda s, p: _role(s, p)[0]),
    "ExecutionRoleName": Parameter("The name in its ARN.", lambda s, p: _role(s, p)[1]),
    "DataBucket": Parameter("Tables and code.", lambda s, p: p.data_bucket),
    "ModelBucket": Parameter("Outputs and models.", lambda s, p: p.model_bucket),
    "ImageRepositories": Parameter("ARNs of the images' repositories.", _repositories, LIST),
    "Repository": Parameter(
        "In CodeCommit; one of the team for all of its environments.",
        lambda s, p: s.project.codecommit_repository,
    ),
    "PlatformRoleArn": Parameter(
        "The role that deploys these templates; the only one that may change key and buckets.",
        None,
        pattern=_ARN_OF_ROLE,
    ),
    "DataScientistArn": Parameter(
        "Who may take the data scientist's role, for example a role of IAM Identity Center.",
        None,
        pattern=_ARN_OF_ROLE,
    ),
    "ApproverArn": Parameter(
        "Who may take the approver's role; somebody else.", None, pattern=_ARN_OF_ROLE
    ),
    "VpcCidr": Parameter(
        "The VPC's addresses, from which its endpoints are reached.",
        None,
        pattern=r"(\d{1,3}\.){3}\d{1,3}/\d{1,2}",
    ),
    "RouteTableIds": Parameter("Of the subnets: the way to S3 is written there.", None, LIST),
    "AccountId": Parameter(
        "The environment's account, in a stack of another one.", lambda s, p: p.aws_account_id
    ),
    "TargetIds": Parameter(
        "The accounts or organizational units that the service control policies hold.", None, LIST
    ),
    "LargestErrorRate": Parameter(
        "Share of the endpoint's answers that are 5xx; more is an alarm.",
        lambda s, p: str(s.model.endpoint.alarms.error_rate),
        "Number",
    ),
    "LargestLatency": Parameter(
        "Of the model, in microseconds, 99th percentile; more is an alarm.",
        lambda s, p: str(s.model.endpoint.alarms.latency_ms * 1000),
        "Number",
    ),
    "TableAddress": Parameter(
        "The address in the data bucket of the table that the delivery trains on.",
        None,
        pattern=r"s3://[a-z0-9.-]+/.+",
    ),
    "CodeKey": Parameter(
        "The detective function's archive in the data bucket: rml security package.", None
    ),
}
LISTS = frozenset(name for name, each in PARAMETERS.items() if each.kind == LIST)


def known(settings: Settings) -> dict[str, Value]:
    """The parameters that the settings of an environment say."""
    place = platform(settings)
    return {name: each.value(settings, place) for name, each in PARAMETERS.items() if each.value}


def pseudo(settings: Settings) -> dict[str, str]:
    """What CloudFormation knows by itself."""
    place = platform(settings)
    partition = partitions()[place.aws_region]
    return {
        "AWS::AccountId": place.aws_account_id,
        "AWS::Partition": partition,
        "AWS::Region": place.aws_region,
        "AWS::URLSuffix": values.DOMAINS.get(partition, "amazonaws.com"),
    }


def literal(settings: Settings, given: Mapping[str, str] | None = None) -> dict[str, Value]:
    """Every value that documents name; one that nothing says keeps its name, in angle brackets."""
    unknown = {name: f"<{name}>" for name in person_parameters()}
    return {**pseudo(settings), **unknown, **known(settings), **(given or {})}


def overrides(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """What `aws cloudformation deploy --parameter-overrides` takes of the settings."""
    found = known(settings)
    texts = {name: found[name] for name in names if name in found}
    return {name: t if isinstance(t, str) else ",".join(t) for name, t in texts.items()}

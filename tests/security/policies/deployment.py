"""Deploys the templates to moto, stack by stack, as a person would with the AWS CLI.

What moto's CloudFormation lacks is made by `beside_moto`, a double for it: from the template's own
properties, through the services that moto does have.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from aws import ACCOUNT, REGION, TRAIL_BUCKET, Account
from commands import rml

from .resolving import resolved

# What people choose at deployment.
CHOSEN = {
    "PlatformRoleArn": f"arn:aws:iam::{ACCOUNT}:role/platform",
    "DataScientistArn": f"arn:aws:iam::{ACCOUNT}:role/people/data-scientists",
    "ApproverArn": f"arn:aws:iam::{ACCOUNT}:role/people/approvers",
    "VpcCidr": "10.0.0.0/16",
}
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}


def bare(account: Account) -> None:
    """Takes away what the templates make: role and buckets."""
    account.client("iam").delete_role(RoleName=account.role.rpartition("/")[2])
    for bucket in (*account.buckets, TRAIL_BUCKET):
        account.client("s3").delete_bucket(Bucket=bucket)


def write_key(account: Account, arn: str) -> None:
    """What a person does with the key's ARN, once it is known."""
    path = account.repository / "config/environments/dev.yaml"
    values = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**values, "kms_key_arn": arn}))


def stacks(account: Account) -> dict[str, dict[str, Any]]:
    """What `rml security policies --parameters` says of each stack, by its file."""
    done = rml(account.repository, "security", "policies", "--env", "dev", "--parameters", "--json")
    assert done.returncode == 0, done.stderr
    return {each["file"]: each for each in json.loads(done.stdout)}


def deploy(account: Account, name: str, **chosen: str) -> dict[str, str]:
    """Deploys one template; returns its outputs."""
    stack = stacks(account)[f"infrastructure/{name}.yaml"]
    given = {**CHOSEN, **chosen}
    values = {**stack["parameters"], **{each: given[each] for each in stack["untold"]}}
    text = (account.repository / stack["file"]).read_text()
    template = yaml.safe_load(text)
    client = account.client("cloudformation")
    client.create_stack(
        StackName=stack["name"],
        TemplateBody=yaml.safe_dump(for_moto(template), sort_keys=False),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    beside_moto(account, template, values)
    (found,) = client.describe_stacks(StackName=stack["name"])["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}


def put_past_moto(account: Account, key: str, body: bytes) -> None:
    """An upload into the data bucket; moto would deny it, since it ignores conditions."""
    s3, bucket = account.client("s3"), account.buckets[0]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def for_moto(template: dict[str, Any]) -> dict[str, Any]:
    """The template without what moto's CloudFormation cannot make."""
    resources = {
        name: each for name, each in template["Resources"].items() if each["Type"] not in LACKING
    }
    kept = json.loads(json.dumps({**template, "Resources": resources}))
    for each in kept["Resources"].values():
        if isinstance(each.get("DependsOn"), str) and each["DependsOn"] not in resources:
            del each["DependsOn"]
        if each["Type"] == "AWS::KMS::Key":
            del each["Properties"]["Tags"]  # moto fails on the tags of a key
    outputs = {
        name: each
        for name, each in kept.get("Outputs", {}).items()
        if "CodeRepository" not in json.dumps(each)
    }
    return (
        {**kept, "Outputs": outputs}
        if outputs
        else {k: v for k, v in kept.items() if k != "Outputs"}
    )


def beside_moto(
    account: Account, template: Mapping[str, Any], parameters: Mapping[str, str]
) -> None:
    """The double for what moto's CloudFormation lacks."""
    kinds = {name: each["Type"] for name, each in template["Parameters"].items()}
    values: dict[str, Any] = {
        name: value.split(",") if kinds[name] == "CommaDelimitedList" else value
        for name, value in parameters.items()
    }
    names = {
        name: _physical(each, {**PSEUDO, **values}) for name, each in template["Resources"].items()
    }
    for each in template["Resources"].values():
        if make := {**LACKING, **MENDED}.get(each["Type"]):
            make(account, resolved(each["Properties"], {**PSEUDO, **values, **names}, {}))


def _physical(resource: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """What Ref of a resource gives, where it can be told from its properties."""
    properties = resolved(resource["Properties"], values, {})
    if resource["Type"] == "AWS::SNS::Topic":
        return f"arn:aws:sns:{REGION}:{ACCOUNT}:{properties['TopicName']}"
    named = ("BucketName", "LogGroupName", "QueueName", "FunctionName")
    return next((properties[key] for key in named if key in properties), "")


def _bucket_policy(account: Account, properties: dict[str, Any]) -> None:
    account.client("s3").put_bucket_policy(
        Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
    )


def _repository(account: Account, properties: dict[str, Any]) -> None:
    account.client("codecommit").create_repository(
        repositoryName=properties["RepositoryName"],
        repositoryDescription=properties["RepositoryDescription"],
    )


def _topic_policy(account: Account, properties: dict[str, Any]) -> None:
    for topic in properties["Topics"]:
        account.client("sns").set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps(properties["PolicyDocument"]),
        )


def _metric_filter(account: Account, properties: dict[str, Any]) -> None:
    transformations = [
        {re.sub("^M", "m", key): value for key, value in each.items()}
        for each in properties["MetricTransformations"]
    ]
    account.client("logs").put_metric_filter(
        logGroupName=properties["LogGroupName"],
        filterName="refusals",
        filterPattern=properties["FilterPattern"],
        metricTransformations=transformations,
    )


def _alarm(account: Account, properties: dict[str, Any]) -> None:
    plain = {key: value for key, value in properties.items() if key != "Dimensions"}
    account.client("cloudwatch").put_metric_alarm(**plain)


def _control_policy(account: Account, properties: dict[str, Any]) -> None:
    account.client("organizations").create_policy(
        Content=json.dumps(properties["Content"]),
        Name=properties["Name"],
        Description=properties["Description"],
        Type=properties["Type"],
    )


def _endpoint(account: Account, properties: dict[str, Any]) -> None:
    """Moto keeps an endpoint's policy from a template as Python writes it, which is no JSON."""
    ec2 = account.client("ec2")
    named = [{"Name": "service-name", "Values": [properties["ServiceName"]]}]
    for each in ec2.describe_vpc_endpoints(Filters=named)["VpcEndpoints"]:
        ec2.modify_vpc_endpoint(
            VpcEndpointId=each["VpcEndpointId"],
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )


def _key(account: Account, properties: dict[str, Any]) -> None:
    """Moto keeps a key's policy from a template as Python writes it, too."""
    kms = account.client("kms")
    for alias in kms.list_aliases()["Aliases"]:
        if alias["AliasName"] == "alias/credit-default-dev":
            policy = json.dumps(properties["KeyPolicy"])
            kms.put_key_policy(KeyId=alias["TargetKeyId"], PolicyName="default", Policy=policy)


def _role(account: Account, properties: dict[str, Any]) -> None:
    """Moto attaches no policies to a role from a template, and keeps its own ones as no JSON."""
    for each in properties["Policies"]:
        account.client("iam").put_role_policy(
            RoleName=properties["RoleName"],
            PolicyName=each["PolicyName"],
            PolicyDocument=json.dumps(each["PolicyDocument"]),
        )
    for arn in properties.get("ManagedPolicyArns", ()):
        account.client("iam").attach_role_policy(RoleName=properties["RoleName"], PolicyArn=arn)


def _nothing(account: Account, properties: dict[str, Any]) -> None:
    """The policy of a queue: nothing in the tests sends to it."""


MENDED = {
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
}
LACKING: dict[str, Callable[[Account, dict[str, Any]], None]] = {
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::CodeCommit::Repository": _repository,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::QueuePolicy": _nothing,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Organizations::Policy": _control_policy,
}

"""An account in moto in which everything that the preflight looks at is right."""

import json
from typing import Any

from aws import REGION, TRAIL_BUCKET, Account

from regulated_ml.security.policies.inventory import entries
from regulated_ml.settings import load

SERVICES = (
    *(
        "sagemaker.api",
        "sagemaker.runtime",
        "sagemaker.metrics",
        "sts",
        "logs",
        "monitoring",
        "ecr.api",
        "ecr.dkr",
    ),
    *("kms", "codecommit", "git-codecommit"),
)
NAMES = [f"com.amazonaws.{REGION}.{service}" for service in SERVICES]


def make_ready(account: Account) -> None:
    """Adds to the fixture's account what it lacks."""
    for step in (_key, _role, network_ready, _endpoints, buckets_ready):
        step(account)


def group_of_endpoints(account: Account) -> str:
    """The security group of the interface endpoints."""
    filters = [{"Name": "group-name", "Values": ["endpoints"]}]
    (group,) = account.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return str(group["GroupId"])


def main_table(account: Account) -> str:
    """The main route table of the VPC."""
    filters = [
        {"Name": "vpc-id", "Values": [account.vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    (table,) = account.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return str(table["RouteTableId"])


def endpoint(account: Account, ending: str) -> str:
    """The id of the endpoint of a service."""
    found = account.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    there = [e for e in found if e["State"].lower() == "available"]
    (one,) = [e["VpcEndpointId"] for e in there if e["ServiceName"].endswith(f".{ending}")]
    return str(one)


def tls_statement(bucket: str) -> dict[str, Any]:
    """Denies what comes without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def key_statement(bucket: str, key: str) -> dict[str, Any]:
    """Denies objects under another key."""
    name = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {name: key}, "Null": {name: "false"}},
    }


def put_policy(account: Account, bucket: str, *statements: dict[str, Any]) -> None:
    """Gives the bucket a policy of these statements."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)


def _key(account: Account) -> None:
    account.client("kms").enable_key_rotation(KeyId=account.key)


def _role(account: Account) -> None:
    iam = account.client("iam")
    name = account.role.rpartition("/")[2]
    iam.put_role_policy(
        RoleName=name, PolicyName="may", PolicyDocument=made(account, "policy of a role", name)
    )
    boundary = "credit-default-dev-boundary"
    document = made(account, "managed policy", boundary)
    arn = iam.create_policy(PolicyName=boundary, PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=arn)


def made(account: Account, kind: str, name: str) -> str:
    """A policy as the standard makes it, which tests of its own are about."""
    found = entries(load(account.repository, "dev"))
    (document,) = (e.document for e in found if (e.kind.words, e.name) == (kind, name))
    return json.dumps(document)


def network_ready(account: Account) -> None:
    """Gives the VPC and its group what they lack."""
    ec2 = account.client("ec2")
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=account.vpc, **{name: {"Value": True}})
    everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    inside = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]
    ec2.revoke_security_group_egress(GroupId=account.group, IpPermissions=everywhere)
    ec2.authorize_security_group_egress(GroupId=account.group, IpPermissions=inside)
    ec2.create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[account.vpc],
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{account.buckets[0]}",
    )


def _endpoints(account: Account) -> None:
    ec2 = account.client("ec2")
    group = ec2.create_security_group(
        GroupName="endpoints", Description="endpoints", VpcId=account.vpc
    )["GroupId"]
    pair = [{"GroupId": account.group}]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pair}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https])
    for name in NAMES:
        ec2.create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=account.vpc,
            ServiceName=name,
            SubnetIds=list(account.subnets),
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )
    ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway",
        VpcId=account.vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        RouteTableIds=[main_table(account)],
    )


def buckets_ready(account: Account) -> None:
    """Gives the buckets what they lack."""
    s3 = account.client("s3")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": account.key}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    for bucket in account.buckets:
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True)
        )
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        put_policy(account, bucket, tls_statement(bucket), key_statement(bucket, account.key))
    s3.put_bucket_encryption(
        Bucket=TRAIL_BUCKET, ServerSideEncryptionConfiguration={"Rules": rules}
    )

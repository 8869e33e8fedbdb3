"""What can be wrong in an account: for each check, ways to spoil one that is ready."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml
from aws import ACCOUNT, REGION, TRAIL_BUCKET, Account

from security.preflight.seeding import (
    buckets_ready,
    endpoint,
    group_of_endpoints,
    key_statement,
    made,
    main_table,
    put_policy,
    tls_statement,
)


class Defect(NamedTuple):
    """A way to spoil the account, and the check that must find it."""

    check: str
    spoil: Callable[[Account], object]
    follows: tuple[str, ...] = ()  # what is not right any more because of it


def configure(account: Account, **values: Any) -> None:
    """Writes other values into the environment's file."""
    path = account.repository / "config/environments/dev.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **values}))


def _name(account: Account) -> str:
    return account.role.rpartition("/")[2]


def _trust(account: Account, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    account.client("iam").update_assume_role_policy(
        RoleName=_name(account), PolicyDocument=document
    )


def _statement(principal: dict[str, str], account: str = ACCOUNT) -> dict[str, Any]:
    only = {"StringEquals": {"aws:SourceAccount": account}}
    base = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {**base, "Condition": only} if account else base


# A role's policy names the subnets and groups of the environment's file.
NAMED = ("PRE-ROLE-5",)
BOUNDARY = "credit-default-dev-boundary"
SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


# --- the trail ---


def lock_trail(mode: str) -> Callable[[Account], object]:
    """Another default retention of the trail's bucket, or none."""

    def spoil(account: Account) -> None:
        content: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if mode:
            content["Rule"] = {"DefaultRetention": {"Mode": mode, "Days": 1}}
        account.client("s3").put_object_lock_configuration(
            Bucket=TRAIL_BUCKET, ObjectLockConfiguration=content
        )

    return spoil


# --- the key ---


def _key(account: Account) -> str:
    return account.key.rpartition("/")[2]  # moto knows it for these calls by its id alone


def doom_key(account: Account) -> None:
    account.client("kms").schedule_key_deletion(KeyId=_key(account), PendingWindowInDays=7)


def deny_key(account: Account) -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": account.role}, "Action": "kms:*"}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant"}
    statements = [{**each, "Resource": "*"} for each in (allow, deny)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    account.client("kms").put_key_policy(KeyId=account.key, PolicyName="default", Policy=policy)


def key_of_administrators(account: Account) -> None:
    """The account may administer the key, so what IAM allows of its use does not count."""
    administer = ["kms:Describe*", "kms:Put*", "kms:Get*", "kms:List*", "kms:CreateGrant"]
    _give_to_account(account, {"Action": administer})


def key_of_another_role(account: Account) -> None:
    """Roles are named in a condition, as the key's generated policy does."""
    other = {"ArnEquals": {"aws:PrincipalArn": f"{account.role}-of-others"}}
    _give_to_account(account, {"Action": "kms:*", "Condition": other})


def _give_to_account(account: Account, content: dict[str, Any]) -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Resource": "*", **content}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.client("kms").put_key_policy(KeyId=account.key, PolicyName="default", Policy=policy)


def forget_policy(account: Account) -> None:
    account.client("iam").delete_role_policy(RoleName=_name(account), PolicyName="may")


# --- the role ---


def remove_role(account: Account) -> None:
    forget_policy(account)
    account.client("iam").delete_role(RoleName=_name(account))


def role_in_another_path(account: Account) -> None:
    configure(account, execution_role_arn=account.role.replace("role/", "role/other/"))


def unbind_role(account: Account) -> None:
    account.client("iam").delete_role_permissions_boundary(RoleName=_name(account))


def bind_otherwise(account: Account) -> None:
    iam = account.client("iam")
    document = made(account, "managed policy", BOUNDARY)
    arn = iam.create_policy(PolicyName="other", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=_name(account), PermissionsBoundary=arn)


def loosen_boundary(account: Account) -> None:
    document = json.loads(made(account, "managed policy", BOUNDARY))
    document["Statement"][0]["Action"] = "*"
    account.client("iam").create_policy_version(
        PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}",
        PolicyDocument=json.dumps(document),
        SetAsDefault=True,
    )


def widen_policy(account: Account) -> None:
    document = json.loads(made(account, "policy of a role", _name(account)))
    document["Statement"].append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
    _put(account, "may", document)


def narrow_policy(account: Account) -> None:
    document = json.loads(made(account, "policy of a role", _name(account)))
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != "PullImages"]
    _put(account, "may", document)


def one_more_policy(account: Account) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    _put(account, "quickly", {"Version": "2012-10-17", "Statement": [statement]})


def attach_policy(account: Account) -> None:
    account.client("iam").attach_role_policy(
        RoleName=_name(account), PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{BOUNDARY}"
    )


def _put(account: Account, name: str, document: dict[str, Any]) -> None:
    account.client("iam").put_role_policy(
        RoleName=_name(account), PolicyName=name, PolicyDocument=json.dumps(document)
    )


# --- the buckets ---


def move_bucket(account: Account) -> None:
    s3, bucket = account.client("s3"), account.buckets[0]
    s3.delete_bucket(Bucket=bucket)
    place = {"LocationConstraint": "eu-west-1"}
    account.moto.client("s3", "eu-west-1").create_bucket(
        Bucket=bucket, CreateBucketConfiguration=place
    )
    buckets_ready(account)


def encrypt(account: Account, algorithm: str, **key: str) -> None:
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **key}}]
    account.client("s3").put_bucket_encryption(
        Bucket=account.buckets[1], ServerSideEncryptionConfiguration={"Rules": rules}
    )


def open_bucket(account: Account) -> None:
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True}
    account.client("s3").put_public_access_block(
        Bucket=account.buckets[0],
        PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False},
    )


def suspend_versions(account: Account) -> None:
    account.client("s3").put_bucket_versioning(
        Bucket=account.buckets[0], VersioningConfiguration={"Status": "Suspended"}
    )


def policy(*kept: str, **changes: Any) -> Callable[[Account], None]:
    """The policy of the first bucket, of these statements, one of them changed."""

    def spoil(account: Account) -> None:
        bucket = account.buckets[0]
        whole = {"tls": tls_statement(bucket), "key": key_statement(bucket, account.key)}
        put_policy(account, bucket, *({**whole[name], **changes.get(name, {})} for name in kept))

    return spoil


OTHER_KEY = {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:other"}
BUT_FOR_ADMIN = {
    "Bool": {"aws:SecureTransport": "false"},
    "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"},
}

# --- the network ---


def attribute(name: str) -> Callable[[Account], object]:
    return lambda account: account.client("ec2").modify_vpc_attribute(
        VpcId=account.vpc, **{name: {"Value": False}}
    )


def _gateway(account: Account) -> str:
    ec2 = account.client("ec2")
    name = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=name, VpcId=account.vpc)
    return str(name)


def route_of_main_table(account: Account) -> None:
    account.client("ec2").create_route(
        RouteTableId=main_table(account),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=_gateway(account),
    )


def route_of_own_table(account: Account) -> None:
    ec2 = account.client("ec2")
    table = ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=account.subnets[0])
    s3 = endpoint(account, "s3")
    ec2.modify_vpc_endpoint(VpcEndpointId=s3, AddRouteTableIds=[table])
    gateway = ec2.create_egress_only_internet_gateway(VpcId=account.vpc)
    ec2.create_route(
        RouteTableId=table,
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=gateway["EgressOnlyInternetGateway"][
            "EgressOnlyInternetGatewayId"
        ],
    )


def route_to_nat(account: Account) -> None:
    ec2 = account.client("ec2")
    nat = ec2.create_nat_gateway(SubnetId=account.subnets[0], ConnectivityType="private")
    ec2.create_route(
        RouteTableId=main_table(account),
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=nat["NatGateway"]["NatGatewayId"],
    )


def _flow_logs(account: Account) -> list[str]:
    return [log["FlowLogId"] for log in account.client("ec2").describe_flow_logs()["FlowLogs"]]


def stop_logging(account: Account) -> None:
    account.client("ec2").delete_flow_logs(FlowLogIds=_flow_logs(account))


def log_refused_traffic_alone(account: Account) -> None:
    stop_logging(account)
    account.client("ec2").create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[account.vpc],
        TrafficType="REJECT",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{account.buckets[0]}",
    )


def name_another_vpc(account: Account) -> None:
    """The role's policy names the VPC, and is made anew with it."""
    configure(account, vpc_id="vpc-0123456789abcdef0")
    _put(account, "may", json.loads(made(account, "policy of a role", _name(account))))


def _subnet(account: Account, cidr: str, zone: str, vpc: str = "") -> str:
    made = account.client("ec2").create_subnet(
        VpcId=vpc or account.vpc, CidrBlock=cidr, AvailabilityZone=REGION + zone
    )
    return str(made["Subnet"]["SubnetId"])


def _other_vpc(account: Account) -> str:
    return str(account.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def foreign_subnet(account: Account) -> None:
    other = _subnet(account, "10.9.1.0/24", "b", _other_vpc(account))
    configure(account, subnet_ids=[*account.subnets, other])


def one_zone(account: Account) -> None:
    configure(account, subnet_ids=[account.subnets[0], _subnet(account, "10.0.7.0/24", "a")])


def full_subnet(account: Account) -> None:
    small = _subnet(account, "10.0.8.0/28", "a")  # 11 addresses, of which AWS keeps none
    for _ in range(2):
        account.client("ec2").create_network_interface(SubnetId=small)
    configure(account, subnet_ids=[*account.subnets, small])


# --- groups and endpoints ---


def foreign_group(account: Account) -> None:
    ec2 = account.client("ec2")
    group = ec2.create_security_group(
        GroupName="other", Description="other", VpcId=_other_vpc(account)
    )["GroupId"]
    everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everywhere)
    configure(account, security_group_ids=[account.group, group])


def let_in(**ranges: Any) -> Callable[[Account], object]:
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **ranges}
    return lambda account: account.client("ec2").authorize_security_group_ingress(
        GroupId=account.group, IpPermissions=[permission]
    )


def let_out(account: Account) -> None:
    everywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    account.client("ec2").authorize_security_group_egress(
        GroupId=account.group, IpPermissions=everywhere
    )


def without_endpoint(ending: str) -> Callable[[Account], object]:
    return lambda account: account.client("ec2").delete_vpc_endpoints(
        VpcEndpointIds=[endpoint(account, ending)]
    )


def _again(account: Account, ending: str, **changes: Any) -> None:
    """The endpoint of a service made anew, with changes."""
    ec2 = account.client("ec2")
    without_endpoint(ending)(account)
    whole = {
        "VpcEndpointType": "Interface",
        "VpcId": account.vpc,
        "ServiceName": f"com.amazonaws.{REGION}.{ending}",
        "SubnetIds": list(account.subnets),
        "SecurityGroupIds": [group_of_endpoints(account)],
        "PrivateDnsEnabled": True,
    }
    ec2.create_vpc_endpoint(**{**whole, **changes})


def shut_door(account: Account) -> None:
    ec2 = account.client("ec2")
    door = ec2.create_security_group(GroupName="shut", Description="s", VpcId=account.vpc)[
        "GroupId"
    ]
    _again(account, "logs", SecurityGroupIds=[door])


def gateway_of_another_table(account: Account) -> None:
    ec2 = account.client("ec2")
    table = ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=account.subnets[1])


DEFECTS: dict[str, Defect] = {
    "key disabled": Defect(
        "PRE-KEY-2", lambda account: account.client("kms").disable_key(KeyId=_key(account))
    ),
    "key to be deleted": Defect("PRE-KEY-2", doom_key),
    "key that does not rotate": Defect(
        "PRE-KEY-5", lambda account: account.client("kms").disable_key_rotation(KeyId=account.key)
    ),
    "key that its policy denies": Defect("PRE-KEY-6", deny_key),
    "key for administrators": Defect("PRE-KEY-6", key_of_administrators),
    "key for another role": Defect("PRE-KEY-6", key_of_another_role),
    "role missing": Defect("PRE-ROLE-1", remove_role),
    "role in another path": Defect("PRE-ROLE-1", role_in_another_path),
    "role for everybody's jobs": Defect(
        "PRE-ROLE-2", lambda account: _trust(account, _statement(SAGEMAKER, ""))
    ),
    "role for another account's jobs": Defect(
        "PRE-ROLE-2", lambda account: _trust(account, _statement(SAGEMAKER, "999988887777"))
    ),
    "role for people": Defect(
        "PRE-ROLE-2",
        lambda account: _trust(
            account, _statement(SAGEMAKER), _statement({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
        ),
    ),
    "role for another service": Defect(
        "PRE-ROLE-2", lambda account: _trust(account, _statement({"Service": "ec2.amazonaws.com"}))
    ),
    "role without a boundary": Defect("PRE-ROLE-3", unbind_role),
    "role with another boundary": Defect("PRE-ROLE-3", bind_otherwise),
    "boundary that was loosened": Defect("PRE-ROLE-4", loosen_boundary),
    "role that may more": Defect("PRE-ROLE-5", widen_policy),
    "role that may less": Defect("PRE-ROLE-5", narrow_policy),
    "role with one more policy": Defect("PRE-ROLE-6", one_more_policy),
    "role with a policy attached": Defect("PRE-ROLE-6", attach_policy),
    "bucket missing": Defect(
        "PRE-BUCKET-1",
        lambda account: account.client("s3").delete_bucket(Bucket=account.buckets[0]),
    ),
    "bucket in another region": Defect("PRE-BUCKET-2", move_bucket),
    "bucket under S3's key": Defect("PRE-BUCKET-3", lambda account: encrypt(account, "AES256")),
    "bucket under another key": Defect(
        "PRE-BUCKET-3", lambda account: encrypt(account, "aws:kms", KMSMasterKeyID="alias/aws/s3")
    ),
    "bucket that may be public": Defect("PRE-BUCKET-4", open_bucket),
    "bucket without a block": Defect(
        "PRE-BUCKET-4",
        lambda account: account.client("s3").delete_public_access_block(Bucket=account.buckets[0]),
    ),
    "bucket without versions": Defect("PRE-BUCKET-5", suspend_versions),
    "bucket for plain HTTP": Defect("PRE-BUCKET-6", policy("key")),
    "bucket for plain HTTP from some": Defect(
        "PRE-BUCKET-6", policy("tls", "key", tls={"Condition": BUT_FOR_ADMIN})
    ),
    "bucket for plain HTTP to read": Defect(
        "PRE-BUCKET-6", policy("tls", "key", tls={"Action": "s3:PutObject"})
    ),
    "bucket for other keys": Defect("PRE-BUCKET-7", policy("tls")),
    "bucket for one other key": Defect(
        "PRE-BUCKET-7", policy("tls", "key", key={"Condition": {"StringNotEquals": OTHER_KEY}})
    ),
    "bucket for other keys of some": Defect(
        "PRE-BUCKET-7", policy("tls", "key", key={"Principal": {"AWS": ACCOUNT}})
    ),
    "trail's bucket missing": Defect(
        "PRE-TRAIL-1", lambda account: account.client("s3").delete_bucket(Bucket=TRAIL_BUCKET)
    ),
    "trail that whoever may can bypass": Defect("PRE-TRAIL-1", lock_trail("GOVERNANCE")),
    "trail without a retention": Defect("PRE-TRAIL-1", lock_trail("")),
    "trail under S3's key": Defect(
        "PRE-TRAIL-2",
        lambda account: account.client("s3").delete_bucket_encryption(Bucket=TRAIL_BUCKET),
    ),
    "VPC missing": Defect("PRE-VPC-1", name_another_vpc),
    "VPC that resolves no names": Defect("PRE-VPC-2", attribute("EnableDnsSupport")),
    "VPC that gives no names": Defect("PRE-VPC-3", attribute("EnableDnsHostnames")),
    "route to the internet in the main table": Defect("PRE-VPC-4", route_of_main_table),
    "route to the internet in a table of its own": Defect("PRE-VPC-4", route_of_own_table),
    "route to a NAT gateway": Defect("PRE-VPC-4", route_to_nat),
    "traffic that is not logged": Defect("PRE-VPC-5", stop_logging),
    "traffic that is logged in part": Defect("PRE-VPC-5", log_refused_traffic_alone),
    "subnet missing": Defect(
        "PRE-SUBNET-1",
        lambda account: configure(
            account, subnet_ids=[*account.subnets, "subnet-0123456789abcdef0"]
        ),
        NAMED,
    ),
    "subnet of another VPC": Defect("PRE-SUBNET-2", foreign_subnet, NAMED),
    "subnets in one zone": Defect("PRE-SUBNET-3", one_zone, NAMED),
    "subnet that is full": Defect("PRE-SUBNET-4", full_subnet, NAMED),
    "group missing": Defect(
        "PRE-GROUP-1",
        lambda account: configure(
            account, security_group_ids=[account.group, "sg-0123456789abcdef0"]
        ),
        NAMED,
    ),
    "group of another VPC": Defect("PRE-GROUP-2", foreign_group, NAMED),
    "group open to all": Defect("PRE-GROUP-3", let_in(IpRanges=[{"CidrIp": "0.0.0.0/0"}])),
    "group open to half the internet": Defect(
        "PRE-GROUP-3", let_in(IpRanges=[{"CidrIp": "0.0.0.0/1"}])
    ),
    "group open to all of IPv6": Defect("PRE-GROUP-3", let_in(Ipv6Ranges=[{"CidrIpv6": "::/0"}])),
    "group that lets everything out": Defect("PRE-GROUP-4", let_out),
    "endpoint without private names": Defect(
        "PRE-ENDPOINT-2", lambda account: _again(account, "kms", PrivateDnsEnabled=False)
    ),
    "endpoint in one zone": Defect(
        "PRE-ENDPOINT-3", lambda account: _again(account, "sts", SubnetIds=[account.subnets[0]])
    ),
    "endpoint that is shut": Defect("PRE-ENDPOINT-4", shut_door),
    "endpoint of S3 missing": Defect("PRE-ENDPOINT-5", without_endpoint("s3")),
    "endpoint of S3 in another table": Defect("PRE-ENDPOINT-5", gateway_of_another_table),
}
DEFECTS |= {
    f"endpoint of {name} missing": Defect("PRE-ENDPOINT-1", without_endpoint(name))
    for name in (
        "sagemaker.api",
        "sagemaker.runtime",
        "sagemaker.metrics",
        "sts",
        "logs",
        "monitoring",
    )
}
DEFECTS |= {
    f"endpoint of {name} missing": Defect("PRE-ENDPOINT-1", without_endpoint(name))
    for name in ("ecr.api", "ecr.dkr", "kms", "codecommit", "git-codecommit")
}

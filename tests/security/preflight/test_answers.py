"""What moto cannot be made to answer: checks and the answers of AWS that they are about."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from regulated_ml.security.preflight import buckets, endpoints, identity, key, network
from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.commands import aws
from regulated_ml.security.preflight.groups import PRIVATE, lies
from regulated_ml.settings import load


class AccountDouble(Account):
    """An account that answers each operation with what it is given, whatever is asked."""

    def __init__(self, sample: Path, **answers: Any) -> None:
        self.settings = load(sample, "dev")
        assert self.settings.platform is not None
        self.platform = self.settings.platform
        self._answers = {}
        self._given = answers

    def _called(self, service: str, operation: str, parameters: Any, call: Any) -> Any:
        answer = self._given[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer


def metadata(sample: Path, **changes: Any) -> dict[str, Any]:
    """What DescribeKey says of a key that is right, with changes."""
    arn = AccountDouble(sample).platform.kms_key_arn
    right = {
        "Arn": arn,
        "KeyId": arn.rpartition("/")[2],
        "AWSAccountId": "111122223333",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
    }
    return {"KeyMetadata": {**right, **changes}}


@pytest.mark.parametrize(
    ("look", "changes", "said"),
    [
        (key.own, {"KeyManager": "AWS"}, "managed by AWS"),
        (key.own, {"AWSAccountId": "999988887777"}, "in account 999988887777"),
        (key.symmetric, {"KeySpec": "RSA_2048"}, "RSA_2048"),
        (key.symmetric, {"KeyUsage": "GENERATE_VERIFY_MAC"}, "GENERATE_VERIFY_MAC"),
        (key.enabled, {"KeyState": "PendingImport"}, "PendingImport"),
        (key.exists, {"Arn": "arn:aws:kms:eu-west-1:111122223333:key/1"}, "another key answers"),
    ],
)
def test_a_wrong_key_is_told_by_what_is_wrong(
    sample: Path, look: Any, changes: dict[str, str], said: str
) -> None:
    right = AccountDouble(sample, describe_key=metadata(sample))
    wrong = AccountDouble(sample, describe_key=metadata(sample, **changes))
    assert [seen.right for seen in look(right)] == [True]
    (seen,) = look(wrong)
    assert seen.right is False
    assert said in seen.found
    assert seen.fix.startswith("aws kms ")


def test_a_key_that_signs_is_not_asked_whether_it_rotates(sample: Path) -> None:
    account = AccountDouble(sample, describe_key=metadata(sample, KeySpec="RSA_2048"))
    assert list(key.rotates(account)) == []


def test_the_root_user_is_found(sample: Path) -> None:
    arn = "arn:aws:iam::111122223333:root"
    account = AccountDouble(sample, get_caller_identity={"Account": "111122223333", "Arn": arn})
    assert [seen.right for seen in identity.right_account(account)] == [True]
    assert [seen.right for seen in identity.not_root(account)] == [False]


def test_a_bucket_in_the_first_region_takes_no_place(sample: Path) -> None:
    missing = AccountDouble(sample, head_bucket=NotThere("404"))
    (data, _) = buckets.exist(missing)
    assert "--create-bucket-configuration" in data.fix
    missing.platform = missing.platform.model_copy(update={"aws_region": "us-east-1"})
    (data, _) = buckets.exist(missing)
    assert "--create-bucket-configuration" not in data.fix


def routes(sample: Path, *ways: dict[str, str]) -> list[bool | None]:
    """Whether each subnet stays inside, by a main route table with these routes."""
    table = {
        "RouteTableId": "rtb-1",
        "Associations": [{"Main": True}],
        "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}, *ways],
    }
    account = AccountDouble(sample)
    vpc = account.platform.vpc_id
    subnets = [{"SubnetId": name, "VpcId": vpc} for name in account.platform.subnet_ids]
    account._given = {
        "describe_vpcs": {"Vpcs": [{"VpcId": vpc, "CidrBlock": "10.0.0.0/16"}]},
        "describe_subnets": {"Subnets": subnets},
        "describe_route_tables": {"RouteTables": [table]},
    }
    return [seen.right for seen in network.stays_inside(account)]


@pytest.mark.parametrize(
    ("way", "right"),
    [
        ({"GatewayId": "igw-1"}, False),
        ({"NatGatewayId": "nat-1"}, False),
        ({"InstanceId": "i-1", "NetworkInterfaceId": "eni-1"}, False),
        ({"EgressOnlyInternetGatewayId": "eigw-1"}, False),
        ({"TransitGatewayId": "tgw-1"}, True),
        ({"VpcPeeringConnectionId": "pcx-1"}, True),
        ({"GatewayId": "vgw-1"}, True),
        ({"GatewayId": "vpce-1"}, True),
    ],
)
def test_what_counts_as_a_way_to_the_internet(
    sample: Path, way: dict[str, str], right: bool
) -> None:
    assert routes(sample, {"DestinationCidrBlock": "0.0.0.0/0", **way}) == [right, right]


@pytest.mark.parametrize(
    ("cidr", "inside"),
    [
        ("10.1.2.3/32", True),
        ("172.16.0.0/12", True),
        ("192.168.0.0/16", True),
        ("100.64.1.0/24", True),
        ("fd00::/8", True),
        ("10.0.0.0/7", False),
        ("172.0.0.0/8", False),
        ("8.8.8.8/32", False),
        ("0.0.0.0/0", False),
        ("::/0", False),
        ("2001:db8::/32", False),
    ],
)
def test_which_ranges_are_private(cidr: str, inside: bool) -> None:
    assert lies(cidr, PRIVATE) is inside


def test_services_are_named_as_the_region_names_them() -> None:
    service = endpoints.SERVICES[0]
    name = endpoints.service_name
    assert name(service, "eu-central-1") == "com.amazonaws.eu-central-1.sagemaker.api"
    assert name(service, "cn-north-1") == "cn.com.amazonaws.cn-north-1.sagemaker.api"


def test_commands_are_quoted_for_the_shell() -> None:
    hostile = "a'; rm -rf $HOME; echo \""
    command = aws("eu-west-1", "s3api", "put-x", bucket=hostile, policy={"a": hostile}, on=True)
    words = shlex.split(command)
    assert words[3:5] == ["--bucket", hostile]
    assert words[-3:] == ["--on", "--region", "eu-west-1"]

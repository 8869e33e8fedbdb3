"""The security groups: nobody comes in from outside, nothing goes out but to AWS and the VPC."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from regulated_ml.security.preflight.account import Account
from regulated_ml.security.preflight.commands import then
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.network import vpc
from regulated_ml.security.preflight.rows import Check, Observation

# Addresses that are not of the internet: of private networks, and of carriers.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
# The parts of a permission that a command gives back, to take the same permission away.
PERMISSION = ("IpProtocol", "FromPort", "ToPort")


def groups(account: Account) -> dict[str, dict[str, Any]]:
    """Those of the environment's security groups that there are, by id."""
    return described(account, account.platform.security_group_ids)


def described(account: Account, names: Any) -> dict[str, dict[str, Any]]:
    """Security groups as EC2 describes them, by id."""
    filters = [{"Name": "group-id", "Values": sorted(names)}]
    found = account.all("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    return {each["GroupId"]: each for each in found}


def exist(account: Account) -> Iterator[Observation]:
    there = groups(account)
    for name in account.platform.security_group_ids:
        is_there = name in there
        found = "there" if is_there else "there is no such group"
        yield Observation(name, found, is_there, _list(account))


def are_inside(account: Account) -> Iterator[Observation]:
    wanted = vpc(account)["VpcId"]
    for name, group in groups(account).items():
        place = group.get("VpcId", "no VPC")
        yield Observation(name, f"in {place}", place == wanted, _list(account))


def _list(account: Account) -> str:
    vpc_filter = f"Name=vpc-id,Values={account.platform.vpc_id}"
    command = account.command("ec2", "describe-security-groups", filters=vpc_filter)
    return then(command, f"write the right ones into {account.file}: security_group_ids")


def are_closed(account: Account) -> Iterator[Observation]:
    """Ranges of private networks may come in: a company's own are routed to the VPC."""
    for name, group in groups(account).items():
        yield _judged(account, name, group, "ingress", PRIVATE)


def stay_inside(account: Account) -> Iterator[Observation]:
    """Other groups are of the same VPC, or of one that is peered with it; both are inside."""
    inside = ranges(vpc(account))
    for name, group in groups(account).items():
        yield _judged(account, name, group, "egress", inside)


def ranges(described_vpc: dict[str, Any]) -> tuple[str, ...]:
    """The address ranges of a VPC."""
    four = described_vpc.get("CidrBlockAssociationSet", ())
    six = described_vpc.get("Ipv6CidrBlockAssociationSet", ())
    found = [each["CidrBlock"] for each in four] + [each["Ipv6CidrBlock"] for each in six]
    return tuple(dict.fromkeys([described_vpc["CidrBlock"], *found]))


def _judged(
    account: Account, name: str, group: dict[str, Any], direction: str, admitted: tuple[str, ...]
) -> Observation:
    wrong = [
        foreign
        for permission in group.get(DIRECTIONS[direction], ())
        if (foreign := _foreign(permission, admitted))
    ]
    shown = "; ".join(f"{_ports(each)} {', '.join(cidrs(each))}" for each in wrong)
    operation = f"revoke-security-group-{direction}"
    fix = account.command("ec2", operation, group_id=name, ip_permissions=wrong)
    return Observation(name, shown or f"no foreign {direction}", not wrong, fix)


def _foreign(permission: dict[str, Any], admitted: tuple[str, ...]) -> dict[str, Any]:
    """The permission with only those of its ranges that lie in none of the admitted ones."""
    kept = {
        key: [
            {part: each[part]} for each in permission.get(key, ()) if not lies(each[part], admitted)
        ]
        for key, part in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"))
    }
    kept = {key: found for key, found in kept.items() if found}
    own = {key: permission[key] for key in PERMISSION if key in permission}
    return {**own, **kept} if kept else {}


def lies(cidr: str, admitted: tuple[str, ...]) -> bool:
    network = ipaddress.ip_network(cidr, strict=False)
    same = (ipaddress.ip_network(each) for each in admitted)
    # The versions are compared first, because networks of both cannot be.
    return any(network.version == each.version and network.subnet_of(each) for each in same)  # type: ignore[arg-type]


def cidrs(permission: dict[str, Any]) -> list[str]:
    four = [each["CidrIp"] for each in permission.get("IpRanges", ())]
    return four + [each["CidrIpv6"] for each in permission.get("Ipv6Ranges", ())]


def _ports(permission: dict[str, Any]) -> str:
    if permission["IpProtocol"] == "-1":
        return "everything"
    first, last = permission.get("FromPort"), permission.get("ToPort")
    ports = str(first) if first == last else f"{first}-{last}"
    return f"{permission['IpProtocol']} {ports}"


_GROUPS = ("ec2:DescribeSecurityGroups",)
_THERE = ("PRE-GROUP-1",)
CHECKS = (
    Check(
        "PRE-GROUP-1",
        "The security groups are there",
        "each of security_group_ids",
        "critical",
        _GROUPS,
        exist,
        (ACCOUNT,),
    ),
    Check(
        "PRE-GROUP-2",
        "The security groups belong to the VPC",
        "in {vpc_id}",
        "critical",
        (*_GROUPS, "ec2:DescribeVpcs"),
        are_inside,
        (*_THERE, "PRE-VPC-1"),
    ),
    Check(
        "PRE-GROUP-3",
        "Nobody comes in from the internet",
        "ingress from groups, prefix lists and private ranges alone",
        "critical",
        _GROUPS,
        are_closed,
        _THERE,
    ),
    Check(
        "PRE-GROUP-4",
        "Nothing goes out but to AWS and the VPC",
        "egress to prefix lists, groups and the ranges of the VPC alone",
        "high",
        (*_GROUPS, "ec2:DescribeVpcs"),
        stay_inside,
        (*_THERE, "PRE-VPC-1"),
    ),
)

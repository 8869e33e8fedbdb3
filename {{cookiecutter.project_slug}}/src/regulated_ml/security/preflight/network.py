"""The VPC and its subnets: names are resolved, rooms are free, and no way leads to the internet."""

from collections.abc import Iterator
from typing import Any

from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.commands import then
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.instances import addresses
from regulated_ml.security.preflight.rows import Check, Observation

# The targets of routes that lead out, by the beginning of their ids. Where a transit gateway, a
# peering or a private gateway leads is decided behind it, and cannot be seen from here.
WAYS_OUT = {"igw": "an internet gateway", "eigw": "an internet gateway", "nat": "a NAT gateway"}
TARGETS = ("GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId")
FEWEST_ZONES = 2


def vpc(account: Account) -> dict[str, Any]:
    """The VPC as EC2 describes it; `NotThere`."""
    filters = [{"Name": "vpc-id", "Values": [account.platform.vpc_id]}]
    for found in account.all("ec2", "describe_vpcs", "Vpcs", Filters=filters):
        described: dict[str, Any] = found
        return described
    raise NotThere(account.platform.vpc_id)


def subnets(account: Account) -> dict[str, dict[str, Any]]:
    """Those of the environment's subnets that there are, by id."""
    filters = [{"Name": "subnet-id", "Values": list(account.platform.subnet_ids)}]
    found = account.all("ec2", "describe_subnets", "Subnets", Filters=filters)
    return {each["SubnetId"]: each for each in found}


def vpc_exists(account: Account) -> Iterator[Observation]:
    name = account.platform.vpc_id
    fix = then(
        account.command("ec2", "describe-vpcs", query="Vpcs[].[VpcId,CidrBlock,Tags]"),
        f"write the right one into {account.file}: vpc_id",
    )
    try:
        found = vpc(account)
        yield Observation(name, f"there, {found['CidrBlock']}", True)
    except NotThere:
        yield Observation(name, "there is no such VPC", False, fix)


def resolves_names(account: Account) -> Iterator[Observation]:
    yield _attribute(account, "enableDnsSupport", "EnableDnsSupport", "enable_dns_support")


def gives_names(account: Account) -> Iterator[Observation]:
    yield _attribute(account, "enableDnsHostnames", "EnableDnsHostnames", "enable_dns_hostnames")


def _attribute(account: Account, attribute: str, key: str, option: str) -> Observation:
    name = vpc(account)["VpcId"]
    answer = account.ask("ec2", "describe_vpc_attribute", VpcId=name, Attribute=attribute)
    is_on = answer[key]["Value"]
    fix = account.command("ec2", "modify-vpc-attribute", vpc_id=name, **{option: {"Value": True}})
    return Observation(name, f"{attribute} is {str(is_on).lower()}", is_on, fix)


def route_tables(account: Account) -> dict[str, dict[str, Any]]:
    """The route table of each subnet: its own, or the main one of the VPC."""
    name = vpc(account)["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [name]}]
    tables = account.all("ec2", "describe_route_tables", "RouteTables", Filters=filters)
    links = [(link, table) for table in tables for link in table.get("Associations", ())]
    main = [table for link, table in links if link.get("Main")]
    own = {link["SubnetId"]: table for link, table in links if link.get("SubnetId")}
    inside = [subnet for subnet, each in subnets(account).items() if each["VpcId"] == name]
    found = ((subnet, own.get(subnet) or next(iter(main), None)) for subnet in inside)
    return {subnet: table for subnet, table in found if table}


def stays_inside(account: Account) -> Iterator[Observation]:
    for subnet, table in route_tables(account).items():
        name = table["RouteTableId"]
        out = [(route, way) for route in table.get("Routes", ()) if (way := _way_out(route))]
        found = "; ".join(f"{_range(route)} to {way}" for route, way in out)
        fixes = [_without(account, name, route) for route, _ in out]
        words = f"{name}: {found or 'no way to the internet'}"
        yield Observation(subnet, words, not out, " && ".join(fixes))


def _way_out(route: dict[str, Any]) -> str:
    """The target of a route that leads out of the VPC to the internet, in words; or nothing."""
    for key in TARGETS:
        target = str(route.get(key, ""))
        if words := WAYS_OUT.get(target.partition("-")[0]):
            return f"{words}, {target}"
    if instance := route.get("InstanceId"):
        return f"an instance, {instance}"
    return ""


def _range(route: dict[str, Any]) -> str:
    keys = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return next((str(route[key]) for key in keys if route.get(key)), "unknown")


def _without(account: Account, table: str, route: dict[str, Any]) -> str:
    options = {
        "DestinationCidrBlock": "destination_cidr_block",
        "DestinationIpv6CidrBlock": "destination_ipv6_cidr_block",
        "DestinationPrefixListId": "destination_prefix_list_id",
    }
    chosen = {option: route[key] for key, option in options.items() if route.get(key)}
    return account.command("ec2", "delete-route", route_table_id=table, **chosen)


def subnets_exist(account: Account) -> Iterator[Observation]:
    there = subnets(account)
    vpc_filter = f"Name=vpc-id,Values={account.platform.vpc_id}"
    list_them = account.command("ec2", "describe-subnets", filters=vpc_filter)
    fix = then(list_them, f"write the right ones into {account.file}: subnet_ids")
    for name in account.platform.subnet_ids:
        is_there = name in there
        yield Observation(name, "there" if is_there else "there is no such subnet", is_there, fix)


def subnets_are_inside(account: Account) -> Iterator[Observation]:
    wanted = vpc(account)["VpcId"]
    list_them = account.command("ec2", "describe-subnets", filters=f"Name=vpc-id,Values={wanted}")
    fix = then(list_them, f"write some of these into {account.file}: subnet_ids")
    for name, subnet in subnets(account).items():
        yield Observation(name, f"in {subnet['VpcId']}", subnet["VpcId"] == wanted, fix)


def lie_in_two_zones(account: Account) -> Iterator[Observation]:
    there = subnets(account)
    if len(there) < len(account.platform.subnet_ids):
        raise NotThere("a subnet")  # whose zone nobody knows
    zones = sorted({subnet["AvailabilityZone"] for subnet in there.values()})
    vpc_filter = f"Name=vpc-id,Values={account.platform.vpc_id}"
    query = "Subnets[].[SubnetId,AvailabilityZone]"
    list_them = account.command("ec2", "describe-subnets", filters=vpc_filter, query=query)
    fix = then(list_them, f"write one of another zone into {account.file}: subnet_ids")
    yield Observation(", ".join(there), ", ".join(zones), len(zones) >= FEWEST_ZONES, fix)


def have_room(account: Account) -> Iterator[Observation]:
    needed = addresses(account.settings)
    query = "Subnets[].[SubnetId,AvailableIpAddressCount]"
    vpc_filter = f"Name=vpc-id,Values={account.platform.vpc_id}"
    list_them = account.command("ec2", "describe-subnets", filters=vpc_filter, query=query)
    fix = then(list_them, f"write one with more room into {account.file}: subnet_ids")
    for name, subnet in subnets(account).items():
        free = subnet["AvailableIpAddressCount"]
        yield Observation(name, f"{free} free, {needed} needed", free >= needed, fix)


def is_logged(account: Account) -> Iterator[Observation]:
    """Of the VPC, or of each of the subnets; all of the traffic, refused or let through."""
    name = vpc(account)["VpcId"]
    logs = account.all("ec2", "describe_flow_logs", "FlowLogs")
    logged = {
        log["ResourceId"]
        for log in logs
        if log.get("FlowLogStatus") == "ACTIVE" and log.get("TrafficType") == "ALL"
    }
    is_right = name in logged or logged >= set(account.platform.subnet_ids)
    fix = account.command(
        *("ec2", "create-flow-logs"),
        resource_type="VPC",
        resource_ids=[name],
        traffic_type="ALL",
        log_destination_type="s3",
        log_destination=f"arn:{account.partition}:s3:::NAME-OF-THE-BUCKET-FOR-LOGS",
    )
    yield Observation(name, "all traffic is logged" if is_right else "not logged", is_right, fix)


_SUBNETS = ("ec2:DescribeSubnets",)
_ATTRIBUTE = ("ec2:DescribeVpcs", "ec2:DescribeVpcAttribute")
_THERE = ("PRE-VPC-1",)
CHECKS = (
    Check(
        "PRE-VPC-1",
        "The VPC is there",
        "the VPC {vpc_id}",
        "critical",
        ("ec2:DescribeVpcs",),
        vpc_exists,
        (ACCOUNT,),
    ),
    Check(
        "PRE-VPC-2",
        "The VPC resolves names",
        "enableDnsSupport, which private names of endpoints need",
        "high",
        _ATTRIBUTE,
        resolves_names,
        _THERE,
    ),
    Check(
        "PRE-VPC-3",
        "The VPC gives names",
        "enableDnsHostnames, which private names of endpoints need",
        "high",
        _ATTRIBUTE,
        gives_names,
        _THERE,
    ),
    Check(
        "PRE-SUBNET-1",
        "The subnets are there",
        "each of subnet_ids",
        "critical",
        _SUBNETS,
        subnets_exist,
        (ACCOUNT,),
    ),
    Check(
        "PRE-SUBNET-2",
        "The subnets lie in the VPC",
        "in {vpc_id}",
        "critical",
        ("ec2:DescribeVpcs", *_SUBNETS),
        subnets_are_inside,
        (*_THERE, "PRE-SUBNET-1"),
    ),
    Check(
        "PRE-SUBNET-3",
        "The subnets lie in two zones",
        f"{FEWEST_ZONES} zones or more",
        "medium",
        _SUBNETS,
        lie_in_two_zones,
        ("PRE-SUBNET-1",),
    ),
    Check(
        "PRE-SUBNET-4",
        "The subnets have room for the jobs",
        "as many free addresses as the largest job and the endpoint need, in each subnet",
        "high",
        _SUBNETS,
        have_room,
        ("PRE-SUBNET-1",),
    ),
    Check(
        "PRE-VPC-4",
        "No route leads to the internet",
        "no internet gateway, NAT gateway or NAT instance in the subnets' route tables",
        "critical",
        ("ec2:DescribeVpcs", "ec2:DescribeRouteTables", *_SUBNETS),
        stays_inside,
        (*_THERE, "PRE-SUBNET-1", "PRE-SUBNET-2"),
    ),
    Check(
        "PRE-VPC-5",
        "The traffic is logged",
        "an active flow log of all traffic, for the VPC or for each subnet",
        "medium",
        ("ec2:DescribeVpcs", "ec2:DescribeFlowLogs"),
        is_logged,
        _THERE,
    ),
)

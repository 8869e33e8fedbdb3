"""The VPC endpoints: without a way to the internet, each service of AWS needs a door of its own."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from regulated_ml.security.preflight import groups
from regulated_ml.security.preflight.account import Account, NotThere
from regulated_ml.security.preflight.network import route_tables, subnets, vpc
from regulated_ml.security.preflight.rows import Check, Observation

HTTPS = 443


class Service(NamedTuple):
    """A service that the workflow talks to."""

    name: str  # the end of the endpoint's service name, after the region
    use: str


# What jobs, endpoints, notebooks and the delivery use. S3's is a gateway, with its own check.
SERVICES = (
    Service("sagemaker.api", "starts and describes jobs"),
    Service("sagemaker.runtime", "asks a model's endpoint"),
    Service("sagemaker.metrics", "shows metrics in experiments"),
    Service("sts", "takes roles"),
    Service("logs", "writes the logs of jobs"),
    Service("monitoring", "writes metrics"),
    Service("ecr.api", "finds container images"),
    Service("ecr.dkr", "fetches container images"),
    Service("kms", "encrypts and decrypts"),
    Service("codecommit", "describes the repository"),
    Service("git-codecommit", "pushes to the repository and fetches from it"),
)


def _endpoints(account: Account) -> list[dict[str, Any]]:
    """Those that there are; AWS goes on listing deleted ones for a while."""
    filters = [{"Name": "vpc-id", "Values": [vpc(account)["VpcId"]]}]
    listed = account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    return [each for each in listed if _state(each) not in ("deleting", "deleted")]


def _is_of(endpoint: dict[str, Any], region: str, name: str) -> bool:
    """By the end alone: some partitions put words of their own before it."""
    return bool(endpoint["ServiceName"].endswith(f".{region}.{name}"))


def _interfaces(account: Account) -> dict[str, dict[str, Any]]:
    """The interface endpoint of each of the services that has one."""
    region = account.platform.aws_region
    found = [e for e in _endpoints(account) if e["VpcEndpointType"] == "Interface"]
    ways = {s.name: [e for e in found if _is_of(e, region, s.name)] for s in SERVICES}
    return {name: max(some, key=_is_available) for name, some in ways.items() if some}


def _is_available(endpoint: dict[str, Any]) -> bool:
    return _state(endpoint) == "available"


def _state(endpoint: dict[str, Any]) -> str:
    return str(endpoint.get("State", "")).lower()


def exist(account: Account) -> Iterator[Observation]:
    there = _interfaces(account)
    platform = account.platform
    for service in SERVICES:
        name = service_name(service, platform.aws_region)
        endpoint = there.get(service.name)
        fix = account.command(
            *("ec2", "create-vpc-endpoint"),
            vpc_endpoint_type="Interface",
            vpc_id=platform.vpc_id,
            service_name=name,
            subnet_ids=platform.subnet_ids,
            security_group_ids=_groups_of_one(there) or platform.security_group_ids,
            private_dns_enabled=True,
        )
        if endpoint is None:
            yield Observation(name, f"no endpoint; it {service.use}", False, fix)
        else:
            found = f"{endpoint['VpcEndpointId']}, {endpoint['State']}"
            yield Observation(endpoint["ServiceName"], found, _is_available(endpoint), fix)


def _groups_of_one(there: dict[str, dict[str, Any]]) -> list[str]:
    """The groups of an endpoint that there is: what lets jobs in at one door does at another."""
    return next(([g["GroupId"] for g in each.get("Groups", ())] for each in there.values()), [])


def service_name(service: Service, region: str) -> str:
    """The name by which an endpoint for the service is made."""
    start = "cn.com.amazonaws" if region.startswith("cn-") else "com.amazonaws"
    return f"{start}.{region}.{service.name}"


def have_private_names(account: Account) -> Iterator[Observation]:
    for endpoint in _interfaces(account).values():
        name, is_on = endpoint["VpcEndpointId"], bool(endpoint.get("PrivateDnsEnabled"))
        fix = account.command(
            "ec2", "modify-vpc-endpoint", vpc_endpoint_id=name, private_dns_enabled=True
        )
        found = f"{endpoint['ServiceName']}: {'private names' if is_on else 'no private names'}"
        yield Observation(name, found, is_on, fix)


def lie_in_the_zones(account: Account) -> Iterator[Observation]:
    """A door in another subnet of the same zone does, as long as the zone has one."""
    own = {name: s["AvailabilityZone"] for name, s in subnets(account).items()}
    doors = {name for e in _interfaces(account).values() for name in e.get("SubnetIds", ())}
    filters = [{"Name": "subnet-id", "Values": sorted(doors)}]
    zones = {
        each["SubnetId"]: each["AvailabilityZone"]
        for each in account.all("ec2", "describe_subnets", "Subnets", Filters=filters)
    }
    for endpoint in _interfaces(account).values():
        name = endpoint["VpcEndpointId"]
        covered = {zones.get(subnet) for subnet in endpoint.get("SubnetIds", ())}
        missing = {zone: subnet for subnet, zone in own.items() if zone not in covered}
        fix = account.command(
            *("ec2", "modify-vpc-endpoint"),
            vpc_endpoint_id=name,
            add_subnet_ids=list(missing.values()),
        )
        where = f"not in {', '.join(missing)}" if missing else "in each zone of the jobs"
        yield Observation(name, f"{endpoint['ServiceName']}: {where}", not missing, fix)


def let_jobs_in(account: Account) -> Iterator[Observation]:
    place = vpc(account)["VpcId"]
    jobs = [name for name, each in groups.groups(account).items() if each.get("VpcId") == place]
    inside = groups.ranges(vpc(account))
    names = {g["GroupId"] for e in _interfaces(account).values() for g in e.get("Groups", ())}
    doors = groups.described(account, names) if names else {}
    for endpoint in _interfaces(account).values():
        own = [doors[g["GroupId"]] for g in endpoint.get("Groups", ()) if g["GroupId"] in doors]
        shut = [name for name in jobs if not any(_lets_in(door, name, inside) for door in own)]
        fix = account.command(
            *("ec2", "authorize-security-group-ingress"),
            group_id=own[0]["GroupId"] if own else "NAME-OF-THE-GROUP-OF-THE-ENDPOINT",
            ip_permissions=[_permission(name) for name in shut],
        )
        found = f"{endpoint['ServiceName']}: {'shut to ' + ', '.join(shut) if shut else 'open'}"
        yield Observation(endpoint["VpcEndpointId"], found, not shut, fix)


def _permission(group: str) -> dict[str, Any]:
    pair = [{"GroupId": group}]
    return {"IpProtocol": "tcp", "FromPort": HTTPS, "ToPort": HTTPS, "UserIdGroupPairs": pair}


def _lets_in(door: dict[str, Any], group: str, inside: tuple[str, ...]) -> bool:
    """Whether a permission of the door lets HTTPS in from the group, or from all of the VPC."""
    return any(
        _is_https(permission)
        and (
            group in {pair.get("GroupId") for pair in permission.get("UserIdGroupPairs", ())}
            or any(groups.lies(inside[0], (cidr,)) for cidr in groups.cidrs(permission))
        )
        for permission in door.get("IpPermissions", ())
    )


def _is_https(permission: dict[str, Any]) -> bool:
    if permission["IpProtocol"] == "-1":
        return True
    first, last = permission.get("FromPort", -1), permission.get("ToPort", -1)
    return permission["IpProtocol"] in ("tcp", "6") and first <= HTTPS <= last


def s3_is_reached(account: Account) -> Iterator[Observation]:
    region = account.platform.aws_region
    gateways = [
        endpoint
        for endpoint in _endpoints(account)
        if endpoint["VpcEndpointType"] == "Gateway" and _is_of(endpoint, region, "s3")
    ]
    tables = {table["RouteTableId"] for table in route_tables(account).values()}
    if not tables:
        raise NotThere("a route table")
    linked = {name for gateway in gateways for name in gateway.get("RouteTableIds", ())}
    missing = sorted(tables - linked)
    service = service_name(Service("s3", ""), region)
    if gateways:
        name = gateways[0]["VpcEndpointId"]
        fix = account.command(
            "ec2", "modify-vpc-endpoint", vpc_endpoint_id=name, add_route_table_ids=missing
        )
        found = f"not in {', '.join(missing)}" if missing else "in each route table of the jobs"
        yield Observation(name, f"{service}: {found}", not missing, fix)
        return
    fix = account.command(
        *("ec2", "create-vpc-endpoint"),
        vpc_endpoint_type="Gateway",
        vpc_id=account.platform.vpc_id,
        service_name=service,
        route_table_ids=missing,
    )
    yield Observation(service, "no endpoint; it reads and writes data", False, fix)


_CALLS = ("ec2:DescribeVpcs", "ec2:DescribeVpcEndpoints")
_VPC, _THERE = "PRE-VPC-1", "PRE-ENDPOINT-1"
CHECKS = (
    Check(
        _THERE,
        "Each service has an endpoint in the VPC",
        "an interface endpoint that is available",
        "high",
        _CALLS,
        exist,
        (_VPC,),
    ),
    Check(
        "PRE-ENDPOINT-2",
        "The services' names lead to the endpoints",
        "private DNS enabled",
        "high",
        _CALLS,
        have_private_names,
        (_VPC, _THERE),
    ),
    Check(
        "PRE-ENDPOINT-3",
        "The endpoints lie in the zones of the subnets",
        "a subnet in each zone that jobs run in",
        "low",
        (*_CALLS, "ec2:DescribeSubnets"),
        lie_in_the_zones,
        (_VPC, _THERE, "PRE-SUBNET-1"),
    ),
    Check(
        "PRE-ENDPOINT-4",
        "The endpoints let the jobs in",
        "ingress on port 443 from each of the jobs' groups, or from the VPC",
        "high",
        (*_CALLS, "ec2:DescribeSecurityGroups"),
        let_jobs_in,
        (_VPC, _THERE, "PRE-GROUP-1"),
    ),
    Check(
        "PRE-ENDPOINT-5",
        "S3 is reached through a gateway endpoint",
        "a gateway endpoint in each of the subnets' route tables",
        "critical",
        (*_CALLS, "ec2:DescribeSubnets", "ec2:DescribeRouteTables"),
        s3_is_reached,
        (_VPC, "PRE-SUBNET-1", "PRE-SUBNET-2"),
    ),
)

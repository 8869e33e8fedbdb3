"""From a bare account to a deployed one, and every change made to it by hand."""

import json

import pytest
from aws import Account
from commands import rml

from . import deployment
from .deployment import CHOSEN


@pytest.fixture
def deployed(account: Account) -> Account:
    """An account to which every template that policies lie in was deployed."""
    deployment.bare(account)
    deployment.write_key(account, deployment.deploy(account, "key")["KeyArn"])
    routes = account.client("ec2").create_route_table(VpcId=account.vpc)["RouteTable"]
    for name in ("guardrails", "roles", "storage"):
        deployment.deploy(account, name)
    deployment.deploy(account, "network", RouteTableIds=routes["RouteTableId"])
    deployment.deploy(account, "repository")
    archive = rml(account.repository, "security", "package", "--env", "dev", "--json")
    content = json.loads(archive.stdout)
    body = (account.repository / content["archive"]).read_bytes()
    deployment.put_past_moto(account, content["CodeKey"], body)
    deployment.deploy(account, "detective", CodeKey=content["CodeKey"])
    return account


Difference = tuple[str, str, str]
ROLE = "credit-default-dev"


def differences(account: Account) -> list[Difference]:
    done = rml(
        *(account.repository, "security", "policies", "--env", "dev", "--diff", "--json"),
        **account.environment,  # type: ignore[arg-type]
    )
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    found = [(e["policy"], e["statement"], e["state"]) for e in json.loads(done.stdout)]
    assert done.returncode == bool(found)
    return found


def _loosen_guardrail(account: Account) -> list[Difference]:
    iam = account.client("iam")
    for number in range(1, 6):
        arn = f"arn:aws:iam::123456789012:policy/{ROLE}-guardrails-{number}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        document = answer["PolicyVersion"]["Document"]
        kept = [s for s in document["Statement"] if s["Sid"] != "RMLACCESS4Refused"]
        if kept != document["Statement"]:
            text = json.dumps({**document, "Statement": kept})
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
            return [(f"policy {ROLE}-guardrails-{number}", "RMLACCESS4Refused", "missing")]
    raise AssertionError("no guardrail refuses presigned addresses")


def _widen_role(account: Account) -> list[Difference]:
    iam = account.client("iam")
    role = {"RoleName": "credit-default-dev-data-scientist", "PolicyName": "may"}
    document = iam.get_role_policy(**role)["PolicyDocument"]
    for statement in document["Statement"]:
        if statement["Sid"] == "ReadTheEnvironmentsObjects":
            statement["Resource"] = "*"
    document["Statement"].append(
        {"Sid": "Mine", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    )
    iam.put_role_policy(**role, PolicyDocument=json.dumps(document))
    return [
        (f"policy of {ROLE}-data-scientist", "ReadTheEnvironmentsObjects", "changed"),
        (f"policy of {ROLE}-data-scientist", "Mine", "foreign"),
    ]


def _remove_boundary(account: Account) -> list[Difference]:
    account.client("iam").delete_role_permissions_boundary(RoleName="credit-default-dev-approver")
    return [(f"boundary of {ROLE}-approver", f"{ROLE}-boundary", "missing")]


def _attach_more(account: Account) -> list[Difference]:
    iam = account.client("iam")
    iam.detach_role_policy(
        RoleName="credit-default-dev-data-scientist",
        PolicyArn="arn:aws:iam::123456789012:policy/credit-default-dev-guardrails-1",
    )
    document = {"Version": "2012-10-17", "Statement": [EVERYTHING_IN_S3]}
    made = iam.create_policy(PolicyName="more", PolicyDocument=json.dumps(document))
    iam.attach_role_policy(RoleName="credit-default-execution", PolicyArn=made["Policy"]["Arn"])
    return [
        (f"policies attached to {ROLE}-data-scientist", f"{ROLE}-guardrails-1", "missing"),
        ("policies attached to credit-default-execution", "more", "foreign"),
    ]


EVERYTHING_IN_S3 = {"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def _trust_anybody(account: Account) -> list[Difference]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    account.client("iam").update_assume_role_policy(
        RoleName="credit-default-execution", PolicyDocument=json.dumps(trust)
    )
    return [("trust of credit-default-execution", "number 1", "changed")]


def _open_bucket(account: Account) -> list[Difference]:
    account.client("s3").delete_bucket_policy(Bucket=account.buckets[1])
    return [(f"policy of bucket {account.buckets[1]}", "", "missing")]


def _give_key_away(account: Account) -> list[Difference]:
    kms, arn = account.client("kms"), deployment.stacks(account)
    key = arn["infrastructure/storage.yaml"]["parameters"]["KmsKeyArn"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    for statement in policy["Statement"]:
        if statement["Sid"] == "UseTheKeyThroughServices":
            statement["Condition"].pop("ArnEquals")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    return [("policy of the key", "UseTheKeyThroughServices", "changed")]


def _delete_endpoint(account: Account) -> list[Difference]:
    ec2 = account.client("ec2")
    found = ec2.describe_vpc_endpoints(
        Filters=[{"Name": "service-name", "Values": ["com.amazonaws.eu-central-1.kms"]}]
    )["VpcEndpoints"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[each["VpcEndpointId"] for each in found])
    return [("policy of endpoint kms", "", "missing")]


CHANGES = (
    _loosen_guardrail,
    _widen_role,
    _remove_boundary,
    _attach_more,
    _trust_anybody,
    _open_bucket,
    _give_key_away,
    _delete_endpoint,
)


@pytest.mark.slow
def test_what_was_deployed_does_not_differ_and_every_change_by_hand_is_named(
    deployed: Account,
) -> None:
    assert differences(deployed) == []
    expected = [each for change in CHANGES for each in change(deployed)]
    assert sorted(differences(deployed)) == sorted(expected)


def test_a_bare_account_lacks_every_policy(account: Account) -> None:
    deployment.bare(account)
    states = {state for _, _, state in differences(account)}
    # moto makes a key with a policy of its own.
    assert "missing" in states
    assert len(differences(account)) > 25


@pytest.mark.slow
def test_what_is_deployed_is_as_the_standard_asks(deployed: Account) -> None:
    iam = deployed.client("iam")
    # Five guardrails; the approver monitors and ends deliveries, the other one has pipelines.
    for role, number in (("approver", 7), ("data-scientist", 6)):
        name = f"credit-default-dev-{role}"
        assert len(iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]) == number
    function = deployed.client("lambda").get_function(FunctionName="credit-default-dev-detective")
    assert function["Configuration"]["Runtime"] == "python3.12"
    rule = deployed.client("events").describe_rule(Name="credit-default-dev-detective")
    assert {"prefix": "Create"} in json.loads(rule["EventPattern"])["detail"]["eventName"]
    (taken,) = deployed.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert taken["EventSourceArn"].endswith(":credit-default-dev-events")
    alarms = deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == 4
    assert deployed.client("codecommit").get_repository(repositoryName="credit-default")
    endpoints = deployed.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert len(endpoints) == 12


@pytest.mark.slow
def test_service_control_policies_are_taken_by_organizations(account: Account) -> None:
    account.client("organizations").create_organization(FeatureSet="ALL")
    deployment.deploy(account, "organization", TargetIds="ou-1")
    found = account.client("organizations").list_policies(Filter="SERVICE_CONTROL_POLICY")
    ours = [each for each in found["Policies"] if each["Name"].startswith("credit-default-dev-")]
    assert len(ours) == 6


def test_the_commands_of_deployment_have_every_value_that_settings_say(account: Account) -> None:
    done = rml(account.repository, "security", "policies", "--env", "dev", "--parameters")
    lines = done.stdout.splitlines()
    assert len(lines) == 10
    assert all(line.startswith("aws cloudformation deploy --region") for line in lines)
    assert f"SubnetIds={','.join(account.subnets)}" in done.stdout
    missing = set(CHOSEN) | {"RouteTableIds", "TargetIds", "CodeKey"}
    assert all(f"{name}=<{name}>" in done.stdout for name in missing)

"""Every field of the table, missing, wrong and right, sent by a real client and caught below it."""

from collections.abc import Iterator
from typing import Any

import pytest

from . import cases, evaluator, generator, table
from .sender import Outcome, Sender
from .table import Row
from .values import OTHERS_KEY, Team, is_right

OPERATIONS = [name for name in table.by_operation() if "." not in name]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_right_is_sent_as_it_is(operation: str, sender: Sender, the_team: Team) -> None:
    complete = cases.complete(operation, the_team)
    requests = [complete] + [
        cases.with_value(complete, row, cases.good(row, the_team), the_team)
        for row in table.by_operation()[operation]
        if row.must != "absent"
    ]
    for request in requests:
        outcome = send(sender, operation, request)
        assert outcome.request == request, outcome
        assert not outcome.changed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_missing_is_filled_or_left(operation: str, sender: Sender, the_team: Team) -> None:
    complete = cases.complete(operation, the_team)
    for row in table.by_operation()[operation]:
        if not is_required(row):
            request = generator.without(complete, row.path)
            outcome = send(sender, operation, request)
            assert outcome.request is not None, (row, outcome)
            check_filled(row, request, outcome.request, the_team)
            assert not outcome.changed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_wrong_is_refused_by_name(operation: str, sender: Sender, the_team: Team) -> None:
    complete = cases.complete(operation, the_team)
    for row in table.by_operation()[operation]:
        for value in cases.bad(row, the_team):
            outcome = send(sender, operation, cases.with_value(complete, row, value, the_team))
            assert outcome.refused == {row.path}, (row, value, outcome)
            assert not outcome.arrived
            assert not outcome.changed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_minimal_request_comes_out_compliant(
    operation: str, sender: Sender, the_team: Team
) -> None:
    outcome = send(sender, operation, cases.minimal(operation, the_team))
    assert outcome.request is not None, outcome
    assert evaluator.wrong(operation, outcome.request, the_team) == set()


@pytest.mark.parametrize("operation", sorted(table.refused()))
def test_operations_that_are_refused_whatever_they_carry(
    operation: str, sender: Sender, the_team: Team
) -> None:
    request = cases.minimal(operation, the_team)
    for presigned in (False, True):
        outcome = sender.send(*table.named(operation), request, presigned)
        assert outcome.problems, outcome
        assert not outcome.arrived
        assert not outcome.changed


@pytest.mark.parametrize("operation", OPERATIONS)
def test_all_that_is_wrong_is_said_at_once(operation: str, sender: Sender, the_team: Team) -> None:
    request, contradicted = cases.complete(operation, the_team), set()
    for row in distinct(table.by_operation()[operation]):
        (value, *_) = cases.bad(row, the_team)
        request = cases.with_value(request, row, value, the_team)
    for path, how in evaluator.wrong(operation, request, the_team):
        if how == "contradicts":
            contradicted.add(path)
    assert send(sender, operation, request).refused == contradicted


def test_a_version_in_a_group_has_the_groups_tags(sender: Sender, the_team: Team) -> None:
    request = {"ModelPackageGroupName": "credit", **cases.minimal("CreateModelPackage", the_team)}
    sent = send(sender, "CreateModelPackage", request).request
    assert sent is not None
    assert "Tags" not in sent


@pytest.mark.parametrize("kind", ["g5.xlarge", "m5d.large", "p4d.24xlarge", "c6gd.large"])
def test_no_key_is_filled_in_for_local_disks(kind: str, sender: Sender, the_team: Team) -> None:
    # AWS: "You can't request a VolumeKmsKeyId when using an instance type with local storage."
    request = cases.minimal("CreateTrainingJob", the_team)
    request["ResourceConfig"] = {"InstanceType": f"ml.{kind}", "InstanceCount": 1}
    sent = send(sender, "CreateTrainingJob", request).request
    assert sent is not None
    assert "VolumeKmsKeyId" not in sent["ResourceConfig"]
    request["ResourceConfig"]["VolumeKmsKeyId"] = OTHERS_KEY
    refused = send(sender, "CreateTrainingJob", request).refused
    assert refused == {"ResourceConfig.VolumeKmsKeyId"}


def test_the_network_of_an_endpoint_is_its_models(sender: Sender, the_team: Team) -> None:
    # The API takes it in the configuration only where no variant names a model.
    request = cases.minimal("CreateEndpointConfig", the_team)
    request["ProductionVariants"][0]["ModelName"] = "credit"
    sent = send(sender, "CreateEndpointConfig", request).request
    assert sent is not None
    assert not {"VpcConfig", "EnableNetworkIsolation"} & sent.keys()
    request["VpcConfig"] = {"Subnets": ["subnet-1"], "SecurityGroupIds": list(the_team.groups)}
    assert send(sender, "CreateEndpointConfig", request).refused == {"VpcConfig.Subnets"}


def send(sender: Sender, operation: str, request: dict[str, Any]) -> Outcome:
    """Sends a request for an operation as the table names it."""
    return sender.send(*table.named(operation), request)


def check_filled(row: Row, given: dict[str, Any], sent: dict[str, Any], team: Team) -> None:
    """The field is what the table says, and nothing else has changed."""
    values = generator.found(sent, row.path.split("."))
    assert all(is_right(row.must, value, team) for value in values), (row, values)
    if row.missing == "filled":
        assert values, row
    if row.missing == "left":
        assert not values, (row, values)
    assert pruned(generator.without(sent, row.path)) == pruned(given), row


def pruned(value: Any) -> Any:
    """Without the structures that are empty: whether they are sent makes no difference."""
    if isinstance(value, dict):
        inner = {name: pruned(member) for name, member in value.items()}
        return {name: member for name, member in inner.items() if member != {}}
    return [pruned(element) for element in value] if isinstance(value, list) else value


def is_required(row: Row) -> bool:
    """Whether botocore's model requires the field, so that a request without it is not sent."""
    service, name = table.named(row.operation)
    shape = generator.input_shape(service, name)
    *parents, last = row.path.split(".")
    for parent in parents:
        shape = shape.members[parent.removesuffix("[]")]
        shape = shape.member if parent.endswith("[]") else shape
    return last.removesuffix("[]") in shape.required_members and row.missing != "filled"


def distinct(rows: tuple[Row, ...]) -> Iterator[Row]:
    """The rows without those that share a structure of which only one member may be there."""
    seen = set()
    for row in rows:
        union = row.path.rpartition(".")[0].rpartition(".")[0]
        if "OptimizationConfigs" not in row.path or union not in seen:
            seen.add(union)
            yield row

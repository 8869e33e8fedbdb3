"""An endpoint is as good as its models: they are looked up, and one that is wrong ends it."""

import datetime

import pytest

from security.expected import cases
from security.expected.values import Team

from .lambda_runtime import Function
from .sagemaker_double import SageMakerDouble
from .trail import event


def test_an_endpoint_of_a_model_outside_the_vpc_is_deleted(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    config = cases.complete("CreateEndpointConfig", the_team)
    config["ProductionVariants"][0]["ModelName"] = "m"
    model = cases.complete("CreateModel", the_team)
    double.answers = {"DescribeEndpointConfig": config, "DescribeModel": model}
    request = {
        **cases.complete("CreateEndpoint", the_team),
        "EndpointName": "credit-default-dev",
        "EndpointConfigName": "c",
    }
    assert on_double.answers([event("CreateEndpoint", request)]) == [{"finding": {}}]
    model["VpcConfig"] = {"Subnets": ["subnet-9"], "SecurityGroupIds": ["sg-9"]}
    (result,) = on_double.answers([event("CreateEndpoint", request)])
    assert ("DeleteEndpoint", {"EndpointName": "credit-default-dev"}) in double.calls
    assert result["finding"]["violations"][0]["field"].startswith("m: VpcConfig")


def test_a_shadow_variants_model_is_looked_at_too(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    config = cases.complete("CreateEndpointConfig", the_team)
    config["ShadowProductionVariants"] = [{**config["ProductionVariants"][0], "ModelName": "s"}]
    model = cases.complete("CreateModel", the_team)
    model["VpcConfig"] = {"Subnets": ["subnet-9"], "SecurityGroupIds": ["sg-9"]}
    double.answers = {"DescribeEndpointConfig": config, "DescribeModel": model}
    request = cases.complete("CreateEndpoint", the_team)
    (result,) = on_double.answers([event("CreateEndpoint", request)])
    assert result["finding"]["violations"][0]["field"].startswith("s: VpcConfig")


def test_a_configuration_that_cannot_be_described_is_not_taken_for_gone(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    double.errors["DescribeEndpointConfig"] = "1 validation error detected at 'not found'"
    (result,) = on_double.answers(
        [event("CreateEndpoint", cases.complete("CreateEndpoint", the_team))]
    )
    assert "validation error" in result["error"]
    assert "DeleteEndpoint" not in [operation for operation, _ in double.calls]


@pytest.mark.parametrize(("minutes", "expected"), [(1, True), (60, False)])
def test_an_endpoint_whose_configuration_was_just_deleted_goes_too(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    the_team: Team,
    minutes: int,
    expected: bool,
) -> None:
    double.errors["DescribeEndpointConfig"] = "Could not find endpoint configuration"
    request = cases.complete("CreateEndpoint", the_team)
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    time = then.strftime("%Y-%m-%dT%H:%M:%SZ")
    on_double.answers([event("CreateEndpoint", request, eventTime=time)])
    assert ("DeleteEndpoint" in [operation for operation, _ in double.calls]) == expected

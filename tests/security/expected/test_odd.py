"""What comes from people, None, empty, of a wrong type: the guard neither breaks nor changes it."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import evaluator
from .sender import Outcome, Sender
from .values import Team

# Whatever JSON can say, with the words of the guard's fields among it.
WORDS = st.sampled_from(["VpcConfig", "Subnets", "Tags", "Key", "Value", "KmsKeyId", "S3Uri", ""])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("VpcConfig", "OutputDataConfig", "ResourceConfig", "Tags", "EnableNetworkIsolation"),
        *("AlgorithmSpecification", "InputDataConfig", "CheckpointConfig", "RoleArn", "Unknown"),
    ]
)


def job(team: Team, **changes: Any) -> dict[str, Any]:
    """A training job that is right but for what the guard fills in."""
    output = {"S3OutputPath": f"s3://{team.buckets[1]}/runs"}
    right = {"TrainingJobName": "fit", "RoleArn": team.role, "OutputDataConfig": output}
    return {**right, **changes}


def train(sender: Sender, request: dict[str, Any]) -> Outcome:
    """Sends a training job."""
    return sender.send("sagemaker", "CreateTrainingJob", request)


@pytest.mark.parametrize(
    "changes",
    [
        {"VpcConfig": None},
        {"VpcConfig": {}},
        {"VpcConfig": {"Subnets": None, "SecurityGroupIds": None}},
        {"VpcConfig": {"Subnets": [], "SecurityGroupIds": []}},
        {"Tags": None},
        {"Tags": []},
        {"EnableNetworkIsolation": None},
        {"ResourceConfig": {"VolumeKmsKeyId": None, "InstanceType": "ml.m5.large"}},
        {"ResourceConfig": {"VolumeKmsKeyId": ""}},
    ],
)
def test_none_and_empty_are_missing(
    changes: dict[str, Any], sender: Sender, the_team: Team
) -> None:
    outcome = train(sender, job(the_team, **changes))
    assert not outcome.failed
    assert not outcome.changed
    if outcome.request is None:  # what contradicts by being empty may as well be refused
        assert outcome.refused <= {"VpcConfig.Subnets", "VpcConfig.SecurityGroupIds"} | {
            "ResourceConfig.VolumeKmsKeyId"
        }
    else:
        assert evaluator.wrong("CreateTrainingJob", outcome.request, the_team) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"VpcConfig": "subnet-1"},
        {"VpcConfig": ["subnet-1"]},
        {"VpcConfig": {"Subnets": "subnet-1", "SecurityGroupIds": 5}},
        {"Tags": "project"},
        {"Tags": {"project": "credit"}},
        {"Tags": [["project", "credit"]]},
        {"Tags": [{"Key": "project"}]},
        {"Tags": [{"Key": 1, "Value": None}]},
        {"EnableNetworkIsolation": "true"},
        {"EnableNetworkIsolation": 1},
        {"OutputDataConfig": {"S3OutputPath": 5}},
        {"InputDataConfig": {"DataSource": 1}},
        {"InputDataConfig": [None]},
        {"RoleArn": {"Get": "x"}},
    ],
)
def test_a_wrong_type_is_refused_or_invalid_and_never_breaks_the_guard(
    changes: dict[str, Any], sender: Sender, the_team: Team
) -> None:
    outcome = train(sender, job(the_team, **changes))
    assert outcome.problems or outcome.invalid, outcome
    assert not outcome.arrived
    assert not outcome.failed
    assert not outcome.changed


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(FIELDS, ANYTHING, max_size=4))
def test_whatever_comes_is_refused_invalid_or_compliant_and_never_changed(
    changes: dict[str, Any], sender: Sender, the_team: Team
) -> None:
    request = job(the_team, **changes)
    before = copy.deepcopy(request)
    outcome = train(sender, request)
    assert request == before
    assert not outcome.changed
    assert not outcome.failed, (json.dumps(request), outcome.failed)
    if outcome.request is not None:
        assert evaluator.wrong("CreateTrainingJob", outcome.request, the_team) == set()


def test_what_is_said_of_a_refusal_can_be_read(sender: Sender, the_team: Team) -> None:
    outcome = train(
        sender,
        job(the_team, EnableNetworkIsolation=False, VpcConfig={"Subnets": ["subnet-1"]}),
    )
    assert outcome.refused == {"EnableNetworkIsolation", "VpcConfig.Subnets"}
    for problem in outcome.problems:
        assert problem["rule"].startswith("RML-")  # the control
        assert problem["fix"]
        assert problem["value"]

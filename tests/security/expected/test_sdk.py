"""What the SDK's classes send, to a moto server through a recorder: without the guard and with it.

`python -m pytest tests/security/expected/test_sdk.py -s` prints the table of what was sent.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aws import Moto
from environments import environment as made

from . import evaluator, sdk
from .recorder import Arrived, Recorder
from .sender import environment
from .values import Team

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("sdk.py")
CORE, TRAIN = ([way.__name__ for way in ways] for ways in (sdk.CORE, sdk.TRAIN))
S3 = [name for name in CORE if name.startswith("s3_")]
CONTRADICTING = [way.__name__ for way in sdk.CONTRADICTING]
JOBS = [name for name in CORE + TRAIN if name not in S3 + CONTRADICTING]
KEY = "x-amz-server-side-encryption-aws-kms-key-id"

Ways = dict[str, list[Arrived]]


@pytest.fixture(scope="session")
def sdk_python() -> str:
    """The interpreter of an environment with the packages of tests/sdk.lock, made once."""
    return str(made("sdk") / "bin/python")


@pytest.fixture(scope="module")
def unguarded(_server: Moto, sample: Path, the_team: Team, sdk_python: str) -> Ways:
    """All ways without the guard."""
    return go(_server, sample, the_team, sdk_python, guard=False)


@pytest.fixture(scope="module")
def guarded(_server: Moto, sample: Path, the_team: Team, sdk_python: str) -> Ways:
    """All ways with the guard."""
    return go(_server, sample, the_team, sdk_python, guard=True)


@pytest.mark.parametrize("way", JOBS)
def test_a_job_of_the_sdk_comes_out_compliant(
    way: str, unguarded: Ways, guarded: Ways, the_team: Team
) -> None:
    before, after = (wrong(ways[way], the_team) for ways in (unguarded, guarded))
    print(f"\n{way}\n  without  {', '.join(before)}\n  with     {', '.join(after) or 'nothing'}")
    assert before
    assert after == []


@pytest.mark.parametrize("way", CONTRADICTING)
def test_a_job_of_the_sdk_that_contradicts_is_refused(
    way: str, unguarded: Ways, guarded: Ways, the_team: Team
) -> None:
    assert any("contradicts" in line for line in wrong(unguarded[way], the_team))
    assert not any(one.target.startswith("SageMaker.Create") for one in guarded[way])


@pytest.mark.parametrize("way", [*S3, "script_processor", "framework_processor", "model_trainer"])
def test_what_is_uploaded_is_under_the_teams_key(
    way: str, unguarded: Ways, guarded: Ways, the_team: Team
) -> None:
    assert not any(KEY in one.headers for one in writes(unguarded[way]))
    assert writes(guarded[way])
    assert {one.headers[KEY] for one in writes(guarded[way])} == {the_team.key}


def test_the_sdk_drops_what_the_tuner_was_given(unguarded: Ways, the_team: Team) -> None:
    # The trainer inside has a volume key, isolation and encryption: its own job carries them.
    trainer = wrong(unguarded["model_trainer_told_everything"], the_team)
    tuner = wrong(unguarded["hyperparameter_tuner"], the_team)
    for field in ("EnableNetworkIsolation", "ResourceConfig.VolumeKmsKeyId"):
        assert f"{field} missing" not in trainer
        assert f"TrainingJobDefinition.{field} missing" in tuner


def go(moto: Moto, sample: Path, team: Team, sdk_python: str, guard: bool) -> Ways:
    """Goes all ways, each set in one process, with the packages that it needs."""
    moto.reset()
    for bucket in team.buckets:
        place = {"LocationConstraint": team.region}
        moto.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    recorder = Recorder(moto.url)
    values = {"role": team.role, "bucket": team.buckets[0], "key": team.key, "region": team.region}
    values["image"] = f"{team.registries[0]}/model:1"
    variables = environment(sample, recorder.url, guard) | {"SAGEMAKER_VALIDATE_ROLE": "false"}
    for python, names in ((sys.executable, CORE), (sdk_python, TRAIN)):
        command = [python, str(SCRIPT), json.dumps(values), *names]
        result = subprocess.run(
            command, cwd=sample, env=variables, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
        refused = [name for name in names if guard and name in CONTRADICTING]
        assert result.stdout.count(": sent") == len(names) - len(refused), result.stdout
        assert result.stdout.count(": GuardRefusal") == len(refused), result.stdout
    recorder.shutdown()
    return recorder.take_by_way()


def wrong(arrived: list[Arrived], team: Team) -> list[str]:
    """What is wrong with the requests that create something, one line a field."""
    created = [one for one in arrived if one.target.startswith("SageMaker.Create")]
    assert created
    return sorted(
        f"{field} {how}"
        for one in created
        for field, how in evaluator.wrong(one.operation, one.request, team)
    )


def writes(arrived: list[Arrived]) -> list[Arrived]:
    """The requests to S3 that say under which key an object will lie."""
    return [
        one
        for one in arrived
        if not one.target
        and one.path.count("/") > 1
        and (
            (one.method == "PUT" and "partNumber" not in one.query)
            or (one.method == "POST" and "uploads" in one.query)
        )
    ]

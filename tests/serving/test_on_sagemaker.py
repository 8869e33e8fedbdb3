"""`rml --env ENV endpoint`: moto over HTTP, with a double for what it lacks of endpoints."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from aws import Moto, seed
from commands import rml
from platforms.front_double import Front, refusal
from registry.away import Away, add_environment, outputs, run_on_sagemaker, said, session, user
from registry.written import fill

from regulated_ml.errors import ExitStatus
from regulated_ml.serving import processes
from regulated_ml.serving.server import ServerOptions

from .conftest import free_port, say_nothing
from .endpoints_double import EndpointsDouble

pytestmark = pytest.mark.slow

NAME = "credit-default-dev"


@pytest.fixture(scope="module")
def away(finished: Path, _server: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    """An account in which v1 is registered, from runs of dev; no endpoint is left in it."""
    _server.reset()
    folder = tmp_path_factory.mktemp("away") / finished.name
    shutil.copytree(finished, folder, symlinks=True)
    fill(folder)
    made = run_on_sagemaker(seed(_server, folder), "dora")
    said(made.rml(user(_server, "dora"), "register"))
    yield made
    made.front.stop()


def endpoint(away: Away, *arguments: str, status: int = 0, env: str = "dev") -> Any:
    """`rml endpoint`, which has to end with this status."""
    variables = {**away.account.environment, "AWS_ENDPOINT_URL": away.front.url}
    done = rml(away.repository, "--env", env, "endpoint", *arguments, **variables)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def alarms(away: Away) -> None:
    """Makes the alarms of infrastructure/alarms.yaml, as far as a deployment looks at them."""
    client = away.account.client("cloudwatch")
    for name in ("errors", "latency"):
        client.put_metric_alarm(
            AlarmName=f"{NAME}-endpoint-{name}",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="ModelLatency",
            Namespace="AWS/SageMaker",
            Period=60,
            Statistic="Average",
            Threshold=1.0,
        )


def under_all_controls(away: Away) -> dict[str, Any]:
    """Holds the requests for model and configuration to the account; returns the latter."""
    account = away.account
    model, config = (away.front.sent(f"Create{kind}")[0] for kind in ("Model", "EndpointConfig"))
    bucket, prefix = outputs(away.runs["train"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == f"s3://{bucket}/{prefix}/model.tar.gz"
    assert model["PrimaryContainer"]["Image"].endswith("@sha256:" + "5" * 64)
    assert model["VpcConfig"] == {
        "SecurityGroupIds": [account.group],
        "Subnets": list(account.subnets),
    }
    assert model["EnableNetworkIsolation"] is True
    assert model["ExecutionRoleArn"] == account.role
    assert config["KmsKeyId"] == account.key
    capture = config["DataCaptureConfig"]
    assert capture["DestinationS3Uri"] == f"s3://{account.buckets[0]}/credit-default/dev/capture"
    assert (capture["KmsKeyId"], capture["InitialSamplingPercentage"]) == (account.key, 100)
    assert capture["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json"],
    }
    (variant,) = config["ProductionVariants"]
    assert (variant["VariantName"], variant["InitialInstanceCount"]) == ("AllTraffic", 1)
    assert {"Key": "project", "Value": "credit-default"} in config["Tags"]
    return config


def test_what_must_not_serve_is_refused_before_anything_is_made(away: Away) -> None:
    add_environment(away, "prod", session(away.account.moto, "anna"))
    path = away.repository / "config/model.yaml"
    usual = path.read_text()
    path.write_text(usual.replace("masked: []", "masked: [LIMIT_BAL]"))
    refused = endpoint(
        away, "deploy", "v1", "--name", "another", status=ExitStatus.FOUND, env="prod"
    )
    path.write_text(usual)
    for sentence in (
        "by which the roles' policies know",
        "it masks no feature",
        "only an approved version goes to prod; v1 is pending",
        "it is a version of dev, and was not promoted to prod",
        "prod takes models of real rows",
    ):
        assert sentence in refused.stderr

    # The archive was exchanged in the bucket, after the registration.
    bucket, prefix = outputs(away.runs["train"])
    s3, key = away.account.client("s3"), f"{prefix}/model.tar.gz"
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=whole[:-100])
    done = endpoint(away, "deploy", "v1", status=ExitStatus.DATA)
    assert "it cannot be read" in done.stderr
    s3.put_object(Bucket=bucket, Key=key, Body=whole)

    expired = refusal("ExpiredTokenException", "The security token is expired")
    away.front.instead["CreateEndpointConfig"] = [expired]
    done = endpoint(away, "deploy", "v1", status=ExitStatus.RESOURCE)
    assert "the credentials have expired" in done.stderr
    assert not away.front.sent("CreateEndpoint")
    assert not list((away.repository / "runs").glob("deploy-*"))
    assert len(away.front.sent("CreateModel")) == 1
    away.account.client("sagemaker").delete_model(
        ModelName=away.front.sent("CreateModel")[0]["ModelName"]
    )
    away.front.asked.clear()


@pytest.fixture
def runtime(away: Away, model_folder: Path, tmp_path: Path) -> Iterator[Front]:
    """A double of SageMaker's runtime: a local endpoint of the same name, behind a front."""
    options = ServerOptions(NAME, 1, model_folder, free_port(), None)
    running = processes.start(tmp_path / "endpoints", options, say_nothing)
    front = Front(f"http://127.0.0.1:{running.port}")
    yield front
    front.stop()
    processes.stop(running, say_nothing)


def as_many_clients_ask_it(away: Away, runtime: Front) -> None:
    """Asks the endpoint with raw rows, and once more while the credentials expire."""
    (table,) = (away.repository / "data").glob("*-twin.parquet")
    pq.write_table(pq.read_table(table).slice(0, 40), away.repository / "clients.parquet")
    variables = {**away.account.environment, "AWS_ENDPOINT_URL": away.front.url}
    variables["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = runtime.url
    ask = ("--env", "dev", "endpoint", "invoke", "--input", "clients.parquet", "--output")
    done = rml(away.repository, *ask, "asked.csv", "--connections", "2", "--json", **variables)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["endpoint"], said["version"], said["requests"]) == (NAME, "v1", 40)
    lines = (away.repository / "asked.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", *map(str, range(1, 41))]

    expired = refusal("ExpiredTokenException", "The security token is expired")
    left = [20]

    def count(_: dict[str, Any]) -> None:
        left[0] -= 1
        if not left[0]:
            runtime.instead["POST"] = [expired]

    runtime.after["POST"] = count
    done = rml(away.repository, *ask, "late.csv", **variables)
    assert done.returncode == ExitStatus.RESOURCE
    assert "the credentials have expired" in done.stderr
    assert "20 rows were answered before; nothing was written" in done.stderr
    assert not (away.repository / "late.csv").exists()


def test_a_version_is_deployed_updated_rolled_back_and_deleted(away: Away, runtime: Front) -> None:
    double, account = EndpointsDouble(away.front), away.account
    done = json.loads(endpoint(away, "deploy", "v1", "--json").stdout)
    assert (done["fresh"], done["step"], done["environment"]) == (True, "deploy", "dev")
    config = under_all_controls(away)
    assert done["parameters"]["endpoint_config"].endswith(
        f"endpoint-config/{config['EndpointConfigName']}"
    )

    again = endpoint(away, "deploy", "1")
    assert f"{NAME} serves already v1 in dev" in again.stdout
    assert len(away.front.sent("CreateEndpoint")) == len(away.front.sent("CreateModel")) == 1
    assert len(list((away.repository / "runs").glob("deploy-*"))) == 1

    # Other machines are another configuration, which the endpoint is brought to beside the old one.
    path = away.repository / "config/model.yaml"
    usual = path.read_text()
    path.write_text(usual.replace("ml.m5.large, count: 1", "ml.m5.xlarge, count: 3"))
    refused = endpoint(away, "deploy", "v1", status=ExitStatus.RESOURCE)
    assert f"{NAME}-endpoint-errors" in refused.stderr
    assert "deploy infrastructure/alarms.yaml" in refused.stderr
    alarms(away)
    endpoint(away, "deploy", "v1")
    (update,) = away.front.sent("UpdateEndpoint")
    policy = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 300,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
    }
    rollback = update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert [each["AlarmName"] for each in rollback] == [
        f"{NAME}-endpoint-errors",
        f"{NAME}-endpoint-latency",
    ]
    serves = double.serves[NAME]
    assert serves == update["EndpointConfigName"] != config["EndpointConfigName"]

    double.fails = "the alarm credit-default-dev-endpoint-errors went off"
    path.write_text(usual)
    failed = endpoint(away, "deploy", "v1", status=ExitStatus.JOB)
    assert f"the deployment was rolled back: {double.fails}" in failed.stderr
    assert f"{serves} goes on serving" in failed.stderr
    assert len(list((away.repository / "runs").glob("deploy-*"))) == 2

    as_many_clients_ask_it(away, runtime)
    (listed,) = json.loads(endpoint(away, "list", "--json").stdout)
    assert (listed["endpoint"], listed["version"], listed["status"]) == (NAME, "v1", "InService")
    deleted = endpoint(away, "delete", NAME).stdout.splitlines()
    assert deleted[0] == f"deleted   endpoint {NAME}"
    assert len(deleted) == 1 + 2 + 1 + 1  # with two configurations and one model, and a sentence
    client = account.client("sagemaker")
    for kind in ("endpoints", "endpoint_configs", "models"):
        found = getattr(client, f"list_{kind}")()
        assert not any(rows for name, rows in found.items() if name != "ResponseMetadata")

"""`rml --env ENV monitor`: Model Monitor's schedules, on moto with a double for what it lacks."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
import yaml
from aws import ACCOUNT, REGION, Moto, seed
from botocore.session import Session
from botocore.validate import ParamValidator
from commands import rml
from platforms.front_double import refusal
from registry.away import Away, run_on_sagemaker, said, user
from registry.written import fill

from regulated_ml.errors import ExitStatus
from regulated_ml.monitoring.violations import MONITORS, Monitor
from regulated_ml.platforms.sagemaker import monitors
from regulated_ml.platforms.sagemaker.monitors import Watch
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security import catalogue
from regulated_ml.security.requests import compile
from regulated_ml.settings import load
from regulated_ml.workflow import schedule_files
from regulated_ml.workflow.watched import limits as workflow_limits

from .schedules_double import SchedulesDouble

NAME = "credit-default-dev"
SCHEDULES = [f"{NAME}-data-quality", f"{NAME}-model-quality"]
# Of AWS's documentation: "Prebuilt container of Model Monitor", for Frankfurt.
ANALYSER = "048819808253.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-model-monitor-analyzer"


class OnAws(NamedTuple):
    """An account in which v1 serves, behind the double."""

    away: Away
    front: SchedulesDouble
    said: list[str]  # when the monitors were scheduled

    def monitor(self, *arguments: str, status: int = 0) -> Any:
        """`rml monitor`, which has to end with this status."""
        variables = {**self.away.account.environment, "AWS_ENDPOINT_URL": self.front.url}
        done = rml(self.away.repository, "--env", "dev", "monitor", *arguments, **variables)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def file(self, address: str) -> bytes:
        """What lies at an address; under the team's key."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        found = self.away.account.client("s3").get_object(Bucket=bucket, Key=key)
        assert found["SSEKMSKeyId"] == self.away.account.key
        content: bytes = found["Body"].read()
        return content


@pytest.fixture(scope="module")
def watched(
    _small: Path, _server: Moto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnAws]:
    """An account in which v1 serves and was scheduled to be monitored every hour."""
    _server.reset()
    folder = tmp_path_factory.mktemp("watched") / _small.name
    shutil.copytree(_small, folder, symlinks=True)
    fill(folder)
    away = run_on_sagemaker(seed(_server, folder), "dora")
    front = SchedulesDouble(away.front.url)
    said(away.rml(user(_server, "dora"), "register"))
    done = rml(
        folder,
        *("--env", "dev", "endpoint", "deploy", "v1"),
        **{**away.account.environment, "AWS_ENDPOINT_URL": front.url},
    )
    assert done.returncode == 0, done.stderr
    made = OnAws(away, front, [])
    done = made.monitor("schedule", "--every", "60")
    made.said.append(" ".join(done.stderr.split()))
    yield made
    front.stop()
    away.front.stop()


@pytest.mark.slow
def test_monitors_are_scheduled_under_all_controls_once(watched: OnAws) -> None:
    account = watched.away.account
    assert list(watched.front.schedules) == SCHEDULES
    (said,) = watched.said
    assert "bias is not scheduled: a captured request holds no protected attribute" in said
    assert "attribution is not scheduled: Clarify explains by a shadow endpoint" in said
    (data,) = watched.front.sent("CreateDataQualityJobDefinition")
    (quality,) = watched.front.sent("CreateModelQualityJobDefinition")
    for kind, definition in (("DataQuality", data), ("ModelQuality", quality)):
        assert definition["NetworkConfig"] == {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": True,
            "VpcConfig": {"SecurityGroupIds": [account.group], "Subnets": list(account.subnets)},
        }
        assert definition["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == account.key
        output = definition[f"{kind}JobOutputConfig"]
        assert output["KmsKeyId"] == account.key
        (place,) = output["MonitoringOutputs"]
        assert place["S3Output"]["S3Uri"].startswith(
            f"s3://{account.buckets[1]}/credit-default/dev/runs/monitor/"
        )
        assert definition["RoleArn"] == account.role
        assert definition[f"{kind}AppSpecification"]["ImageUri"] == ANALYSER
        assert {"Key": "environment", "Value": "dev"} in definition["Tags"]
        schedule = watched.front.schedules[definition["JobDefinitionName"].rpartition("-")[0]]
        config = schedule["MonitoringScheduleConfig"]
        assert config["ScheduleConfig"] == {"ScheduleExpression": "cron(0 * ? * * *)"}
        assert config["MonitoringJobDefinitionName"] == definition["JobDefinitionName"]
        assert config["MonitoringType"] == kind
        assert {"Key": "project", "Value": "credit-default"} in schedule["Tags"]
    assert quality["ModelQualityJobInput"]["GroundTruthS3Input"]["S3Uri"] == (
        f"s3://{account.buckets[0]}/credit-default/dev/ground-truth/{NAME}"
    )
    again = watched.monitor("schedule", "--every", "60")
    assert again.stdout.count("up to date") == 2
    assert len(watched.front.sent("CreateMonitoringSchedule")) == 2

    changed = watched.monitor("schedule", "--every", "120")
    assert changed.stdout.count("scheduled ") == 2
    updates = watched.front.sent("UpdateMonitoringSchedule")
    assert [
        each["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] for each in updates
    ] == ["cron(0 0/2 ? * * *)"] * 2
    # The labels of model quality are waited for from another hour on: another definition.
    (old,) = watched.front.sent("DeleteModelQualityJobDefinition")
    assert old == {"JobDefinitionName": quality["JobDefinitionName"]}


@pytest.mark.parametrize("monitor", MONITORS)
def test_each_definition_is_one_that_aws_takes_and_no_control_refuses(
    sample: Path, monitor: Monitor
) -> None:
    settings = load(sample, "dev")
    watch = Watch(NAME, Address("credit-default-data-111122223333-eu-central-1", "m/"), 0.5, 60)
    made = monitors.plan(settings, watch, monitor)
    model = Session().get_service_model("sagemaker")
    plan = compile(catalogue.plan(settings))
    operations = (f"Create{made.kind.type}JobDefinition", "CreateMonitoringSchedule")
    for operation, request in zip(operations, (made.definition, made.schedule), strict=True):
        report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        assert not plan.check(operation, request).violations
    open_ = monitors.plan(settings, watch, monitor, isolated=False)
    found = plan.check(operations[0], open_.definition).violations
    assert [each.control for each in found] == ["RML-ISO-1"]


def test_bias_is_held_to_the_gates_where_requests_hold_a_protected_attribute(
    sample: Path,
) -> None:
    settings = load(sample, "dev")
    stub = cast("Any", SimpleNamespace(evidence=SimpleNamespace(features=("LIMIT_BAL", "SEX"))))
    bounds = workflow_limits(settings)
    found = schedule_files._bias_constraints(settings, stub, bounds)["post_training_bias_metrics"]
    values = [  # the gates of the example, under Clarify's names
        {"name": "DI", "value": 0.8},
        {"name": "RD", "value": 0.2},
        {"name": "SD", "value": 0.1},
    ]
    assert found["facets"] == {
        "SEX": [{"value_or_threshold": code, "metrics": values} for code in ("1", "2")]
    }
    assert schedule_files._bias_config(settings, stub)["facet"] == [{"name_or_index": "SEX"}]


@pytest.mark.slow
def test_what_requests_are_held_against_is_the_versions_own(watched: OnAws) -> None:
    data = watched.front.sent("CreateDataQualityJobDefinition")[-1]
    (registered,) = (watched.away.repository / "runs").glob("register-*")
    baseline = data["DataQualityBaselineConfig"]
    for name, resource in (("statistics", "Statistics"), ("constraints", "Constraints")):
        found = json.loads(watched.file(baseline[f"{resource}Resource"]["S3Uri"]))
        assert found == json.loads((registered / f"baseline/{name}.json").read_text())

    quality = watched.front.sent("CreateModelQualityJobDefinition")[-1]
    place = quality["ModelQualityBaselineConfig"]["ConstraintsResource"]["S3Uri"]
    held = json.loads(watched.file(place))["binary_classification_constraints"]
    metrics = watched.away.runs["evaluate"].metrics
    assert held["auc"]["threshold"] == pytest.approx(metrics["auc_low"], abs=1e-6)
    assert set(held) == {"auc", "accuracy", "precision", "recall", "true_negative_rate"}

    script = watched.file(data["DataQualityAppSpecification"]["RecordPreprocessorSourceUri"])
    path = watched.away.repository / "preprocessor.py"
    path.write_bytes(script)
    specification = importlib.util.spec_from_file_location("preprocessor", path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    path.unlink()
    names = [
        each["name"]
        for each in json.loads(watched.file(baseline["ConstraintsResource"]["S3Uri"]))["features"]
    ]
    asked = ",".join(["20000", "2.5", "", *["0"] * (len(names) - 3)])
    record = SimpleNamespace(endpoint_input=SimpleNamespace(data=f"{asked}\n{asked},7\n"))
    rows = module.preprocess_handler(record)
    assert list(rows[0]) == names
    assert [rows[0][name] for name in names[:4]] == [20000, 2.5, None, 0]
    assert list(rows[1])[-1] == f"_c{len(names)}"  # one too many is an extra column


@pytest.mark.slow
def test_runs_are_shown_with_the_violations_that_the_analyser_wrote(watched: OnAws) -> None:
    account = watched.away.account
    output = f"credit-default/dev/runs/monitor/{SCHEDULES[0]}/2026/11/24/12"
    violations = [
        {
            "feature_name": "LIMIT_BAL",
            "constraint_check_type": "baseline_drift_check",
            "description": "Baseline drift distance: 0.49 exceeds threshold: 0.1",
        }
    ]
    account.client("s3").put_object(
        Bucket=account.buckets[1],
        Key=f"{output}/constraint_violations.json",
        Body=json.dumps({"violations": violations}),
    )
    job = "model-monitoring-202611241200-0123456789abcdef"
    account.client("sagemaker").create_processing_job(
        ProcessingJobName=job,
        ProcessingResources={
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.xlarge",
                "VolumeSizeInGB": 30,
            }
        },
        AppSpecification={"ImageUri": ANALYSER},
        RoleArn=account.role,
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {
                        "S3Uri": f"s3://{account.buckets[1]}/{output}",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    )
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/{job}"
    watched.front.ran(SCHEDULES[0], "Completed", arn)
    watched.front.ran(SCHEDULES[0], "CompletedWithViolations", arn)
    watched.front.ran(SCHEDULES[1], "Failed", reason="No ground truth was found")

    status = watched.monitor("status", "--json", status=ExitStatus.FOUND)
    found = {each["monitor"]: each for each in json.loads(status.stdout)}
    assert found["data_quality"]["violations"] == violations
    assert found["model_quality"]["reason"] == "No ground truth was found"
    history = watched.monitor("history")
    assert history.stdout.count("data quality") == 2
    assert "LIMIT_BAL" in history.stdout

    account.client("s3").put_object(
        Bucket=account.buckets[1], Key=f"{output}/constraint_violations.json", Body="[]"
    )
    refused = watched.monitor("status", status=ExitStatus.DATA)
    assert "it holds a list called violations" in " ".join(refused.stderr.split())


@pytest.mark.slow
def test_attribution_is_scheduled_where_an_exception_gives_clarify_a_network(
    watched: OnAws,
) -> None:
    path = watched.away.repository / "config/exceptions.yaml"
    usual = path.read_text()
    exception = {
        "control": "RML-ISO-1",
        "environment": "dev",
        "names": [f"{NAME}-attribution-*"],
        "reason": "Clarify starts a shadow endpoint, which a job without a network cannot.",
        "requested_by": "data.scientist@example.com",
        "agreed_by": "security.officer@example.com",
        "until": str(datetime.now(UTC).date() + timedelta(days=30)),
    }
    path.write_text(yaml.safe_dump({"exceptions": [exception]}))
    watched.monitor("schedule", "--every", "60")
    path.write_text(usual)
    (made,) = watched.front.sent("CreateModelExplainabilityJobDefinition")
    assert made["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert made["NetworkConfig"]["VpcConfig"]["SecurityGroupIds"] == [watched.away.account.group]
    told = json.loads(watched.file(made["ModelExplainabilityAppSpecification"]["ConfigUri"]))
    model = watched.front.sent("CreateModel")[0]["ModelName"]
    assert told["predictor"]["model_name"] == model
    place = made["ModelExplainabilityBaselineConfig"]["ConstraintsResource"]["S3Uri"]
    found = json.loads(watched.file(place))["explanations"]["kernel_shap"]["label0"]
    (run,) = (watched.away.repository / "runs").glob(watched.away.runs["explain"].id)
    explained = json.loads((run / "explanation/explanation.json").read_text())["features"]
    assert found["global_shap_values"] == {
        each["name"]: each["mean_absolute"] for each in explained
    }
    assert len(told["methods"]["shap"]["baseline"][0]) == len(told["headers"]) == len(explained)


@pytest.mark.slow
def test_labels_go_where_the_monitor_looks_for_them(watched: OnAws) -> None:
    nothing = watched.monitor("labels", status=ExitStatus.DATA)
    assert "yyyy/mm/dd/hh/NAME.jsonl" in nothing.stderr
    path = watched.away.repository / "data/ground-truth" / NAME / "2026/11/24/12/labels.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"eventMetadata": {"eventId": "1"}}\n')
    (line,) = watched.monitor("labels").stdout.splitlines()
    address = line.split()[-1]
    assert address.endswith(f"/ground-truth/{NAME}/2026/11/24/12/labels.jsonl")
    assert watched.file(address) == path.read_bytes()


@pytest.mark.slow
def test_mistakes_are_named_and_nothing_is_half_made(watched: OnAws) -> None:
    before = len(watched.front.sent("CreateMonitoringSchedule"))
    refused = watched.monitor("schedule", "--every", "90", status=ExitStatus.USAGE)
    assert "60, 120, 180, 240, 360, 480, 720 or 1440 minutes" in " ".join(refused.stderr.split())
    unknown = watched.monitor("schedule", "--endpoint", "other", status=ExitStatus.RESOURCE)
    assert f"the environment's endpoints: {NAME}" in " ".join(unknown.stderr.split())
    assert len(watched.front.sent("CreateMonitoringSchedule")) == before

    denied = refusal("AccessDeniedException", "not authorized to perform")
    watched.front.instead["DeleteMonitoringSchedule"] = [denied]
    watched.monitor("schedule", "--delete", status=ExitStatus.RESOURCE)
    assert set(watched.front.schedules) >= set(SCHEDULES)
    deleted = watched.monitor("schedule", "--delete").stdout
    assert deleted.count("deleted   schedule") == deleted.count("deleted   definition") == 3
    assert not watched.front.schedules
    client = watched.away.account.client("sagemaker")
    assert not client.list_data_quality_job_definitions()["JobDefinitionSummaries"]
    none = watched.monitor("schedule", "--delete", status=ExitStatus.DATA)
    assert "no monitor of it is scheduled" in none.stderr

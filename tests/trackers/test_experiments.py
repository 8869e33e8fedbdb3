"""SageMaker Experiments, as moto keeps it: derived from the records, and never in a run's way."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from platforms.front_double import Answer, refusal

from regulated_ml.errors import ExitStatus
from regulated_ml.tracking.records import Record

from .conftest import Beside

pytestmark = pytest.mark.slow

EXPERIMENT = "credit-default-dev"
NAME = "SageMaker Experiments"
FRAME = "import regulated_ml; print(regulated_ml.experiment().to_json(orient='records'))"


def published(beside: Beside, *options: str, **environment: str) -> dict[str, Any]:
    """What `rml runs publish` says of the tracker."""
    done = beside.rml("runs", "publish", "--json", *options, **environment)
    assert "Traceback" not in done.stderr
    # Where there are problems they are a document of their own, after the result.
    rows, _ = json.JSONDecoder().raw_decode(done.stdout)
    (row,) = [row for row in rows if row["tracker"] == NAME]
    return {**row, "status": done.returncode}


def described(beside: Beside, run: str) -> Any:
    """What SageMaker says of the trial component of a processing job's run."""
    name = f"credit-default-{run}-aws-processing-job"
    return beside.account.client("sagemaker").describe_trial_component(TrialComponentName=name)


def test_a_job_is_shown_once_with_all_that_its_record_says(beside: Beside) -> None:
    run = beside.prepare()
    (request,) = beside.front.sent("CreateProcessingJob")
    assert request["ExperimentConfig"] == {
        "ExperimentName": EXPERIMENT,
        "TrialName": f"credit-default-{run.id}",
        "TrialComponentDisplayName": run.id,
    }
    shown = described(beside, run.id)
    assert shown["DisplayName"] == run.id
    assert shown["Status"]["PrimaryStatus"] == "Completed"
    parameters = shown["Parameters"]
    assert parameters["split.test"]["NumberValue"] == 0.2
    assert parameters["record.data.fingerprint"]["StringValue"] == run.data.fingerprint
    assert parameters["record.commit"]["StringValue"] == run.commit.sha
    (artifact,) = run.artifacts
    assert shown["OutputArtifacts"] == {
        "summary/summary.json": {
            "Value": f"sha256:{artifact.sha256}",
            "MediaType": "application/json",
        }
    }
    (given,) = shown["InputArtifacts"].values()
    assert given["Value"] == f"sha256:{run.inputs[0].files[0].sha256}"
    metrics = {each["MetricName"]: each["Last"] for each in shown["Metrics"]}
    assert metrics == {"train_rows": 2100, "test_rows": 600}
    client = beside.account.client("sagemaker")
    listed = client.list_trial_components(TrialName=f"credit-default-{run.id}")
    assert len(listed["TrialComponentSummaries"]) == 1
    made = {"experiment": "CreateExperiment", "trial": "CreateTrial"}
    for operation in (*made.values(), "CreateTrialComponent"):
        (sent,) = beside.front.sent(operation)
        tags = {each["Key"]: each["Value"] for each in sent["Tags"]}
        assert tags["project"] == "credit-default" and tags["environment"] == "dev"
    _shown_once_more(beside, run)
    _read_back(beside, run)


def _shown_once_more(beside: Beside, run: Record) -> None:
    """A record whose mark is lost, as by a kill before it was made, is sent again."""
    (mark,) = (beside.repository / "runs/.published").rglob(f"*{EXPERIMENT}/{run.id}")
    mark.unlink()
    assert published(beside)["sent"] == [run.id]
    assert published(beside)["sent"] == []
    counts = {"CreateTrialComponent": 1, "UpdateTrialComponent": 1, "AssociateTrialComponent": 1}
    assert {name: len(beside.front.sent(name)) for name in counts} == counts


def _read_back(beside: Beside, run: Record) -> None:
    """The frame is that of the SDK's ExperimentAnalytics.

    moto does not know the experiment as a property to search by, so this answer is the test's.
    """
    component = described(beside, run.id)
    del component["ResponseMetadata"]
    parents = [{"TrialName": f"credit-default-{run.id}", "ExperimentName": EXPERIMENT}]
    found = {"Results": [{"TrialComponent": {**component, "Parents": parents}}]}
    body = json.dumps(found, default=lambda moment: moment.timestamp()).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    beside.front.instead["Search"] = [Answer(200, body, headers)]
    done = subprocess.run(
        [sys.executable, "-c", FRAME],
        cwd=beside.repository,
        env={**os.environ, "PYTHONPATH": "src", **beside.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (search,) = beside.front.sent("Search")
    assert search["Resource"] == "ExperimentTrialComponent"
    assert search["SearchExpression"]["Filters"] == [
        {"Name": "Parents.ExperimentName", "Operator": "Equals", "Value": EXPERIMENT}
    ]
    (row,) = json.loads(done.stdout)
    assert row["DisplayName"] == run.id
    assert (row["train_rows - Last"], row["split.test"]) == (2100, 0.2)
    assert (row["Experiments"], row["Trials"]) == ([EXPERIMENT], [f"credit-default-{run.id}"])
    assert row["summary/summary.json - Value"] == f"sha256:{run.artifacts[0].sha256}"


def test_a_component_that_sagemaker_has_made_of_the_job_is_filled_and_not_doubled(
    beside: Beside,
) -> None:
    done = beside.rml("prepare", "--json")
    run = json.loads(done.stdout)["submitted"]["id"]
    name = f"credit-default-{run}-aws-processing-job"
    client = beside.account.client("sagemaker")
    # As AWS does when a job starts, and moto does not.
    client.create_trial_component(TrialComponentName=name)
    client.associate_trial_component(TrialName=f"credit-default-{run}", TrialComponentName=name)
    beside.account.client("s3").put_object(
        Bucket=beside.account.buckets[1],
        Key=f"credit-default/dev/runs/{run}/output/summary/summary.json",
        Body=b"{}",
    )
    beside.follow()
    assert "record.sha256" in described(beside, run)["Parameters"]
    assert not beside.front.sent("CreateTrialComponent")
    assert not beside.front.sent("AssociateTrialComponent")


def test_what_cannot_be_shown_is_queued_said_and_sent_later_once(beside: Beside) -> None:
    # Refused before the job is submitted, and again when it has ended.
    denied = [refusal("AccessDeniedException", "not you") for _ in range(3)]
    beside.front.instead["DescribeTrial"] = denied
    run = beside.prepare()
    (request,) = beside.front.sent("CreateProcessingJob")
    assert "ExperimentConfig" not in request
    assert "1 run is queued for SageMaker Experiments" in beside.said.stderr
    assert "AWS denies the call" in beside.said.stderr
    waiting = published(beside, "--status")
    assert (waiting["shown"], waiting["queued"]) == (0, [run.id])
    refused = published(beside)  # the third refusal
    assert (refused["queued"], refused["status"]) == ([run.id], ExitStatus.RESOURCE)
    away = published(beside, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (away["queued"], away["status"]) == ([run.id], ExitStatus.RESOURCE)
    assert "AWS is not reached" in away["problems"][0]["rule"]
    sent = published(beside)
    assert (sent["sent"], sent["queued"]) == ([run.id], [])
    assert described(beside, run.id)["DisplayName"] == run.id

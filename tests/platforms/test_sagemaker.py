"""What is told, and what stays, when a job on SageMaker or the way to it does not go well."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws import Account, Moto, seed
from commands import rml
from front_double import Front, refusal

from regulated_ml.errors import ExitStatus

pytestmark = pytest.mark.slow

SUMMARY = {"splits": {"train": {"rows": 2100}, "test": {"rows": 600}}}


@dataclass
class Away:
    """A repository, and the account behind a front."""

    repository: Path
    account: Account
    front: Front

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process that is to reach the front."""
        return {**self.account.environment, "AWS_ENDPOINT_URL": self.front.url}

    def rml(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """The real command in the environment dev."""
        variables = {**self.environment, **environment}
        return rml(self.repository, "--env", "dev", *arguments, **variables)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The real command, while it runs."""
        # What runs in the background of a shell ignores Ctrl-C, and so would what it starts.
        handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(
            [sys.executable, "-m", "regulated_ml", "--env", "dev", *arguments],
            cwd=self.repository,
            env={**os.environ, "PYTHONPATH": "src", "PYTHONUNBUFFERED": "1", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        signal.signal(signal.SIGINT, handler)
        return process

    def submitted(self) -> str:
        """The name of the one job that has been submitted and not been collected."""
        (note,) = self.notes
        return str(json.loads(note.read_text())["job"])

    @property
    def notes(self) -> list[Path]:
        """What waits to be finished."""
        return list((self.repository / "runs/.submitted").glob("*.json"))

    @property
    def runs(self) -> list[Path]:
        """The finished runs of the environment."""
        records = (self.repository / "runs").glob("*/record.json")
        return [path for path in records if json.loads(path.read_text())["environment"] == "dev"]

    def deliver(self, name: str = "output/summary/summary.json") -> None:
        """Puts into the bucket what the job, which is of moto and runs nothing, did not write."""
        run = self.submitted().removeprefix("credit-default-")
        self.account.client("s3").put_object(
            Bucket=self.account.buckets[1],
            Key=f"credit-default/dev/runs/{run}/{name}",
            Body=json.dumps(SUMMARY).encode(),
        )


@pytest.fixture
def away(small: Path, moto: Moto) -> Iterator[Away]:
    """A small table, and an account in which nothing has run."""
    account = seed(moto, small)
    front = Front(moto.url)
    yield Away(small, account, front)
    front.stop()


@pytest.fixture
def submitted(away: Away) -> Away:
    """The first step has been submitted; its outputs are in the bucket."""
    done = away.rml("prepare")
    assert done.returncode == 0, done.stderr
    away.deliver()
    return away


def running(answer: dict[str, Any]) -> dict[str, Any]:
    """A job that moto has completed, as one that still runs."""
    return {**answer, "ProcessingJobStatus": "InProgress"}


# --- submitting ---


def test_a_submitted_job_is_named_and_can_be_followed_later(submitted: Away) -> None:
    name = submitted.submitted()
    assert re.fullmatch(r"credit-default-prepare-\d{8}-\d{6}-[0-9a-f]{6}", name)
    done = submitted.rml("jobs", "follow", name)
    assert done.returncode == 0, done.stderr
    (record,) = submitted.runs
    content = json.loads(record.read_text())
    assert content["metrics"] == {"train_rows": 2100, "test_rows": 600}
    assert content["remote"]["name"] == name
    assert not submitted.notes
    again = submitted.rml("jobs", "follow", name)
    assert again.returncode == ExitStatus.USAGE
    assert f"its run is there: {content['id']}" in again.stderr


def test_the_same_step_is_not_submitted_twice(submitted: Away) -> None:
    done = submitted.rml("prepare")
    assert "was submitted earlier" in done.stdout
    assert len(submitted.front.sent("CreateProcessingJob")) == 1


def test_two_commands_at_once_submit_one_job(away: Away) -> None:
    # Asked after each has looked for a job that does the same.
    away.front.after["GetCallerIdentity"] = lambda _: time.sleep(1)
    both = [away.start("prepare") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(away.front.sent("CreateProcessingJob")) == 1
    assert sum("was submitted earlier" in each for each in said) == 1
    assert len(away.notes) == 1


def test_the_answer_is_json_where_that_was_asked_for(away: Away) -> None:
    content = json.loads(away.rml("prepare", "--json").stdout)["submitted"]
    assert content["job"] == away.submitted()
    assert content["fresh"] is True


def test_without_credentials_nothing_is_sent(away: Away) -> None:
    done = away.rml("prepare", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.returncode == ExitStatus.RESOURCE
    assert "there are no AWS credentials" in done.stderr
    assert "sign in" in done.stderr
    assert not away.front.asked
    assert not away.notes


def test_in_another_account_nothing_is_sent(away: Away) -> None:
    path = away.repository / "config/environments/dev.yaml"
    path.write_text(path.read_text().replace("123456789012", "999999999999"))
    done = away.rml("prepare")
    assert done.returncode == ExitStatus.RESOURCE
    assert "999999999999" in done.stderr
    assert {each.operation for each in away.front.asked} <= {"GetCallerIdentity"}


def test_a_bucket_that_is_not_there_is_named_by_its_setting(away: Away) -> None:
    away.account.client("s3").delete_bucket(Bucket=away.account.buckets[0])
    done = away.rml("prepare")
    assert done.returncode == ExitStatus.RESOURCE
    assert "data_bucket" in done.stderr
    assert "there is no such bucket" in done.stderr
    assert not away.notes


def test_a_refused_job_leaves_no_note(away: Away) -> None:
    limit = "The account-level service limit 'ml.m5.xlarge for processing job usage' is 0"
    away.front.instead["CreateProcessingJob"] = [refusal("ResourceLimitExceeded", limit)]
    done = away.rml("prepare")
    assert done.returncode == ExitStatus.RESOURCE
    assert limit in done.stderr
    assert not away.notes


def test_a_job_whose_start_is_uncertain_keeps_its_note(away: Away) -> None:
    away.front.instead["CreateProcessingJob"] = [refusal("InternalFailure", status=500)]
    away.front.instead["DescribeProcessingJob"] = [refusal("InternalFailure", status=500)]
    done = away.rml("prepare")
    assert done.returncode == ExitStatus.RESOURCE
    assert f"whether {away.submitted()} was started says: rml --env dev jobs list" in done.stderr


def test_a_foreign_file_among_the_inputs_stops_it(submitted: Away) -> None:
    s3, bucket = submitted.account.client("s3"), submitted.account.buckets[0]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    code = next(item["Key"] for item in listed if item["Key"].endswith("sourcedir.tar.gz"))
    s3.put_object(Bucket=bucket, Key=code.replace("sourcedir.tar.gz", "tarfile.py"), Body=b"evil")
    done = submitted.rml("prepare", "--force")
    assert done.returncode == ExitStatus.DATA
    assert "tarfile.py" in done.stderr
    assert len(submitted.front.sent("CreateProcessingJob")) == 1


def test_what_lies_there_otherwise_is_uploaded_again(submitted: Away) -> None:
    s3, bucket = submitted.account.client("s3"), submitted.account.buckets[0]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    key = next(item["Key"] for item in listed if item["Key"].endswith("table.parquet"))
    was = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    kept = s3.head_object(Bucket=bucket, Key=key)
    s3.put_object(  # its metadata say what an uploader wrote: the bytes are others
        Bucket=bucket,
        Key=key,
        Body=bytes(len(was)),
        Metadata=kept["Metadata"],
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=submitted.account.key,
        ChecksumAlgorithm="SHA256",
    )
    assert submitted.rml("prepare", "--force").returncode == 0
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == was
    assert found["SSEKMSKeyId"] == submitted.account.key


# --- following ---


def test_expired_credentials_do_not_end_the_job(submitted: Away) -> None:
    name = submitted.submitted()
    expired = refusal("ExpiredTokenException", "The security token is expired")
    submitted.front.instead["DescribeProcessingJob"] = [expired]
    done = submitted.rml("jobs", "follow", name)
    assert done.returncode == ExitStatus.RESOURCE
    assert "the credentials have expired" in done.stderr
    assert "sign in again" in done.stderr
    assert (
        f"{name} goes on running; follow it with: rml --env dev jobs follow {name}" in done.stderr
    )
    assert submitted.submitted() == name
    assert submitted.rml("jobs", "follow", name).returncode == 0


def test_throttling_is_waited_for_and_said(submitted: Away) -> None:
    throttled = refusal("ThrottlingException", "Rate exceeded")
    submitted.front.instead["DescribeProcessingJob"] = [throttled, throttled]
    submitted.front.instead["DescribeLogStreams"] = [throttled]
    done = submitted.rml("jobs", "follow", submitted.submitted())
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("AWS throttles the requests of this account; asking again") == 3


def test_ctrl_c_leaves_the_job_running(submitted: Away) -> None:
    name = submitted.submitted()
    submitted.front.changes["DescribeProcessingJob"] = running
    process = submitted.start("jobs", "follow", name)
    said = ""
    for line in process.stdout or ():
        said += line
        if "InProgress" in line:
            break
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=60)[0]
    assert process.returncode == ExitStatus.INTERRUPTED
    assert "the job goes on running" in said
    assert f"rml --env dev jobs follow {name}" in said
    assert f"rml --env dev jobs stop {name}" in said
    assert "Traceback" not in said
    assert not submitted.front.sent("StopProcessingJob")
    submitted.front.changes.clear()
    assert submitted.rml("jobs", "follow", name).returncode == 0


@pytest.mark.parametrize("operation", ["CreateProcessingJob", "DescribeProcessingJob"])
def test_a_command_killed_at_any_moment_leaves_a_job_that_can_be_followed(
    away: Away, operation: str
) -> None:
    def kill(_: dict[str, Any]) -> None:
        process.kill()
        process.wait()

    away.front.after[operation] = kill
    process = away.start("prepare", "--wait")
    assert process.wait() == -signal.SIGKILL
    away.front.after.clear()
    assert not away.runs
    away.deliver()
    done = away.rml("jobs", "follow", away.submitted())
    assert done.returncode == 0, done.stderr
    assert len(away.runs) == 1
    assert not away.notes
    assert not [path for path in (away.repository / "runs/.incomplete").iterdir() if path.is_dir()]


def test_a_job_that_never_reached_aws_is_said_not_to_be_there(submitted: Away) -> None:
    (note,) = submitted.notes
    content = json.loads(note.read_text())
    never = "prepare-20260101-000000-000000"
    content.update(id=never, job=f"credit-default-{never}")
    note.with_name(f"{never}.json").write_text(json.dumps(content))
    done = submitted.rml("jobs", "follow", never)
    assert done.returncode == ExitStatus.JOB
    assert "there is no such job" in done.stderr
    assert [path.stem for path in submitted.notes] == [note.stem]


def test_a_stopped_job_is_said_to_be_stopped(submitted: Away) -> None:
    name = submitted.submitted()
    submitted.front.changes["DescribeProcessingJob"] = running
    stopped = submitted.rml("jobs", "stop", name)
    assert stopped.returncode == 0, stopped.stderr
    assert submitted.front.sent("StopProcessingJob") == [{"ProcessingJobName": name}]
    submitted.front.changes["DescribeProcessingJob"] = lambda answer: {
        **answer,
        "ProcessingJobStatus": "Stopped",
    }
    done = submitted.rml("jobs", "follow", name)
    assert done.returncode == ExitStatus.JOB
    assert "was stopped before its end" in done.stderr
    assert not submitted.runs
    assert not submitted.notes


def test_a_failed_job_gives_its_reason_and_its_log(submitted: Away) -> None:
    name = submitted.submitted()
    logs = submitted.account.client("logs")
    place = {"logGroupName": "/aws/sagemaker/ProcessingJobs", "logStreamName": f"{name}/algo-1-17"}
    logs.create_log_group(logGroupName=place["logGroupName"])
    logs.create_log_stream(**place)
    lines = ["progress prepare 1/3 writing train", "no rows are left"]
    now = int(time.time() * 1000)
    logs.put_log_events(**place, logEvents=[{"timestamp": now, "message": line} for line in lines])
    submitted.front.changes["DescribeProcessingJob"] = lambda answer: {
        **answer,
        "ProcessingJobStatus": "Failed",
        "FailureReason": "AlgorithmError: no rows are left",
    }
    done = submitted.rml("jobs", "follow", name)
    assert done.returncode == ExitStatus.JOB
    assert "the job failed: AlgorithmError: no rows are left" in done.stderr
    (log,) = (submitted.repository / "runs/.failed").glob("*.log")
    assert str(log) in done.stderr
    assert log.read_text().splitlines() == lines


def test_a_key_that_leads_out_of_the_run_is_refused(submitted: Away) -> None:
    submitted.deliver("output/../../../escaped.json")
    done = submitted.rml("jobs", "follow", submitted.submitted())
    assert done.returncode == ExitStatus.DATA
    assert "leads out of the run's folder" in done.stderr
    assert not submitted.runs
    assert not list(submitted.repository.rglob("escaped.json"))


# --- names ---


def test_a_name_that_no_job_has_is_a_usage_error(submitted: Away) -> None:
    done = submitted.rml("jobs", "follow", "credit-default-train-20260101-000000-abcdef")
    assert done.returncode == ExitStatus.USAGE
    assert "there is no such job" in done.stderr


def test_a_job_of_another_project_is_not_touched(submitted: Away) -> None:
    request = submitted.front.sent("CreateProcessingJob")[0]
    foreign = {**request, "ProcessingJobName": "churn-prepare-20260101-000000-abcdef"}
    submitted.account.client("sagemaker").create_processing_job(**foreign)
    for verb in ("follow", "stop"):
        done = submitted.rml("jobs", verb, foreign["ProcessingJobName"])
        assert done.returncode == ExitStatus.USAGE
        assert "it is a job of another project" in done.stderr
    listed = submitted.rml("jobs", "list").stdout
    assert submitted.submitted() in listed
    assert "churn" not in listed


def test_a_job_of_another_copy_is_followed_there(submitted: Away) -> None:
    shutil.rmtree(submitted.repository / "runs/.submitted")
    name = submitted.front.sent("CreateProcessingJob")[0]["ProcessingJobName"]
    done = submitted.rml("jobs", "follow", name)
    assert done.returncode == ExitStatus.USAGE
    assert "another copy of this repository" in done.stderr


def test_jobs_are_listed_with_what_became_of_them(submitted: Away) -> None:
    (job,) = json.loads(submitted.rml("jobs", "list", "--json").stdout)
    assert (job["name"], job["waits_to_be_followed"]) == (submitted.submitted(), True)
    assert submitted.rml("jobs", "follow", job["name"]).returncode == 0
    (job,) = json.loads(submitted.rml("jobs", "list", "--json").stdout)
    assert (job["status"], job["run"]) == ("Completed", job["name"].removeprefix("credit-default-"))


def test_many_jobs_of_a_longer_name_do_not_hide_ours(submitted: Away) -> None:
    request = submitted.front.sent("CreateProcessingJob")[0]
    client = submitted.account.client("sagemaker")
    for number in range(120):
        name = f"credit-default-2-prepare-20260101-000000-{number:06x}"
        client.create_processing_job(**{**request, "ProcessingJobName": name})
    (job,) = json.loads(submitted.rml("jobs", "list", "--json").stdout)
    assert job["name"] == submitted.submitted()
    assert len(submitted.front.sent("ListProcessingJobs")) > 1


def test_there_are_no_jobs_in_local(small: Path) -> None:
    done = rml(small, "jobs", "list")
    assert done.returncode == ExitStatus.USAGE
    assert "--env dev" in done.stderr

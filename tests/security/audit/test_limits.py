"""What an audit cannot see, what is not the project's, and what an exception lets pass."""

import datetime
import json
from typing import Any

import pytest
import yaml

from .conftest import Audited
from .lacking_double import refusal

pytestmark = pytest.mark.slow  # each makes an account and audits it

FIELD = "EnableNetworkIsolation"


def report(audited: Audited, *arguments: str, **environment: str) -> dict[str, Any]:
    """The audit as JSON."""
    result = audited.audit("--format", "json", *arguments, **environment)
    content: dict[str, Any] = json.loads(result.stdout)
    return {**content, "status": result.returncode}


def train(audited: Audited, name: str, **changes: Any) -> None:
    """A training job made by hand; what is None is left out."""
    from .compliant import training

    request = {**training(audited.team, name), **changes}
    audited.make("CreateTrainingJob", {k: v for k, v in request.items() if v is not None})


def names(found: dict[str, Any]) -> dict[str, str]:
    """The training jobs that were looked at, and why."""
    return {r["name"]: r["belongs"] for r in found["resources"] if r["kind"] == "training job"}


# --- what could not be looked at ---


def test_nothing_found_in_an_account_that_is_right(audited: Audited) -> None:
    train(audited, "credit-default-train-1")
    found = report(audited)
    assert (found["status"], found["complete"], found["findings"]) == (0, True, [])


def test_a_list_that_is_denied_makes_the_audit_incomplete(audited: Audited) -> None:
    audited.front.refused["ListMonitoringSchedules"] = "AccessDeniedException"
    found = report(audited)
    assert (found["status"], found["complete"]) == (6, False)
    (unseen,) = found["could_not_look"]
    assert unseen["what"] == "ListMonitoringSchedules"
    assert "AWS denies the call" in unseen["reason"]


def test_findings_weigh_more_than_what_was_not_seen(audited: Audited) -> None:
    audited.front.refused["ListMonitoringSchedules"] = "AccessDeniedException"
    train(audited, "credit-default-train-1", **{FIELD: False})
    found = report(audited)
    assert (found["status"], found["complete"], len(found["findings"])) == (1, False, 1)


def test_a_resource_that_may_not_be_described_is_named(audited: Audited) -> None:
    train(audited, "credit-default-train-1")
    audited.front.refused["DescribeTrainingJob"] = "AccessDeniedException"
    found = report(audited)
    assert [u["what"] for u in found["could_not_look"]] == ["training job credit-default-train-1"]


def test_a_resource_whose_tags_may_not_be_read_is_named(audited: Audited) -> None:
    train(audited, "credit-default-train-1")
    audited.front.refused["ListTags"] = "AccessDeniedException"
    (unseen,) = report(audited)["could_not_look"]
    assert unseen["what"] == "tags of training job credit-default-train-1"


def test_a_resource_that_goes_away_meanwhile_is_no_matter(audited: Audited) -> None:
    train(audited, "credit-default-train-1")
    audited.front.instead["DescribeTrainingJob"] = [refusal("ResourceNotFound")]
    found = report(audited)
    assert (found["status"], found["complete"], names(found)) == (0, True, {})


def test_an_operation_that_the_region_does_not_have_is_no_gap(audited: Audited) -> None:
    audited.front.refused["ListAIBenchmarkJobs"] = "UnknownOperationException"
    found = report(audited)
    assert (found["status"], found["complete"]) == (0, True)
    assert found["not_offered"] == ["ListAIBenchmarkJobs"]


def test_what_moto_does_not_have_at_all_could_not_be_looked_at(audited: Audited) -> None:
    """Without the front: a server that answers 500 to what it does not know."""
    found = report(audited, AWS_ENDPOINT_URL=audited.account.moto.url)
    assert (found["status"], found["complete"]) == (6, False)
    reasons = {u["what"]: u["reason"] for u in found["could_not_look"]}
    assert reasons["ListMonitoringSchedules"] == "AWS did not answer (500); try again in a minute"


def test_what_is_missing_is_not_told_to_be_left_out(audited: Audited) -> None:
    train(audited, "credit-default-train-1", VpcConfig=None, **{FIELD: False})
    fixes = {f["control"]: f["fix"] for f in report(audited)["findings"]}
    assert "RML-VPC-1" in fixes
    assert "out" not in fixes["RML-VPC-1"].split()


def test_a_throttled_call_is_made_again(audited: Audited) -> None:
    train(audited, "credit-default-train-1", **{FIELD: False})
    audited.front.instead["ListTrainingJobs"] = [refusal("ThrottlingException")] * 2
    found = report(audited, AWS_MAX_ATTEMPTS="4")
    assert (found["complete"], len(found["findings"])) == (True, 1)


def test_every_page_of_a_list_is_read(audited: Audited) -> None:
    from .compliant import schedule

    audited.front.page_size = 2
    for number in range(5):
        name = f"credit-default-schedule-{number}"
        request = schedule(audited.team, name)
        network = request["MonitoringScheduleConfig"]["MonitoringJobDefinition"]["NetworkConfig"]
        changed = {**network, FIELD: number != 4}
        request["MonitoringScheduleConfig"]["MonitoringJobDefinition"]["NetworkConfig"] = changed
        audited.make("CreateMonitoringSchedule", request)
    found = report(audited)
    assert [f["name"] for f in found["findings"]] == ["credit-default-schedule-4"]
    assert len(audited.front.sent("ListMonitoringSchedules")) == 3


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 6, "there are no AWS credentials"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 6, "AWS is not reached"),
    ],
)
def test_what_makes_every_question_useless_stops_the_audit(
    audited: Audited, change: dict[str, str], status: int, words: str
) -> None:
    result = audited.audit(**change)
    assert result.returncode == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_credentials_that_expire_on_the_way_stop_it(audited: Audited) -> None:
    audited.front.refused["ListModels"] = "ExpiredTokenException"
    result = audited.audit()
    assert result.returncode == 6
    assert "the credentials have expired" in result.stderr
    assert result.stdout == ""


def test_another_account_is_not_audited(audited: Audited) -> None:
    path = audited.account.repository / "config/environments/dev.yaml"
    path.write_text(path.read_text().replace("123456789012", "111122223333"))
    result = audited.audit()
    assert result.returncode == 6
    assert "account 111122223333" in result.stderr


def test_the_environment_local_has_no_account(audited: Audited) -> None:
    result = audited.audit("--env", "local")
    assert result.returncode == 2
    assert "local is none" in result.stderr


# --- whose a resource is ---


@pytest.mark.long
def test_what_is_the_projects_and_what_is_not(audited: Audited) -> None:
    other = [{"Key": "project", "Value": "another"}]
    prod = [*audited.team.tags[:1], {"Key": "environment", "Value": "prod"}]
    foreign = "arn:aws:iam::123456789012:role/anothers"
    train(audited, "by-tags-alone", RoleArn=foreign)
    train(audited, "credit-default-by-name", RoleArn=foreign, Tags=None)
    train(audited, "by-role-alone", Tags=None)
    train(audited, "by-role-though-it-says-another", Tags=other)
    train(audited, "credit-default-of-another", RoleArn=foreign, Tags=other)
    train(audited, "credit-default-of-prod", RoleArn=foreign, Tags=prod)
    train(audited, "credit-defaults-is-another-name", RoleArn=foreign, Tags=None)
    assert names(report(audited)) == {
        "by-tags-alone": "tag",
        "credit-default-by-name": "name",
        "by-role-alone": "role",
        "by-role-though-it-says-another": "role",
    }
    assert set(names(report(audited, "--all")).values()) == {"account"}


@pytest.mark.long
def test_jobs_of_before_can_be_left_out_and_nothing_else(audited: Audited) -> None:
    from .compliant import model

    train(audited, "credit-default-train-1")
    audited.make("CreateModel", model(audited.team, "credit-default-model"))
    today = datetime.datetime.now(datetime.UTC).date()
    tomorrow = str(today + datetime.timedelta(days=1))
    kinds = {r["kind"] for r in report(audited, "--since", str(today))["resources"]}
    assert kinds == {"training job", "model", "bucket", "key"}
    later = report(audited, "--since", tomorrow)
    assert {r["kind"] for r in later["resources"]} == {"model", "bucket", "key"}
    assert later["since"] == f"{tomorrow}T00:00:00+00:00"


def test_the_keys_id_is_the_key(audited: Audited) -> None:
    short = audited.account.key.rpartition("/")[2]
    output = {"S3OutputPath": f"{audited.team.model}/out", "KmsKeyId": short}
    train(audited, "credit-default-train-1", OutputDataConfig=output)
    assert report(audited)["findings"] == []


def test_what_a_schedule_starts_has_the_tags_of_the_schedule(audited: Audited) -> None:
    from .compliant import processing, schedule

    audited.make("CreateMonitoringSchedule", schedule(audited.team, "credit-default-schedule"))
    for name in ("started-by-the-schedule", "started-by-hand"):
        request = processing(audited.team, name)
        del request["Tags"]
        audited.make("CreateProcessingJob", request)
    (kept,) = audited.front.kept

    def started(answer: dict[str, Any]) -> dict[str, Any]:
        by_itself = answer["ProcessingJobName"] == "started-by-the-schedule"
        return {**answer, "MonitoringScheduleArn": kept.arn} if by_itself else answer

    audited.front.changes["DescribeProcessingJob"] = started
    found = report(audited)
    assert [(f["control"], f["name"]) for f in found["findings"]] == [
        ("RML-TAG-1", "started-by-hand")
    ]


# --- the environment's own buckets and key ---


def test_buckets_and_key_are_held_to_the_checks_of_the_preflight(audited: Audited) -> None:
    data = audited.account.buckets[0]
    audited.account.client("s3").delete_public_access_block(Bucket=data)
    audited.account.client("s3").delete_bucket_policy(Bucket=data)
    audited.account.client("kms").disable_key_rotation(KeyId=audited.account.key)
    found = report(audited)
    assert {(f["control"], f["kind"]) for f in found["findings"]} == {
        ("PRE-BUCKET-4", "bucket"),
        ("PRE-BUCKET-6", "bucket"),
        ("PRE-BUCKET-7", "bucket"),
        ("PRE-KEY-5", "key"),
    }
    assert all(f["fix"].startswith("aws ") for f in found["findings"])


# --- exceptions ---


def test_what_is_excepted_stands_apart(audited: Audited) -> None:
    exception = {
        "control": "RML-ISO-1",
        "environment": "dev",
        "names": ["credit-default-train-1*"],
        "reason": "The vendor's licence server is not reached otherwise.",
        "requested_by": "data.scientist@example.com",
        "agreed_by": "security.officer@example.com",
        "until": datetime.date.today() + datetime.timedelta(days=5),
    }
    path = audited.account.repository / "config/exceptions.yaml"
    path.write_text(yaml.safe_dump({"exceptions": [exception]}))
    train(audited, "credit-default-train-1", **{FIELD: False})
    train(audited, "credit-default-train-2", **{FIELD: False})
    found = report(audited, "--page")
    assert [f["name"] for f in found["findings"]] == ["credit-default-train-2"]
    assert [f["name"] for f in found["excepted"]] == ["credit-default-train-1"]
    assert found["exceptions"][0]["agreed_by"] == "security.officer@example.com"
    page = (audited.account.repository / "reports/audit-dev.html").read_text("utf-8")
    assert "ONE EXCEPTION" in page
    assert "Let pass by an exception in force" in page
    hub = json.loads(audited.audit("--format", "asff").stdout)["Findings"]
    assert [f["Workflow"]["Status"] for f in hub] == ["NEW", "SUPPRESSED"]

"""`rml environment preflight` as people and scripts start it, against what can be in its way."""

import base64
import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aws import ACCOUNT, Account, Moto, seed
from commands import rml

from regulated_ml.errors import ExitStatus
from regulated_ml.security.preflight.checks import CHECKS
from security.preflight.conftest import Preflight, found
from security.preflight.defects import configure
from security.preflight.seeding import make_ready


@pytest.fixture
def whole(moto: Moto, sample: Path, tmp_path: Path) -> Account:
    """A ready account with a whole repository, in which the command runs."""
    account = seed(moto, Path(shutil.copytree(sample, tmp_path / "whole")))
    make_ready(account)
    return account


def command(account: Account, variables: dict[str, str], *options: str, **more: str) -> Any:
    arguments = ("--env", "dev", "environment", "preflight", *options)
    return rml(account.repository, *arguments, **{**variables, "RML_ENV": "", **more})


@pytest.fixture
def variables_of(whole: Account, quotas_at: str) -> dict[str, str]:
    """What a process needs to reach the account of the whole repository."""
    return {**whole.environment, "AWS_ENDPOINT_URL_SERVICE_QUOTAS": quotas_at}


def test_ready_is_status_0_and_every_check_is_shown(
    whole: Account, variables_of: dict[str, str]
) -> None:
    result = command(whole, variables_of)
    assert result.returncode == ExitStatus.OK, result.stdout + result.stderr
    assert "The account is ready." in result.stdout
    assert all(check.id in result.stdout for check in CHECKS)


def test_findings_are_status_1_with_the_command_that_mends_each(
    whole: Account, variables_of: dict[str, str]
) -> None:
    whole.client("kms").disable_key_rotation(KeyId=whole.key)
    result = command(whole, variables_of)
    assert result.returncode == ExitStatus.FOUND
    fix = f"aws kms enable-key-rotation --key-id {whole.key} --region eu-central-1"
    assert fix in result.stdout.replace("\n", "")
    content = json.loads(command(whole, variables_of, "--format", "json").stdout)
    (finding,) = [entry for entry in content["entries"] if entry["state"] == "found"]
    assert finding["check"] == "PRE-KEY-5"
    assert finding["found"] == "does not rotate"
    assert finding["fix"] == fix
    assert content["counts"]["found"] == 1
    assert content["account"] == ACCOUNT


def test_the_environment_local_has_no_account(whole: Account) -> None:
    result = rml(whole.repository, "environment", "preflight")
    assert result.returncode == ExitStatus.USAGE
    assert "rml --env dev" in result.stderr


def test_without_credentials_one_sentence_says_so(
    whole: Account, variables_of: dict[str, str]
) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    result = command(whole, variables_of, **none)
    assert result.returncode == ExitStatus.RESOURCE
    assert "there are no AWS credentials" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_region_without_sagemaker_is_refused_before_anything_is_asked(
    whole: Account, variables_of: dict[str, str]
) -> None:
    configure(whole, aws_region="eu-central-9")
    result = command(whole, variables_of, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert result.returncode == ExitStatus.CONFIGURATION
    assert "config/environments/dev.yaml: aws_region" in result.stderr
    assert "region with SageMaker" in result.stderr


def test_aws_that_is_not_reached_is_one_sentence(
    whole: Account, variables_of: dict[str, str]
) -> None:
    result = command(whole, variables_of, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert result.returncode == ExitStatus.RESOURCE
    assert "AWS is not reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_in_another_account_nothing_else_is_judged(ready: Account, preflight: Preflight) -> None:
    other = "999988887777"
    configure(
        ready,
        aws_account_id=other,
        kms_key_arn=ready.key.replace(ACCOUNT, other),
        execution_role_arn=ready.role.replace(ACCOUNT, other),
    )
    report = preflight()
    assert found(report) == {"PRE-ACCOUNT-1"}
    (finding,) = report.findings
    assert (finding.found, finding.required) == (f"account {ACCOUNT}", f"account {other}")
    assert {e.state for e in report.entries[1:]} == {"skipped"}


# --- what cannot be seen is said ---


def test_what_the_account_does_not_answer_is_a_finding(
    ready: Account, preflight: Preflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto has no such operation, and answers 500.
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", ready.moto.url)
    report = preflight()
    (finding,) = report.findings
    assert (finding.check, finding.state) == ("PRE-QUOTA-1", "unknown")
    assert finding.found == "could not look: AWS did not answer (500)"
    assert finding.fix == "try again in a minute"


@pytest.fixture
def allowed(ready: Account, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Signs in as a user who may only do what is given; moto denies the rest, as IAM does."""

    def sign_in(*actions: str) -> None:
        iam = ready.client("iam")
        iam.create_user(UserName="looker")
        key = iam.create_access_key(UserName="looker")["AccessKey"]
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="looker", PolicyName="look", PolicyDocument=policy)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        _post(ready.moto, "reset-auth", b"0")

    yield sign_in
    _post(ready.moto, "reset-auth", b"inf")


def _post(moto: Moto, path: str, body: bytes = b"") -> None:
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{moto.url}/moto-api/{path}", body, plain, method="POST")
    urllib.request.urlopen(request).close()


# moto calls some of S3's actions by the operation, and not by their name in IAM.
OF_MOTO = ("s3:HeadBucket", "s3:GetBucketEncryption", "s3:GetPublicAccessBlock")
ACTIONS = sorted({*OF_MOTO, *(action for check in CHECKS for action in check.calls)})


@pytest.fixture
def own_session(sessions: list[Any]) -> Any:
    """A session that is made for this test, with its credentials."""
    kept = sessions.copy()
    sessions.clear()
    yield
    sessions[:] = kept


@pytest.mark.usefixtures("own_session")
def test_a_denied_check_is_a_finding_and_stops_no_other(allowed: Any, preflight: Preflight) -> None:
    allowed(*(action for action in ACTIONS if action != "ec2:DescribeFlowLogs"))
    report = preflight()
    (finding,) = report.findings
    assert (finding.check, finding.state) == ("PRE-VPC-5", "unknown")
    assert "AWS denies the call" in finding.found
    assert "ec2:DescribeFlowLogs" in finding.fix


@pytest.mark.usefixtures("own_session")
def test_the_rows_name_every_call_that_is_made(allowed: Any, preflight: Preflight) -> None:
    allowed(*ACTIONS)
    assert preflight().findings == ()


# --- it only looks ---


def test_nothing_is_asked_that_would_change_anything(ready: Account, preflight: Preflight) -> None:
    for step in ("reset-recording", "start-recording"):
        _post(ready.moto, f"recorder/{step}")
    ready.client("kms").disable_key_rotation(KeyId=ready.key)
    preflight()
    _post(ready.moto, "recorder/stop-recording")
    with urllib.request.urlopen(f"{ready.moto.url}/moto-api/recorder/download-recording") as answer:
        calls = [operation(json.loads(line)) for line in answer.read().splitlines()]
    own, looked = calls[0], calls[1:]
    assert own == "DisableKeyRotation"  # the test's: so the recorder sees what changes something
    assert len(looked) > 25
    reads = ("Describe", "Get", "List", "HEAD", "GET")
    assert [call for call in looked if not call.startswith(reads)] == []


def operation(request: dict[str, Any]) -> str:
    """What a recorded request asks for: an operation, or of S3 the method."""
    if target := request["headers"].get("X-Amz-Target"):
        return str(target.rpartition(".")[2])
    body = base64.b64decode(request["body"] or b"").decode()
    return parse_qs(body)["Action"][0] if "Action=" in body else str(request["method"])

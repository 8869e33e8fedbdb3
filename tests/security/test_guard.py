"""The guard in processes of a rendered repository: when it is on, what it goes by, what it logs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from aws import Account, Moto
from commands import rml

from regulated_ml.security.guard import PLUGIN, VARIABLE, doctor
from regulated_ml.security.guard.log import group

# A client and a request; the answer is what was sent, or what stopped it.
REQUEST = """
import boto3, json, os, sys
from botocore.exceptions import ConnectionError

client = boto3.client("sagemaker", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9",
    aws_access_key_id="x", aws_secret_access_key="x")
sent = []
client.meta.events.register("before-send", lambda request, **_: sent.append(request.body))

def make(name="credit-default-model", **parts):
    sent.clear()
    try:
        client.create_model(ModelName=name, **parts)
    except ConnectionError:
        print("sent", json.dumps(json.loads(sent[0])))
    except Exception as error:
        print("stopped", type(error).__name__, str(error).replace("\\n", " "))
    sys.stdout.flush()
"""


def python(repository: Path, code: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A Python process of the repository that knows nothing of the guard."""
    environment = {"PYTHONPATH": str(repository / "src"), "AWS_MAX_ATTEMPTS": "1", **variables}
    return subprocess.run(
        [sys.executable, "-c", REQUEST + code],
        cwd=repository,
        env={**os.environ, "BOTOCORE_EXPERIMENTAL__PLUGINS": PLUGIN, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_environment_is_that_of_the_moment_and_is_said_once(repository: Path) -> None:
    code = """
make()
os.environ["RML_ENV"] = "dev"
make()
make()
"""
    done = python(repository, code)
    first, second, third = done.stdout.splitlines()
    assert first.startswith("stopped GuardRefusal") and "RML-LOCAL-1" in first
    key = yaml.safe_load((repository / "config/environments/dev.yaml").read_text())["kms_key_arn"]
    assert json.loads(second.removeprefix("sent "))["EnableNetworkIsolation"] is True
    assert key not in second  # a model has no volume
    assert third == second
    assert done.stderr.splitlines() == [
        "regulated_ml: guard on, environment local",
        "regulated_ml: guard on, environment dev",
    ]


def test_what_is_missing_is_filled_and_what_contradicts_is_refused_all_at_once(
    repository: Path,
) -> None:
    code = """
make(
    EnableNetworkIsolation=False,
    VpcConfig={"Subnets": ["subnet-00000000"], "SecurityGroupIds": []},
    ExecutionRoleArn="arn:aws:iam::111122223333:role/other-team-role",
)
"""
    said = python(repository, code, RML_ENV="dev").stdout
    assert said.startswith("stopped GuardRefusal CreateModel was not sent")
    for control in ("RML-ISO-1", "RML-VPC-1", "RML-ROLE-1"):
        assert control in said
    for field in ("EnableNetworkIsolation", "VpcConfig.Subnets", "ExecutionRoleArn"):
        assert field in said
    assert "VpcConfig.SecurityGroupIds" not in said  # empty: filled


def test_a_change_of_the_configuration_is_seen_by_a_process_that_runs(repository: Path) -> None:
    code = """
import time
make()
path = "config/environments/dev.yaml"
text = open(path).read()
open(path, "w").write(text.replace("kms_key_arn", "kms_key_arm"))
time.sleep(2.1)
make()
make()
open(path, "w").write(text)
make()
"""
    said = python(repository, code, RML_ENV="dev").stdout.splitlines()
    assert [line.split()[0] for line in said] == ["sent", "stopped", "stopped", "sent"]
    assert "UserError" in said[1]


@pytest.mark.parametrize("environment", ["prod", "dve", "../dev"])
def test_an_environment_that_is_not_there_lets_nothing_out(
    repository: Path, environment: str
) -> None:
    assert python(repository, "make()", RML_ENV=environment).stdout.startswith("stopped UserError")


def test_a_broken_control_of_the_organisation_lets_nothing_out(repository: Path) -> None:
    path = repository / "config/controls.yaml"
    path.write_text("controls: [{id: BANK-1, title: x}]\ntighten: []\n")
    assert python(repository, "make()", RML_ENV="dev").stdout.startswith("stopped UserError")


EXCEPTION = {
    "control": "RML-ISO-1",
    "environment": "dev",
    "names": ["credit-default-model-*"],
    "reason": "The vendor's model asks its licence server at every start.",
    "requested_by": "a@example.com",
    "agreed_by": "b@example.com",
    "until": "2026-12-31",
}


def except_(repository: Path, **changes: str) -> None:
    """Writes the exception into the repository's file."""
    path = repository / "config/exceptions.yaml"
    path.write_text(yaml.safe_dump({"exceptions": [{**EXCEPTION, **changes}]}))


def test_an_exception_holds_for_its_names_and_each_use_is_logged(repository: Path) -> None:
    import datetime

    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    except_(repository, until=str(tomorrow))
    code = """
make("credit-default-model-7", EnableNetworkIsolation=False)
make("credit-default-other-7", EnableNetworkIsolation=False)
"""
    passed, refused = python(repository, code, RML_ENV="dev").stdout.splitlines()
    assert json.loads(passed.removeprefix("sent "))["EnableNetworkIsolation"] is False
    assert "RML-ISO-1" in refused
    log = (repository / "logs/guard-dev.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in log)
    assert (first["outcome"], first["name"]) == ("excepted", "credit-default-model-7")
    assert [v["control"] for v in first["excepted"]] == ["RML-ISO-1"]
    assert (second["outcome"], second["operation"]) == ("refused", "CreateModel")


def test_an_exception_that_has_expired_lets_nothing_out(repository: Path) -> None:
    except_(repository, until="2020-01-01")
    said = python(repository, 'make("credit-default-model-7")', RML_ENV="dev").stdout
    assert said.startswith("stopped UserError") and "expired" in said


def test_a_log_that_cannot_be_written_is_said_and_refuses_all_the_same(repository: Path) -> None:
    (repository / "logs").write_text("a file in the folder's place")
    done = python(repository, "make()")
    assert done.stdout.startswith("stopped GuardRefusal")
    assert "log is not written" in done.stderr


def test_refusals_reach_the_log_group_of_the_account_and_none_twice(account: Account) -> None:
    logs = account.client("logs")
    code = "make(EnableNetworkIsolation=False)"
    # Without the group, the lines wait; with it, they are sent with the next one.
    python(account.repository, code, **account.environment)
    logs.create_log_group(logGroupName=group("credit-default", "dev"))
    for _ in range(2):
        python(account.repository, code, **account.environment)
    events = logs.get_log_events(logGroupName=group("credit-default", "dev"), logStreamName="dev")
    lines = [json.loads(event["message"]) for event in events["events"]]
    local = (account.repository / "logs/guard-dev.jsonl").read_text().splitlines()
    assert lines == [json.loads(line) for line in local]
    assert len(lines) == 3


def test_the_file_that_loads_the_guard_is_what_the_doctor_expects() -> None:
    assert Path(doctor.__file__).with_name(doctor.PTH).read_text() == doctor.LINE


@pytest.mark.parametrize("before", ["", "DISABLED", "a=b", f"a=b,{PLUGIN}", f"{PLUGIN},a=b"])
def test_it_keeps_the_plugins_of_others_and_comes_once(before: str, tmp_path: Path) -> None:
    (tmp_path / doctor.PTH).write_text(doctor.LINE)
    code = f"import site, os; site.addsitedir({str(tmp_path)!r}); print(os.environ[{VARIABLE!r}])"
    environment = {**os.environ, VARIABLE: before}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    plugins = done.stdout.strip().split(",")
    assert sorted(plugins) == sorted({PLUGIN, *(["a=b"] if "a=b" in before else [])})


def test_the_doctor_says_where_the_guard_is_off(repository: Path, moto: Moto) -> None:
    # This Python is not the environment that `make setup` makes: no .pth file brings the guard.
    result = rml(repository, "security", "doctor", "--json", **moto.environment)
    findings = {each["check"]: each["ok"] for each in json.loads(result.stdout)}
    assert result.returncode == 1
    assert findings["rml refuses a forbidden request"]
    assert not (repository / "logs").exists()  # a proof is no attempt
    assert not findings["a bare python refuses it too"]
    assert not findings["every Python of the environment loads the guard"]


def test_rml_does_nothing_on_aws_when_the_guard_is_not_on(account: Account) -> None:
    # botocore that no longer knows the variable: the guard would be off without a word.
    (account.repository / "src/sitecustomize.py").write_text(
        "import botocore.session\nbotocore.session.get_botocore_plugins = lambda: None\n"
    )
    result = rml(
        account.repository, "--env", "dev", "environment", "preflight", **account.environment
    )
    assert result.returncode == 3
    assert "clients of AWS are not guarded" in result.stderr
    assert "Traceback" not in result.stderr

"""`rml security policies` and `rml security package`: what they print, and how they end."""

import json
import re

from aws import Account
from commands import rml


def test_policies_are_listed_with_their_sizes_and_limits(account: Account) -> None:
    done = rml(account.repository, "security", "policies", "--env", "dev", "--json")
    assert done.returncode == 0, done.stderr
    rows = {(each["name"], each["kind"]): each for each in json.loads(done.stdout)}
    row = rows["credit-default-dev-guardrails-1", "managed policy"]
    assert row["size"] <= row["at_most"] <= row["limit"] == 6144
    assert "${" not in json.dumps(row["document"])


def test_without_an_environment_the_largest_sizes_are_listed(account: Account) -> None:
    done = rml(account.repository, "security", "policies")
    assert done.returncode == 0, done.stderr
    assert "${Slug}-${Environment}-boundary" in done.stdout


def test_one_policy_is_shown_as_json(account: Account) -> None:
    name = "credit-default-dev-boundary"
    done = rml(account.repository, "security", "policies", "--env", "dev", "--show", name)
    assert json.loads(done.stdout)["Version"] == "2012-10-17"


def test_an_unknown_policy_is_a_mistake_that_names_the_known(account: Account) -> None:
    done = rml(account.repository, "security", "policies", "--env", "dev", "--show", "nothing")
    assert done.returncode == 2
    assert "credit-default-dev-boundary" in done.stderr


def test_two_questions_at_once_are_a_mistake(account: Account) -> None:
    assert rml(account.repository, "security", "policies", "--write", "--diff").returncode == 2


def test_a_difference_needs_an_environment_on_aws(account: Account) -> None:
    done = rml(account.repository, "security", "policies", "--diff")
    assert done.returncode == 2
    assert "environment on AWS" in done.stderr


def test_an_organisations_control_that_is_too_long_for_a_policy_is_told(account: Account) -> None:
    fields = {f"CreateAction{number}": ["Tags"] for number in range(300)}
    requirement = {
        "must": {"equal": "x"},
        "condition_key": "sagemaker:RootAccess",
        "fields": fields,
    }
    control = {
        "id": "BANK-LONG-1",
        "title": "long",
        "why": "long",
        "severity": "low",
        "can_be_excepted": True,
        "requirements": [requirement],
    }
    path = account.repository / "config/controls.yaml"
    path.write_text(json.dumps({"controls": [control], "tighten": []}))
    done = rml(account.repository, "security", "policies", "--env", "dev")
    assert done.returncode == 3
    assert "longer than AWS takes" in done.stderr


def test_a_difference_is_a_block_that_says_what_and_where(account: Account) -> None:
    done = rml(
        *(account.repository, "--env", "dev", "security", "policies", "--diff"),
        **{**account.environment, "COLUMNS": "80"},  # type: ignore[arg-type]
    )
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"\d+ differences:", lines[0])
    assert "  state     missing" in lines
    assert "  deployed  nothing" in lines
    statements = [line[12:] for line in lines if line.startswith("  expected  {")]
    assert statements  # whole, whatever their length: a line that is JSON
    assert all(isinstance(json.loads(text), dict) for text in statements)


def test_the_archive_is_uploaded_under_the_teams_key(account: Account) -> None:
    done = rml(
        *(account.repository, "security", "package", "--env", "dev", "--upload", "--json"),
        **account.environment,  # type: ignore[arg-type]
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    found = account.client("s3").head_object(Bucket=account.buckets[0], Key=content["CodeKey"])
    assert found["SSEKMSKeyId"] == account.key
    size = (account.repository / content["archive"]).stat().st_size
    assert found["ContentLength"] == size

"""Each defect of an account is found, and it alone; the command that is printed mends it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws import Account

from regulated_ml.security.preflight.checks import CHECKS
from security.preflight.conftest import Preflight, found
from security.preflight.defects import DEFECTS, forget_policy
from security.preflight.seeding import NAMES


def test_an_account_that_is_ready_has_no_findings(ready: Account, preflight: Preflight) -> None:
    report = preflight()
    assert [entry for entry in report.entries if entry.state != "passed"] == []
    assert {entry.check for entry in report.entries} == {check.id for check in CHECKS}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_it_alone(ready: Account, preflight: Preflight, name: str) -> None:
    defect = DEFECTS[name]
    defect.spoil(ready)
    report = preflight()
    assert found(report) == {defect.check, *defect.follows}, report.findings
    assert all(entry.state == "found" and entry.fix for entry in report.findings)


def test_a_role_without_its_policy_cannot_use_the_key(ready: Account, preflight: Preflight) -> None:
    forget_policy(ready)
    assert found(preflight()) == {"PRE-KEY-6", "PRE-ROLE-5"}


# One for each check whose command leaves nothing to do by hand; they do not hide one another.
# Private names are not among them, because moto's ModifyVpcEndpoint leaves them as they were.
TOGETHER = (
    "key to be deleted",
    "key that does not rotate",
    "key for administrators",
    "role for people",
    "role without a boundary",
    "role that may more",
    "role with one more policy",
    "bucket under S3's key",
    "bucket without a block",
    "bucket without versions",
    "bucket for plain HTTP",
    "VPC that resolves no names",
    "VPC that gives no names",
    "route to the internet in the main table",
    "group open to all",
    "group open to all of IPv6",
    "group that lets everything out",
    "endpoint that is shut",
    "endpoint in one zone",
    "endpoint of codecommit missing",
    "endpoint of S3 in another table",
)


@pytest.mark.slow
def test_the_commands_that_are_printed_mend_what_is_found(
    ready: Account, preflight: Preflight, variables: dict[str, str]
) -> None:
    # What gives a key back disables it; what forgets the rotation must come before.
    for name in reversed(TOGETHER):
        DEFECTS[name].spoil(ready)
    report = preflight()
    assert found(report) == {DEFECTS[name].check for name in TOGETHER}
    for entry in report.findings:
        apply(entry.fix, variables)
    assert preflight().findings == ()


def apply(command: str, variables: dict[str, str]) -> None:
    """Pastes a command into a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, **variables, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, (command, result.stderr)


def test_the_commands_for_a_bucket_do_not_undo_each_other(
    ready: Account, preflight: Preflight, variables: dict[str, str]
) -> None:
    bucket = ready.buckets[0]
    ready.client("s3").delete_bucket_policy(Bucket=bucket)
    report = preflight()
    fixes = {entry.check: entry.fix for entry in report.findings}
    assert set(fixes) == {"PRE-BUCKET-6", "PRE-BUCKET-7"}
    for fix in fixes.values():
        apply(fix, variables)
        assert "infrastructure/storage.yaml" in fix
    assert preflight().findings == ()


def test_an_empty_account_shows_all_that_is_missing_at_once(
    account: Account, preflight: Preflight
) -> None:
    account.moto.reset()
    report = preflight()
    missing = {
        f"PRE-{kind}-1" for kind in ("ROLE", "KEY", "BUCKET", "TRAIL", "VPC", "SUBNET", "GROUP")
    }
    assert found(report) == missing
    assert [entry.check for entry in report.findings].count("PRE-BUCKET-1") == len(account.buckets)
    assert all("not looked at" in e.found for e in report.entries if e.state == "skipped")


def test_a_bare_account_shows_all_defects_at_once(account: Account, preflight: Preflight) -> None:
    report = preflight()
    assert {
        *(
            "PRE-ROLE-3",
            "PRE-ROLE-5",
            "PRE-KEY-5",
            "PRE-KEY-6",
            "PRE-VPC-3",
            "PRE-VPC-5",
            "PRE-GROUP-4",
        ),
        *("PRE-ENDPOINT-1", "PRE-ENDPOINT-5", "PRE-TRAIL-2"),
        *(f"PRE-BUCKET-{number}" for number in range(3, 8)),
    } == found(report)
    services = {entry.subject for entry in report.findings if entry.check == "PRE-ENDPOINT-1"}
    assert services == set(NAMES)


def test_too_few_instances_are_found(
    ready: Account, preflight: Preflight, quotas: dict[str, float]
) -> None:
    quotas["ml.m5.xlarge for processing job usage"] = 0
    del quotas["ml.m5.xlarge for spot training job usage"]
    report = preflight()
    assert found(report) == {"PRE-QUOTA-1"}
    assert len(report.findings) == 2
    assert "request-service-quota-increase" in report.findings[1].fix


def test_a_check_comes_after_those_that_it_needs() -> None:
    seen: list[str] = []
    for check in CHECKS:
        assert set(check.needs) <= set(seen), check.id
        assert check.id not in seen
        seen.append(check.id)

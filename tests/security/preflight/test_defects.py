"""Each defect of an account is found, and it alone; the command that is printed mends it."""


import pytest
from aws import Account

from regulated_ml.security.preflight.checks import CHECKS
from security.preflight.conftest import Preflight, found
from security.preflight.defects import DEFECTS


def test_an_account_that_is_ready_has_no_findings(ready: Account, preflight: Preflight) -> None:
    report = preflight()
    assert [entry for entry in report.entries if entry.state != "passed"] == []
    assert {entry.check for entry in report.entries} == {check.id for check in CHECKS}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_it_alone(ready: Account, preflight: Preflight, name: str) -> None:
    DEFECTS[name].spoil(ready)
    report = preflight()
    assert found(report) == {DEFECTS[name].check}, report.findings
    assert all(entry.state == "found" and entry.fix for entry in report.findings)

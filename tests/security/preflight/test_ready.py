from aws import Account
from security.preflight.conftest import Preflight


def test_an_account_that_is_ready_has_no_findings(ready: Account, preflight: Preflight) -> None:
    report = preflight()
    assert [entry for entry in report.entries if entry.state != "passed"] == []

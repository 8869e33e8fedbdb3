"""The audit of a real account: moto over HTTP, seeded by hand around the guard."""

import json

from .conftest import Audited
from .seeded import PLANTED


def test_it_finds_all_that_was_planted_and_nothing_else(seeded: Audited) -> None:
    result = seeded.audit("--format", "json", "--page")
    import shutil

    shutil.copytree(seeded.account.repository / "reports", "/tmp/auditpage", dirs_exist_ok=True)
    report = json.loads(result.stdout)
    found = {(f["control"], f["name"], f["field"]) for f in report["findings"]}
    print(len(found))
    print(report["could_not_look"])
    print(sorted(found))
    print(result.stderr[-2000:])
    assert 0

"""The audit of an account seeded by hand around the guard, in all of its forms."""

import hashlib
import json
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from commands import rml

from regulated_ml.security.catalogue import standard_controls

from .compliant import COMPLIANT
from .conftest import Outputs
from .planted import PLANTED, named

MODEL = Session().get_service_model("sagemaker")


@pytest.fixture(scope="session")
def report(outputs: Outputs) -> dict[str, Any]:
    """The audit as JSON."""
    content: dict[str, Any] = json.loads(outputs.json)
    return content


# --- what is found ---


def test_it_finds_all_that_was_planted_and_nothing_else(report: dict[str, Any]) -> None:
    expected = Counter(
        (planted.control, named(planted.operation, number), planted.field)
        for number, planted in enumerate(PLANTED)
    )
    found = Counter((f["control"], f["name"], f["field"]) for f in report["findings"])
    assert expected.total() == 30
    assert found == expected


def test_it_looked_at_everything(report: dict[str, Any]) -> None:
    of_environment = 3  # two buckets and the key
    assert len(report["resources"]) == len(COMPLIANT) + len(PLANTED) + of_environment
    assert report["complete"] is True
    assert report["could_not_look"] == []


def test_what_is_found_has_the_exit_status_of_findings(outputs: Outputs) -> None:
    assert outputs.status == 1


def test_a_finding_says_what_is_and_what_must_be(report: dict[str, Any]) -> None:
    (found,) = [
        f for f in report["findings"] if f["control"] == "RML-IMG-1" and "train" in f["name"]
    ]
    assert found["value"] == "docker.io/x:1"
    assert "registries of the environment" in found["required"]
    assert "dkr.ecr.eu-central-1" in found["fix"]
    assert found["arn"].endswith(":training-job/credit-default-trainingjob-7")


# --- who, when, by what, and the hash over all of it ---


def test_the_report_says_when_by_whom_and_by_what(outputs: Outputs, report: dict[str, Any]) -> None:
    assert datetime.fromisoformat(report["started"]) <= datetime.fromisoformat(report["finished"])
    assert report["identity"].startswith("arn:aws:sts::123456789012:")
    assert report["environment"] == "dev"
    files = report["catalogue"]
    assert len(files) == 3
    for name, expected in files.items():
        content = (outputs.repository / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected


def test_the_hash_can_be_computed_again(report: dict[str, Any]) -> None:
    def canonical(value: Any) -> str:
        """JSON by its own rules, written out here so that no code is shared."""
        if isinstance(value, dict):
            inner = (f"{canonical(k)}:{canonical(v)}" for k, v in sorted(value.items()))
            return "{" + ",".join(inner) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(canonical, value)) + "]"
        return json.dumps(value, ensure_ascii=False)

    hashed = {key: value for key, value in report.items() if key != "sha256"}
    assert hashlib.sha256(canonical(hashed).encode()).hexdigest() == report["sha256"]
    hashed["findings"][0]["value"] = "something else"
    assert hashlib.sha256(canonical(hashed).encode()).hexdigest() != report["sha256"]


# --- what the auditor may do ---


def test_it_asks_nothing_that_its_policy_does_not_allow(outputs: Outputs) -> None:
    result = rml(outputs.repository, "security", "audit", "--policy")
    (statement,) = json.loads(result.stdout)["Statement"]
    allowed = {name.partition(":")[2] for name in statement["Action"]}
    called = {name for name in outputs.asked if name in MODEL.operation_names}
    assert len(called) > 80
    assert called <= allowed
    assert len(json.dumps(statement)) < 6144


def test_the_policy_lets_nothing_be_made_or_changed(outputs: Outputs) -> None:
    result = rml(outputs.repository, "security", "audit", "--policy")
    (statement,) = json.loads(result.stdout)["Statement"]
    for name in statement["Action"]:
        assert re.match(r"(sagemaker|kms|s3|sts):(List|Describe|Get)[A-Z]", name)
    assert not {name for name in statement["Action"] if "Object" in name}


# --- the other forms ---


def test_security_hub_takes_the_findings(outputs: Outputs) -> None:
    content = json.loads(outputs.asff)
    shape = Session().get_service_model("securityhub").operation_model("BatchImportFindings")
    for start in range(0, len(content["Findings"]), 100):
        batch = {"Findings": content["Findings"][start : start + 100]}
        assert ParamValidator().validate(batch, shape.input_shape).generate_report() == ""
    assert len(content["Findings"]) == 30
    assert len({finding["Id"] for finding in content["Findings"]}) == 30


def test_its_findings_keep_the_limits_that_the_model_does_not_know(outputs: Outputs) -> None:
    for finding in json.loads(outputs.asff)["Findings"]:
        assert finding["SchemaVersion"] == "2018-10-08"
        assert len(finding["Id"]) <= 512
        assert len(finding["Title"]) <= 256
        assert len(finding["Description"]) <= 1024
        assert len(finding["Remediation"]["Recommendation"]["Text"]) <= 512
        assert finding["Severity"]["Label"] in {"LOW", "MEDIUM", "HIGH", "CRITICAL"}
        assert re.fullmatch(
            r"arn:aws:securityhub:eu-central-1:123456789012:product/123456789012/default",
            finding["ProductArn"],
        )
        assert finding["Compliance"]["Status"] == "FAILED"
        assert finding["Workflow"]["Status"] == "NEW"


def test_the_table_has_every_finding_and_the_hash(outputs: Outputs) -> None:
    text = " ".join(outputs.table.split())
    for control in {planted.control for planted in PLANTED}:
        assert text.count(control) == sum(p.control == control for p in PLANTED)
    assert "30 findings on 54 resources" in text
    assert re.search(r"sha256 [0-9a-f]{64}", text)


def test_the_page_has_every_finding(outputs: Outputs) -> None:
    page = outputs.page.read_text("utf-8")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "30 findings on 30 of 54 resources" in text
    for number, planted in enumerate(PLANTED):
        assert f" {named(planted.operation, number)} {planted.field} " in text
    for control in {planted.control for planted in PLANTED}:
        title = standard_controls()[control].title
        assert title in text.replace("&#39;", "'")
    assert re.search(r"SHA-256 of the report [0-9a-f]{64}", text)

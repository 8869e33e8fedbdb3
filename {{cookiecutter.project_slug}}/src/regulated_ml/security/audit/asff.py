"""The audit in the AWS Security Finding Format, as Security Hub's BatchImportFindings takes it.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from regulated_ml.security.audit.findings import Audit, Finding
from regulated_ml.security.pairs import Controls
from regulated_ml.settings.controls import References

SCHEMA = "2018-10-08"
KIND = "Software and Configuration Checks/Industry and Regulatory Standards"
TITLE, DESCRIPTION, TEXT = 256, 1024, 512  # characters at most
# The types that Security Hub knows for what the audit looks at; the rest is Other.
TYPES = {
    "notebook instance": "AwsSageMakerNotebookInstance",
    "bucket": "AwsS3Bucket",
    "key": "AwsKmsKey",
}
FORMATS = (("security_hub", "AWS Security Hub {}"), ("nist_800_53", "NIST.800-53.r5 {}"))


def findings(audit: Audit, controls: Controls) -> dict[str, Any]:
    """The request of BatchImportFindings; it takes 100 findings at a time.

    What an exception lets pass is among them as suppressed.
    """
    references = {control.id: control.references for control in controls.controls}
    return {"Findings": list(_each(audit, references))}


def _each(audit: Audit, references: dict[str, References]) -> Iterator[dict[str, Any]]:
    for status, found in (("NEW", audit.findings), ("SUPPRESSED", audit.excepted)):
        for finding in found:
            known = references.get(finding.control, References())
            yield _finding(audit, finding, known, status)


def _finding(audit: Audit, finding: Finding, known: References, status: str) -> dict[str, Any]:
    partition = finding.arn.split(":")[1]
    home = f"arn:{partition}:securityhub:{audit.region}:{audit.account}"
    where = f"{finding.kind} {finding.name}"
    found = f"{finding.field} is {finding.value or 'missing'}" if finding.field else finding.value
    return {
        "SchemaVersion": SCHEMA,
        "Id": f"{finding.arn}/{finding.control}/{_short(finding.field)}",
        "ProductArn": f"{home}:product/{audit.account}/default",
        "GeneratorId": f"regulated-ml/{audit.standard}/{finding.control}",
        "AwsAccountId": audit.account,
        "Types": [KIND],
        "CreatedAt": audit.started,
        "UpdatedAt": audit.finished,
        "Severity": {"Label": finding.severity.upper(), "Original": finding.severity},
        "Title": _cut(f"{finding.control} {finding.title}", TITLE),
        "Description": _cut(f"{where}: {found}; required: {finding.required}", DESCRIPTION),
        "Remediation": {"Recommendation": {"Text": _cut(finding.fix or finding.required, TEXT)}},
        "ProductFields": {
            "regulated-ml/environment": audit.environment,
            "regulated-ml/field": finding.field or finding.kind,
            "regulated-ml/identity": audit.identity,
        },
        "Resources": [
            {
                "Type": TYPES.get(finding.kind, "Other"),
                "Id": finding.arn,
                "Partition": partition,
                "Region": audit.region,
            }
        ],
        "Compliance": {"Status": "FAILED", **_requirements(known)},
        "Workflow": {"Status": status},
        "RecordState": "ACTIVE",
    }


def _requirements(known: References) -> dict[str, list[str]]:
    """What other catalogues call it; Security Hub takes 32."""
    named = [text.format(reference) for kind, text in FORMATS for reference in getattr(known, kind)]
    return {"RelatedRequirements": named[:32]} if named else {}


def _short(field: str) -> str:
    """A field as a part of an id: the same for the same field, whatever its length."""
    return hashlib.sha256(field.encode()).hexdigest()[:16]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

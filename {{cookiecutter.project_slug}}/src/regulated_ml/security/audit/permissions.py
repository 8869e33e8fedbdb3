"""What a role must be allowed that audits: to list, to describe, to read tags, and no more."""

from typing import Any

from regulated_ml.security.audit.infrastructure import CHECKS
from regulated_ml.security.audit.resources import RESOURCES
from regulated_ml.security.policies.actions import action
from regulated_ml.security.policies.documents import document


def actions() -> list[str]:
    """The actions of IAM that an audit needs."""
    operations = {row.list_operation for row in RESOURCES}
    operations |= {row.describe_operation for row in RESOURCES if row.describe_operation}
    of_checks = {call for check in CHECKS for call in check.calls}
    return sorted({*map(action, {*operations, "ListTags"}), *of_checks})


def policy() -> dict[str, Any]:
    """A policy for the auditor's role; lists are of all resources, so it names none."""
    statement = {"Sid": "Audit", "Effect": "Allow", "Action": actions(), "Resource": "*"}
    return document([statement])

"""What an audit found, and the report of it: plain data with a hash over all of it."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus
from regulated_ml.settings.controls import SEVERITIES


class Audited(NamedTuple):
    """A resource that was held against the controls."""

    kind: str
    name: str
    arn: str
    belongs: str  # why it was looked at: tag, name, role, or account


class Finding(NamedTuple):
    """One field of a resource that breaks a control."""

    control: str
    title: str
    severity: str
    kind: str
    name: str
    arn: str
    field: str
    value: str
    required: str
    fix: str


class Hidden(NamedTuple):
    """A field that AWS does not tell of a resource once it is made."""

    control: str
    kind: str
    field: str


@dataclass(frozen=True)
class Audit:
    """An audit: when, by whom, of what, and what came of it."""

    environment: str
    account: str
    region: str
    identity: str
    started: str  # UTC, ISO 8601
    finished: str
    scope: str  # project or account
    since: str  # jobs made before were not looked at; empty: all were
    standard: str  # the version
    catalogue: dict[str, str]  # files that say what is asked -> their SHA-256
    exceptions: tuple[dict[str, Any], ...]
    resources: tuple[Audited, ...]
    findings: tuple[Finding, ...]
    excepted: tuple[Finding, ...]
    could_not_look: tuple[dict[str, str], ...]
    not_offered: tuple[str, ...]
    not_visible: tuple[Hidden, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all was seen that there is to see."""
        return not self.could_not_look

    @property
    def status(self) -> ExitStatus:
        """Findings weigh more than what could not be looked at; both are more than nothing."""
        if self.findings:
            return ExitStatus.FOUND
        return ExitStatus.OK if self.is_complete else ExitStatus.RESOURCE

    @property
    def kinds(self) -> dict[str, int]:
        """How many resources of each kind were held against the controls."""
        return dict(sorted(Counter(each.kind for each in self.resources).items()))

    def as_json(self) -> dict[str, Any]:
        """The report as plain data, with its hash under `sha256`."""
        content = {
            "environment": self.environment,
            "account": self.account,
            "region": self.region,
            "identity": self.identity,
            "started": self.started,
            "finished": self.finished,
            "scope": self.scope,
            "since": self.since,
            "standard": self.standard,
            "catalogue": self.catalogue,
            "complete": self.is_complete,
            "exceptions": list(self.exceptions),
            "resources": [each._asdict() for each in self.resources],
            "findings": [each._asdict() for each in self.findings],
            "excepted": [each._asdict() for each in self.excepted],
            "could_not_look": list(self.could_not_look),
            "not_offered": list(self.not_offered),
            "not_visible": [each._asdict() for each in self.not_visible],
        }
        return {**content, "sha256": digest(content)}


def digest(content: dict[str, Any]) -> str:
    """The SHA-256 of the content without `sha256`: JSON, keys sorted, no blanks, UTF-8."""
    hashed = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def by_weight(findings: list[Finding]) -> tuple[Finding, ...]:
    """The gravest first, then by control and resource."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (-SEVERITIES.index(f.severity), f.control, f.kind, f.name, f.field),
        )
    )

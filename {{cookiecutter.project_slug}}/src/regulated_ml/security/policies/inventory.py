"""Every policy of an environment: its document with the values in it, and how long it is."""

from typing import NamedTuple

from regulated_ml.security.catalogue import load
from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import added, boundary, guardrails, parameters, resources, roles
from regulated_ml.security.policies.documents import Document, Kind, Policy, fill, longest, size
from regulated_ml.settings import Settings


class Entry(NamedTuple):
    """A policy, as it is for an environment; without one, its placeholders are still in it."""

    name: str
    kind: Kind
    document: Document
    statements: int
    size: int | None  # None without an environment
    at_most: int  # whatever the values of an environment


def policies(controls: Controls) -> list[Policy]:
    """All policies that follow from the controls and from the tables of the roles."""
    return [
        *guardrails.policies(controls),
        boundary.policy(),
        *added.policies(),
        *roles.policies(),
        *guardrails.control_policies(controls),
        resources.key_policy(),
        resources.bucket_policy("DataBucket"),
        resources.bucket_policy("ModelBucket"),
        resources.trail_bucket_policy(),
        resources.log_bucket_policy(),
        *resources.endpoint_policies(),
    ]


def entries(settings: Settings) -> list[Entry]:
    """Every policy, for the environment of the settings."""
    found = policies(load(settings))
    values = parameters.literal(settings) if settings.platform else None
    return [_entry(policy, values) for policy in found]


def _entry(policy: Policy, values: dict[str, parameters.Value] | None) -> Entry:
    statements = policy.document["Statement"]
    filled = fill(policy.document, values) if values else policy.document
    return Entry(
        name=fill(policy.name, values) if values else policy.name,
        kind=policy.kind,
        document=filled,
        statements=len(filled["Statement"]),
        size=size(filled) if values else None,
        at_most=longest(statements),
    )

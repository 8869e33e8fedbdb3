"""An account for the audit: seeded, behind a front that has what moto lacks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aws import Account
from botocore import xform_name
from commands import rml

from ..preflight.seeding import make_ready
from .lacking_double import Lacking, is_motos
from .seeded import Request, Team, requests

# What moto has, and cannot make or list.
UNABLE = frozenset(
    {
        "CreateAutoMLJobV2",  # answers 500
        "CreateCluster",  # takes no bucket but SageMaker's default one
        "CreateFeatureGroup",  # has no list
    }
)


@dataclass(frozen=True)
class Audited:
    """An account, the front before it, and the audit as a command."""

    account: Account
    front: Lacking

    def make(self, operation: str, request: Request) -> None:
        """Makes a resource by hand, around the guard."""
        describe = operation.replace("Create", "Describe", 1)
        if is_motos(operation) and is_motos(describe) and operation not in UNABLE:
            client = replace(self.account.moto, url=self.front.url).client("sagemaker")
            getattr(client, xform_name(operation))(**request)
        else:
            self.front.make(operation, request)

    def audit(self, *arguments: str, **environment: str) -> Any:
        """`rml --env dev security audit` as a process."""
        reached = {**self.account.environment, "AWS_ENDPOINT_URL": self.front.url}
        return rml(
            self.account.repository,
            *("--env", "dev", "security", "audit", *arguments),
            **{**reached, "COLUMNS": "200", **environment},
        )


@pytest.fixture
def audited(account: Account) -> Iterator[Audited]:
    """An account whose buckets and key are right, and in which SageMaker has nothing."""
    make_ready(account)
    front = Lacking(account.moto.url)
    yield Audited(account, front)
    front.stop()


@pytest.fixture
def seeded(audited: Audited) -> Audited:
    """The same with one resource of each kind that keeps all controls, and 30 that break one."""
    for operation, request in requests(Team(audited.account)):
        audited.make(operation, request)
    return audited

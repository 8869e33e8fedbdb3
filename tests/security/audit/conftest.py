"""An account for the audit: seeded, behind a front that has what moto lacks."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aws import Account, Moto, seed
from botocore import xform_name
from commands import rml

from ..preflight.seeding import make_ready
from .compliant import Request, Team
from .lacking_double import Lacking, is_motos
from .planted import requests

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

    @property
    def team(self) -> Team:
        """What the environment allows."""
        return Team(self.account)

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


@dataclass(frozen=True)
class Outputs:
    """What the audit of the account with 30 violations says, in each form."""

    status: int
    json: str
    asff: str
    page: Path
    table: str
    repository: Path
    asked: frozenset[str]  # operations of SageMaker that the audits called


@pytest.fixture
def audited(account: Account) -> Iterator[Audited]:
    """An account whose buckets and key are right, and in which SageMaker has nothing."""
    make_ready(account)
    front = Lacking(account.moto.url)
    yield Audited(account, front)
    front.stop()


@pytest.fixture(scope="session")
def outputs(_server: Moto, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """The same with one resource of each kind that keeps all controls, and 30 that break one."""
    _server.reset()
    folder = tmp_path_factory.mktemp("audited") / sample.name
    account = seed(_server, Path(shutil.copytree(sample, folder, symlinks=True)))
    make_ready(account)
    front = Lacking(_server.url)
    made = Audited(account, front)
    for operation, request in requests(made.team):
        made.make(operation, request)
    seeding = len(front.asked)
    as_json = made.audit("--format", "json", "--page")
    as_asff = made.audit("--format", "asff")
    table = made.audit()
    front.stop()
    assert as_json.returncode == as_asff.returncode == table.returncode, as_json.stderr
    page = account.repository / "reports/audit-dev.html"
    return Outputs(
        status=as_json.returncode,
        json=as_json.stdout,
        asff=as_asff.stdout,
        page=page,
        table=table.stdout,
        repository=account.repository,
        asked=frozenset(asked.operation for asked in front.asked[seeding:]),
    )

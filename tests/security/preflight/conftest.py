"""An account that is ready, and the preflight of it, in the tests' own process."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aws import Account

from regulated_ml.security import clients
from regulated_ml.security.guard import VARIABLE
from regulated_ml.security.preflight.running import Report, run
from regulated_ml.settings import Settings, load
from security.preflight.seeding import make_ready

Preflight = Callable[[], Report]


def found(report: Report) -> set[str]:
    """The checks that have found something, or could not look."""
    return {entry.check for entry in report.findings}


class QuotasDouble(BaseHTTPRequestHandler):
    """Stands for Service Quotas, which moto has for no service but VPC."""

    quotas: dict[str, float]

    def do_POST(self) -> None:
        """Answers ListServiceQuotas, whatever was asked."""
        listed = [
            {"QuotaName": name, "Value": value, "QuotaCode": f"L-{number}"}
            for number, (name, value) in enumerate(self.quotas.items())
        ]
        body = json.dumps({"Quotas": listed}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def repository(sample: Path, tmp_path: Path) -> Path:
    """The configuration of a repository, which is all that the preflight needs of one."""
    shutil.copytree(sample / "config", tmp_path / "repository/config")
    return tmp_path / "repository"


@pytest.fixture
def quotas() -> dict[str, float]:
    """The quotas of the account, by name; a test may change them."""
    uses = ("training job", "spot training job", "processing job")
    return {f"ml.m5.xlarge for {use} usage": 4.0 for use in uses}


@pytest.fixture
def quotas_at(quotas: dict[str, float]) -> Iterator[str]:
    """The address at which the quotas are."""
    handler = type("Quotas", (QuotasDouble,), {"quotas": quotas})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def variables(account: Account, quotas_at: str) -> dict[str, str]:
    """What a process needs to reach the account."""
    return {**account.environment, "AWS_ENDPOINT_URL_SERVICE_QUOTAS": quotas_at}


@pytest.fixture(scope="session")
def sessions() -> list[Any]:
    """The first session that was made, for all tests: it takes seconds to read AWS's models."""
    return []


@pytest.fixture
def ready(account: Account) -> Account:
    """An account in which everything is right."""
    make_ready(account)
    return account


@pytest.fixture
def preflight(
    account: Account,
    variables: dict[str, str],
    sessions: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Preflight:
    """The preflight of the environment dev, here; its guard goes away with the test."""
    # The guard goes by the repository that its code lies in, which here is the template.
    monkeypatch.setattr("regulated_ml.security.guard.handling.root", lambda: account.repository)
    monkeypatch.setenv(VARIABLE, os.environ.get(VARIABLE, ""))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    make = clients.session

    def session(settings: Settings) -> Any:
        if not sessions:
            sessions.append(make(settings))
        return sessions[0]

    monkeypatch.setattr(clients, "session", session)
    return lambda: run(load(account.repository, "dev"), lambda *_: None)

"""The templates of `infrastructure/` make an account that the preflight agrees with."""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from aws import Moto, seed

from regulated_ml.security.guard import VARIABLE
from regulated_ml.security.preflight.running import run
from regulated_ml.settings import load
from security.policies import deployment
from security.preflight.seeding import main_table, network_ready

# What the templates say of buckets and moto's CloudFormation leaves out.
NOT_BY_MOTO = {
    "PRE-BUCKET-4": "PublicAccessBlockConfiguration",
    "PRE-BUCKET-5": "VersioningConfiguration",
    "PRE-TRAIL-1": "ObjectLockConfiguration",
}


@pytest.mark.slow
def test_what_the_templates_make_is_as_the_preflight_wants_it(
    moto: Moto,
    sample: Path,
    tmp_path: Path,
    quotas_at: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = seed(moto, Path(shutil.copytree(sample, tmp_path / "whole")))
    deployment.bare(account)
    deployment.write_key(account, deployment.deploy(account, "key")["KeyArn"])
    for name in ("guardrails", "roles", "storage"):
        deployment.deploy(account, name)
    deployment.deploy(account, "network", RouteTableIds=main_table(account))
    network_ready(account)
    monkeypatch.setattr("regulated_ml.security.guard.handling.root", lambda: account.repository)
    monkeypatch.setenv(VARIABLE, os.environ.get(VARIABLE, ""))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", quotas_at)
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    report = run(load(account.repository, "dev"), lambda *_: None)
    assert [e for e in report.findings if e.check not in NOT_BY_MOTO] == []
    template = yaml.safe_load((account.repository / "infrastructure/storage.yaml").read_text())
    buckets = [r for r in template["Resources"].values() if r["Type"] == "AWS::S3::Bucket"]
    assert len(buckets) >= len(account.buckets)
    for check, name in NOT_BY_MOTO.items():
        said = [name in bucket["Properties"] for bucket in buckets]
        assert any(said) if check == "PRE-TRAIL-1" else all(said)

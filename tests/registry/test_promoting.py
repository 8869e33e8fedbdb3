"""An approved version goes to another account by hash, under that account's key."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws import Moto, seed
from commands import rml
from platforms.front_double import refusal

from regulated_ml.errors import ExitStatus

from .away import (
    OTHER,
    Away,
    add_environment,
    as_person,
    run_on_sagemaker,
    said,
    session,
    user,
)
from .conftest import Registry

BUCKET = "credit-default-test-model"

pytestmark = pytest.mark.slow


@pytest.fixture
def away(_registered: Path, moto: Moto, tmp_path: Path) -> Iterator[Away]:
    """A version v2 of dev that dora has trained and registered."""
    folder = Path(shutil.copytree(_registered, tmp_path / _registered.name, symlinks=True))
    made = run_on_sagemaker(seed(moto, folder), "dora")
    said(made.rml(user(moto, "dora"), "register"))
    yield made
    made.front.stop()


def test_an_approved_version_goes_to_another_account(away: Away) -> None:
    moto = away.account.moto
    berta = session(moto, "berta")
    key = add_environment(away, "test", berta)
    early = away.rml(berta, "promote", "v2", "--to", "test", env="local")
    assert early.returncode == ExitStatus.FOUND
    assert "v2 is pending" in early.stderr
    approved = said(away.rml(user(moto, "anna"), "approve", "v2"))
    place = f"credit-default/test/models/v2/{approved['register']['id']}"
    model = f"{place}/model.tar.gz"
    done = said(away.rml(berta, "promote", "v2", "--to", "test", env="local"))
    assert done["promoted"] == ["test"]
    # The bytes that were evaluated, under the key of the other account.
    s3 = as_person(moto, "s3", berta)
    head = s3.head_object(Bucket=BUCKET, Key=model)
    body = s3.get_object(Bucket=BUCKET, Key=model)["Body"].read()
    train = away.runs["train"]
    assert body == (away.store.folder_of(train) / "model.tar.gz").read_bytes()
    assert head["SSEKMSKeyId"] == key != away.account.key
    assert head["ServerSideEncryption"] == "aws:kms"
    (package,) = away.packages(**berta)
    assert f":{OTHER}:model-package/" in package["ModelPackageArn"]
    assert package["ModelApprovalStatus"] == "Approved"
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/{model}"
    quality = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    assert quality == f"s3://{BUCKET}/{place}/evaluation.json"
    _, sent = away.front.sent("CreateModelPackage")
    origin = sent["CustomerMetadataProperties"]
    assert origin["source_package"] == approved["package"]
    assert origin["source_environment"] == "dev"
    assert origin["approve"] == approved["decision"]["id"]
    assert origin["approved_by"].endswith(":user/anna")
    # Nobody may make an approved package: the guardrail policy denies it.
    assert sent["ModelApprovalStatus"] == "PendingManualApproval"
    assert not away.front.sent("CreateTrainingJob")
    again = said(away.rml(berta, "promote", "v2", "--to", "test", env="local"))
    assert again["fresh"] is False
    assert len(away.packages(**berta)) == 1
    # One who stands in the wrong account promotes nothing.
    wrong = away.rml(user(moto, "carl"), "promote", "v2", "--to", "test", env="local")
    assert "the environment test is in account 222233334444" in wrong.stderr


@pytest.mark.long
def test_a_promotion_that_was_not_uploaded_is_none(away: Away) -> None:
    moto = away.account.moto
    berta = session(moto, "berta")
    add_environment(away, "test", berta)
    said(away.rml(user(moto, "anna"), "approve", "v2"))
    away.front.instead["CreateModelPackage"] = [refusal("ThrottlingException")]
    failed = away.rml(berta, "promote", "v2", "--to", "test", env="local")
    assert failed.returncode == ExitStatus.RESOURCE
    assert not [*away.repository.glob("runs/promote-*")]
    again = said(away.rml(berta, "promote", "v2", "--to", "test", env="local"))
    (package,) = away.packages(**berta)
    assert (again["fresh"], again["package"]) == (True, package["ModelPackageArn"])


@pytest.mark.long
def test_what_speaks_against_a_promotion_is_said_at_once(away: Away) -> None:
    moto = away.account.moto
    said(away.rml(user(moto, "anna"), "approve", "v2"))
    person = session(moto, "berta")
    add_environment(away, "prod", person)
    archive = away.store.folder_of(away.runs["train"]) / "model.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"\0")
    done = away.rml(person, "promote", "v2", "--to", "prod", env="local")
    assert done.returncode == ExitStatus.FOUND
    for rule in (
        "a version goes to prod after it has been in test",
        "prod takes models of real rows",
        "with the bytes of the run's record",
    ):
        assert rule in done.stderr


def test_who_trained_it_does_not_promote_it(away: Away) -> None:
    moto = away.account.moto
    said(away.rml(user(moto, "anna"), "approve", "v2"))
    dora = session(moto, "dora")  # the session's name tells the person, whatever the role
    add_environment(away, "test", dora)
    done = away.rml(dora, "promote", "v2", "--to", "test", env="local")
    assert done.returncode == ExitStatus.FOUND
    assert "another person than the developer" in done.stderr


def test_a_model_of_real_rows_goes_to_prod_after_test(
    _registered: Path, moto: Moto, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(_registered, tmp_path / _registered.name, symlinks=True))
    away = run_on_sagemaker(seed(moto, folder), "dora", state="real")
    said(away.rml(user(moto, "dora"), "register"))
    said(away.rml(user(moto, "anna"), "approve", "v2"))
    for name, account in (("test", OTHER), ("prod", "333344445555")):
        person = session(moto, "berta", account)
        add_environment(away, name, person, account)
        done = said(away.rml(person, "promote", "v2", "--to", name, env="local"))
    assert done["promoted"] == ["test", "prod"]
    away.front.stop()


def test_in_local_promotion_is_a_rehearsal(registered: Registry) -> None:
    registered.approve()
    done = rml(registered.repository, "model", "promote", "v1", "--to", "local", LOGNAME="anna")
    assert done.returncode == 0, done.stderr
    (record,) = registered.version.done("promote", "local")
    assert any("rehearsal" in sentence for sentence in record.warnings)


def test_a_version_of_local_goes_nowhere_else(registered: Registry) -> None:
    registered.approve()
    done = rml(registered.repository, "model", "promote", "v1", "--to", "dev", LOGNAME="anna")
    assert done.returncode == ExitStatus.FOUND
    assert "whose four eyes are a rehearsal" in done.stderr


def test_an_environment_that_there_is_not_is_named(registered: Registry) -> None:
    done = rml(registered.repository, "model", "promote", "v1", "--to", "tst")
    assert done.returncode == ExitStatus.CONFIGURATION
    assert "the repository has the environments local, dev" in done.stderr

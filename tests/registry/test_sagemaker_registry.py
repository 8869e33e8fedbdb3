"""A version in SageMaker's Model Registry: moto over HTTP, each person with own credentials."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws import ACCOUNT, Moto, seed
from commands import rml
from platforms.front_double import refusal

from regulated_ml.errors import ExitStatus
from regulated_ml.files import sha256
from regulated_ml.platforms.sagemaker import naming
from regulated_ml.settings import load
from regulated_ml.tracking import registry

from .away import DIGEST, IMAGE, Away, outputs, packed_by_sagemaker, run_on_sagemaker, said, user

GROUP = "credit-default"

pytestmark = pytest.mark.slow


@pytest.fixture
def away(_registered: Path, moto: Moto, tmp_path: Path) -> Iterator[Away]:
    """Runs of dev; a version of `local` is registered already."""
    folder = Path(shutil.copytree(_registered, tmp_path / _registered.name, symlinks=True))
    made = run_on_sagemaker(seed(moto, folder), "dora")
    yield made
    made.front.stop()


def test_a_version_becomes_a_package_that_waits_for_approval(away: Away) -> None:
    done = said(away.rml(user(away.account.moto, "dora"), "register"))
    (package,) = away.packages()
    record = done["register"]
    # Versions of all environments are numbered together.
    assert (done["version"], done["package"]) == ("v2", package["ModelPackageArn"])
    assert record["identity"]["aws"] == f"arn:aws:iam::{ACCOUNT}:user/dora"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container["Image"] == f"{IMAGE.rpartition(':')[0]}@{DIGEST}"
    assert container["ModelDataUrl"] == "s3://{}/{}/model.tar.gz".format(
        *outputs(away.runs["train"])
    )
    assert package["InferenceSpecification"]["SupportedContentTypes"] == ["text/csv"]
    assert "application/json" in package["InferenceSpecification"]["SupportedResponseMIMETypes"]
    metrics = package["ModelMetrics"]
    bucket, prefix = outputs(away.runs["evaluate"])
    evaluation = away.runs["evaluate"].artifact("evaluation/evaluation.json")
    assert evaluation is not None
    assert metrics["ModelQuality"]["Statistics"] == {
        "ContentType": "application/json",
        "ContentDigest": f"sha256:{evaluation.sha256}",
        "S3Uri": f"s3://{bucket}/{prefix}/evaluation/evaluation.json",
    }
    assert metrics["Bias"]["Report"]["S3Uri"].endswith("/evaluation/fairness.json")
    assert metrics["Explainability"]["Report"]["S3Uri"].endswith("/explanation/explanation.json")
    # The baseline lies beside the record of the registration, with the bytes that the record names.
    files = {item["path"]: item["sha256"] for item in record["artifacts"]}
    for member, name in (("Statistics", "statistics.json"), ("Constraints", "constraints.json")):
        source = metrics["ModelDataQuality"][member]
        assert source["ContentDigest"] == f"sha256:{files[f'baseline/{name}']}"
        bucket, _, key = source["S3Uri"].removeprefix("s3://").partition("/")
        assert f"/runs/{record['id']}/output/baseline/" in key
        body = away.account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        assert hashlib.sha256(body).hexdigest() == files[f"baseline/{name}"]
    (sent,) = away.front.sent("CreateModelPackage")  # moto keeps neither
    assert sent["SecurityConfig"] == {"KmsKeyId": away.account.key}
    assert 1 <= len(sent["ClientToken"]) <= 36


def test_a_package_leads_back_to_the_records(away: Away) -> None:
    done = said(away.rml(user(away.account.moto, "dora"), "register"))
    (package,) = away.packages()
    found = package["CustomerMetadataProperties"]
    record = away.repository / "runs" / done["register"]["id"] / "record.json"
    assert found["record_sha256"] == sha256(record)
    assert found["train"] == away.runs["train"].id
    assert found["commit"] == away.runs["train"].commit.sha
    assert found["data_fingerprint"] == away.runs["train"].data.fingerprint
    archive = away.runs["train"].artifact("model.tar.gz")
    assert archive is not None
    assert found["model_sha256"] == archive.sha256
    assert package["MetadataProperties"]["CommitId"] == away.runs["train"].commit.sha
    client = away.account.client("sagemaker")
    group = client.describe_model_package_group(ModelPackageGroupName=GROUP)
    tags = client.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert {"Key": "project", "Value": GROUP} in tags


def test_a_second_person_approves_with_an_identity_of_their_own(away: Away) -> None:
    moto = away.account.moto
    dora, anna = user(moto, "dora"), user(moto, "anna")
    said(away.rml(dora, "register"))
    own = away.rml(dora, "approve", "v2")
    assert own.returncode == ExitStatus.FOUND
    assert "register by arn:aws:iam::123456789012:user/dora" in own.stderr
    assert away.packages()[0]["ModelApprovalStatus"] == "PendingManualApproval"
    done = said(away.rml(anna, "approve", "v2", "--reason", "It is good enough."))
    (package,) = away.packages()
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "It is good enough."
    decision = done["decision"]
    assert decision["identity"]["aws"] == f"arn:aws:iam::{ACCOUNT}:user/anna"
    assert decision["parameters"]["package"] == package["ModelPackageArn"]
    assert not any("rehearsal" in sentence for sentence in decision["warnings"])
    shown = said(away.rml(dora, "show", "v2"))
    assert shown["package"]["status"] == "Approved"
    said(away.rml(anna, "reject", "v2", "--reason", "A gap was found."))
    assert away.packages()[0]["ModelApprovalStatus"] == "Rejected"


@pytest.mark.long
def test_the_same_command_makes_up_for_what_was_left_out(away: Away) -> None:
    moto = away.account.moto
    dora, anna = user(moto, "dora"), user(moto, "anna")
    away.front.instead["CreateModelPackage"] = [refusal("ThrottlingException")]
    failed = away.rml(dora, "register")
    assert failed.returncode == ExitStatus.RESOURCE
    # The record is there, and no package: nobody can approve it, and who registers again makes it.
    refused = away.rml(anna, "approve", "v2")
    assert "the version has a package in SageMaker's Model Registry" in refused.stderr
    again = said(away.rml(dora, "register"))
    assert (again["version"], again["fresh"]) == ("v2", False)
    # And between the record of the approval and the status.
    away.front.instead["UpdateModelPackage"] = [refusal("ThrottlingException")]
    assert away.rml(anna, "approve", "v2").returncode == ExitStatus.RESOURCE
    again = said(away.rml(anna, "approve", "v2"))
    assert again["fresh"] is False
    assert away.packages()[0]["ModelApprovalStatus"] == "Approved"
    assert len(away.packages()) == 1


def test_a_version_of_another_clone_takes_its_number(away: Away) -> None:
    dora = user(away.account.moto, "dora")
    client = away.account.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName=GROUP)
    client.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelPackageDescription="credit-default v7 in dev, register-20261124-101112-abcdef",
    )
    assert said(away.rml(dora, "register"))["version"] == "v8"


@pytest.mark.parametrize("step", ["train", "evaluate"])
def test_what_was_exchanged_in_the_bucket_is_registered_by_nobody(away: Away, step: str) -> None:
    bucket, prefix = outputs(away.runs[step])
    s3 = away.account.client("s3")
    name = "model.tar.gz" if step == "train" else "evaluation/evaluation.json"
    content = s3.get_object(Bucket=bucket, Key=f"{prefix}/{name}")["Body"].read()
    other = packed_by_sagemaker(content, b" ") if step == "train" else content + b"\n"
    s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=other)
    done = away.rml(user(away.account.moto, "dora"), "register")
    assert done.returncode == ExitStatus.DATA
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["value"] == f"s3://{bucket}/{prefix}/{name}"
    assert len(list((away.repository / "runs").glob("register-*"))) == 1  # that of local


@pytest.mark.long
def test_a_package_is_not_trusted_by_its_description(away: Away) -> None:
    moto = away.account.moto
    dora, anna = user(moto, "dora"), user(moto, "anna")
    away.front.instead["CreateModelPackage"] = [refusal("ThrottlingException")]
    away.rml(dora, "register")
    (sent,) = away.front.sent("CreateModelPackage")
    (container,) = sent["InferenceSpecification"]["Containers"]
    container["ModelDataUrl"] = "s3://elsewhere/model.tar.gz"
    sent.pop("SecurityConfig")
    away.account.client("sagemaker").create_model_package(**sent)
    for person, verb in ((dora, ("register",)), (anna, ("approve", "v2"))):
        done = away.rml(person, *verb)
        assert done.returncode == ExitStatus.FOUND
        (problem,) = json.loads(done.stdout)["problems"]
        assert problem["field"].endswith("ModelDataUrl")
        assert problem["value"] == "s3://elsewhere/model.tar.gz"
    assert away.packages()[0]["ModelApprovalStatus"] == "PendingManualApproval"


def test_two_packages_of_one_version_are_refused(away: Away) -> None:
    moto = away.account.moto
    said(away.rml(user(moto, "dora"), "register"))
    (sent,) = away.front.sent("CreateModelPackage")
    more = {k: v for k, v in sent.items() if k not in ("SecurityConfig", "ClientToken")}
    away.account.client("sagemaker").create_model_package(**more)
    done = away.rml(user(moto, "anna"), "approve", "v2")
    assert done.returncode == ExitStatus.FOUND
    assert "one package is described as" in done.stderr


@pytest.mark.long
def test_what_was_exchanged_since_it_was_registered_is_approved_by_nobody(away: Away) -> None:
    moto = away.account.moto
    dora, anna = user(moto, "dora"), user(moto, "anna")
    said(away.rml(dora, "register"))
    address = _exchange_the_model(away)
    for person, verb in ((anna, ("approve", "v2")), (dora, ("register",))):
        done = away.rml(person, *verb)
        (problem,) = json.loads(done.stdout)["problems"]
        assert problem["value"] == address
    assert not [*away.repository.glob("runs/approve-*")]


@pytest.mark.long
def test_who_completes_a_decision_is_held_to_the_same(away: Away) -> None:
    moto = away.account.moto
    dora, anna = user(moto, "dora"), user(moto, "anna")
    said(away.rml(dora, "register"))
    away.front.instead["UpdateModelPackage"] = [refusal("ThrottlingException")]
    assert away.rml(anna, "approve", "v2", "--reason", "Good.").returncode == ExitStatus.RESOURCE
    # The record is there. What the developer may not decide he may not complete either.
    own = away.rml(dora, "approve", "v2")
    assert own.returncode == ExitStatus.FOUND
    assert "another person than the developer" in own.stderr
    address = _exchange_the_model(away)
    assert address in away.rml(anna, "approve", "v2").stdout  # JSON: a table breaks long values
    (package,) = away.packages()
    assert package["ModelApprovalStatus"] == "PendingManualApproval"


@pytest.mark.long
def test_of_two_clones_that_take_a_number_at_once_none_keeps_it(away: Away) -> None:
    dora = user(away.account.moto, "dora")
    other = "register-20261124-101112-abcdef"

    def at_once(_: object) -> None:
        away.front.after.clear()
        away.account.client("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP,
            ModelPackageDescription=f"credit-default v2 in dev, {other}",
        )

    away.front.after["CreateModelPackage"] = at_once
    done = away.rml(dora, "register")
    assert done.returncode == ExitStatus.DATA
    (own,) = {each.name for each in away.repository.glob("runs/register-*")} - {_local(away)}
    for name in (own, other):
        assert name in done.stderr
    approved = away.rml(user(away.account.moto, "anna"), "approve", "v2")
    assert other in approved.stderr
    again = said(away.rml(dora, "register"))
    assert (again["version"], again["fresh"]) == ("v3", True)


def test_an_anchor_in_the_bucket_that_disagrees_is_named(away: Away) -> None:
    moto = away.account.moto
    said(away.rml(user(moto, "dora"), "register"))
    # The same run was entered before, in a trail that began otherwise: this one is written anew.
    run = away.runs["evaluate"].id
    address = naming.trail(load(away.repository, "dev"))
    s3 = away.account.client("s3")
    key = f"{address.prefix}{'a' * 16}/00000007-run-{'b' * 64}-{'c' * 64}-{run}.json"
    s3.put_object(Bucket=address.bucket, Key=key, Body=b"{}")
    done = away.rml(user(moto, "anna"), "approve", "v2")
    assert done.returncode == ExitStatus.FOUND
    assert "the trail was written anew" in done.stderr


def _exchange_the_model(away: Away) -> str:
    """Puts other files into the archive of the model in S3; returns its address."""
    bucket, prefix = outputs(away.runs["train"])
    s3 = away.account.client("s3")
    key = f"{prefix}/model.tar.gz"
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=packed_by_sagemaker(content, b" "))
    return f"s3://{bucket}/{key}"


def _local(away: Away) -> str:
    """The registration of `local`, which was there before."""
    versions = registry.versions(away.store.all())
    return next(v.registered.id for v in versions if v.registered.environment == "local")


def test_a_version_is_decided_about_where_it_was_registered(away: Away) -> None:
    done = rml(away.repository, "model", "approve", "v1", LOGNAME="anna", RML_ENV="dev")
    assert done.returncode == ExitStatus.USAGE
    assert "v1 was registered in local" in done.stderr

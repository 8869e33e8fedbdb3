"""The image that jobs run in: its hash, where the registry tells it."""

import json

import pytest
from aws import ACCOUNT, Moto
from botocore.exceptions import ClientError
from front_double import Front, refusal

from regulated_ml.platforms.sagemaker import images

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com"


def test_the_hash_is_that_of_the_registry(moto: Moto) -> None:
    registry = moto.client("ecr")
    registry.create_repository(repositoryName="sagemaker-xgboost")
    put = registry.put_image(
        repositoryName="sagemaker-xgboost",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}),
        imageTag="3.2-0",
    )
    expected = put["image"]["imageId"]["imageDigest"]
    assert images.digest(f"{REGISTRY}/sagemaker-xgboost:3.2-0", registry) == expected
    assert expected.startswith("sha256:")


def test_what_the_registry_does_not_tell_is_unknown(moto: Moto) -> None:
    registry = moto.client("ecr")
    registry.create_repository(repositoryName="there")
    for address in (f"{REGISTRY}/there:none", f"{REGISTRY}/elsewhere:1", "docker.io/x:1", "x"):
        assert images.digest(address, registry) is None


@pytest.mark.parametrize("code", ["ExpiredTokenException", "InvalidParameterException"])
def test_what_keeps_the_registry_from_answering_is_no_unknown_hash(moto: Moto, code: str) -> None:
    front = Front(moto.url)
    front.instead["BatchGetImage"] = [refusal(code)]
    registry = Moto(front.url, moto.home).client("ecr")
    with pytest.raises(ClientError, match=code):
        images.digest(f"{REGISTRY}/there:1", registry)
    front.stop()

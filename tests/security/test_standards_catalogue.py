"""The standard's own catalogue, held to AWS's models and to the SageMaker SDK's lists."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from regulated_ml.security import aws_models, catalogue, organisation
from regulated_ml.security.guard.handling import SERVICES
from regulated_ml.security.pairs import Pair
from regulated_ml.security.requests import compile, parse
from regulated_ml.security.values import VALUES
from regulated_ml.settings import Settings, load

PAIRS = [pair for pair in catalogue.standard_controls().pairs() if not pair.operation.endswith("*")]


def shape_of(pair: Pair, path: str) -> Any:
    """The shape that a path leads to in botocore's model."""
    service, _, name = pair.operation.rpartition(".")
    shape = aws_models.service_model(service or "sagemaker").operation_model(name).input_shape
    for step in parse(path).steps:
        shape = shape.members[step.name]
        shape = shape.member if step.each else shape
    return shape


def test_every_operation_and_path_is_in_aws_model() -> None:
    for pair in PAIRS:
        service, _, name = pair.operation.rpartition(".")
        model = aws_models.service_model(service or "sagemaker")
        assert name in model.operation_names, pair.operation
        if pair.path != ".":
            assert (
                aws_models.path_mistake(model.operation_model(name).input_shape, pair.path) is None
            )


# What only reads, of all services that the guard looks at, by AWS's names of operations.
READS = re.compile(
    "(Describe|List|Get|Head|Search|BatchDescribe|Verify).*|QueryLineage|RenderUiTemplate"
    "|SelectObjectContent|Decrypt"
)
# What the workflow, the SDK and their multipart uploads write, beside SageMaker's own operations.
WRITES = {
    "s3": "PutObject CopyObject CreateMultipartUpload UploadPart UploadPartCopy DeleteObject"
    " CompleteMultipartUpload AbortMultipartUpload DeleteObjects PutObjectTagging"
    " DeleteObjectTagging",
    "kms": "Encrypt ReEncrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyWithoutPlaintext"
    " GenerateDataKeyPairWithoutPlaintext GenerateRandom GenerateMac Sign",
    "batch": "SubmitServiceJob TerminateJob TerminateServiceJob CancelJob",
    "sagemaker-a2i-runtime": "StopHumanLoop DeleteHumanLoop",
}


def refused(settings: Settings, service: str) -> set[str]:
    """The operations of a service that are refused whatever they carry."""
    held = compile(catalogue.plan(settings))
    names = aws_models.service_model(service).operation_names
    full = {name: name if service == "sagemaker" else f"{service}.{name}" for name in names}
    return {name for name in names if any(r.verb == "refused" for r in held.rows(full[name]))}


@pytest.mark.parametrize("service", SERVICES)
def test_in_local_nothing_is_let_through_but_reading(sample: Path, service: str) -> None:
    names = set(aws_models.service_model(service).operation_names)
    reads = {name for name in names if READS.fullmatch(name)}
    assert refused(load(sample), service) == names - reads


@pytest.mark.parametrize("service", [each for each in SERVICES if each != "sagemaker"])
def test_of_other_services_only_what_the_workflow_needs_is_let_through(
    sample: Path, service: str
) -> None:
    names = set(aws_models.service_model(service).operation_names)
    needed = set(WRITES.get(service, "").split())
    assert needed <= names
    reads = {name for name in names if READS.fullmatch(name)}
    assert refused(load(sample, "dev"), service) == names - reads - needed


def test_what_is_filled_in_is_a_list_where_aws_takes_one() -> None:
    filled = [p for p in PAIRS if p.requirement.must.among and p.requirement.missing == "fill"]
    assert filled
    for pair in filled:
        is_list = shape_of(pair, pair.path).type_name == "list"
        assert is_list == pair.path.endswith("s"), pair


def test_literals_are_values_that_aws_knows() -> None:
    for pair in PAIRS:
        shape = None if pair.path == "." else shape_of(pair, pair.path)
        operand = pair.requirement.must.equal
        if operand is not None and shape is not None:
            expected = {bool: "boolean", str: "string"}[type(operand)]
            assert shape.type_name == expected, pair
            assert not getattr(shape, "enum", None) or operand in shape.enum, pair


def test_what_a_control_names_is_a_value_of_the_settings() -> None:
    for pair in PAIRS:
        must = pair.requirement.must
        if must.verb in organisation.NAMING_VERBS:
            assert must.operand in VALUES


def test_ids_are_unique_and_every_control_says_why() -> None:
    controls = catalogue.standard_controls().controls
    assert len({control.id for control in controls}) == len(controls)
    assert all(len(control.why) > 60 for control in controls)


def test_registries_are_those_of_the_sagemaker_sdk() -> None:
    spec = find_spec("sagemaker.core")
    assert spec and spec.origin
    lists = Path(spec.origin).parent / "image_uri_config"
    ours = yaml.safe_load((Path(catalogue.__file__).parent / "registries.yaml").read_text())
    theirs = {
        "xgboost": json.loads((lists / "xgboost.json").read_text())["training"]["versions"][
            "3.2-0"
        ],
        "model-monitor": json.loads((lists / "model-monitor.json").read_text())["versions"][""],
        "clarify": json.loads((lists / "clarify.json").read_text())["processing"]["versions"][
            "1.0"
        ],
    }
    assert ours == {name: version["registries"] for name, version in theirs.items()}

"""The standard's own catalogue, held to AWS's models and to the SageMaker SDK's lists."""

import json
import re
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from regulated_ml.security import aws_models, catalogue, organisation
from regulated_ml.security.pairs import Pair
from regulated_ml.security.requests import parse
from regulated_ml.security.values import VALUES

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


def test_patterns_of_operations_cover_what_makes_and_changes_things() -> None:
    names = aws_models.service_model("sagemaker").operation_names
    patterns = [
        pair.operation
        for pair in catalogue.standard_controls().pairs("local")
        if "." not in pair.operation
    ]
    reads = re.compile(
        r"Describe|List|Get|Query|Search|Render|QueryLineage|BatchDescribe"
        # What only ends, removes or speaks to what is there already.
        r"|Delete|Stop|Remove|Disassociate|Deregister|Detach|Disable|BatchDelete|Retry|Send"
        # In an account, of things that only an account has.
        r"|Associate|AddAssociation|BatchReboot|BatchReplace"
    )
    left = [
        name
        for name in names
        if not any(fnmatchcase(name, pattern) for pattern in patterns) and not reads.match(name)
    ]
    assert left == []


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

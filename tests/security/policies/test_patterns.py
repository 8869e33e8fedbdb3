"""IAM's patterns for instance types say what the controls' regular expressions say."""

import re
from fnmatch import fnmatchcase

import pytest
from botocore.session import Session

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies.patterns import NotSayable, like


def instance_types() -> set[str]:
    """Every instance type of AWS's model."""
    model = Session().get_service_model("sagemaker")
    shapes = (model.shape_for(n) for n in model.shape_names if n.endswith("InstanceType"))
    return {name for shape in shapes for name in getattr(shape, "enum", ())}


def test_the_same_instances_are_exempt(controls: Controls) -> None:
    expressions = {
        pair.requirement.unless.matches
        for pair in controls.pairs()
        if pair.requirement.unless and pair.requirement.condition_key == "sagemaker:VolumeKmsKeyArn"
    }
    assert expressions
    assert len(instance_types()) > 300
    for expression in expressions:
        patterns = like(expression)
        assert {t for t in instance_types() if re.fullmatch(expression, t)} == {
            t for t in instance_types() if any(fnmatchcase(t, p) for p in patterns)
        }


@pytest.mark.parametrize(
    ("expression", "patterns"),
    [
        (r"ml\.(p3dn|p4de?)\..*", ["ml.p3dn.*", "ml.p4d.*", "ml.p4de.*"]),
        (r"[cm]\d+", ["c*", "m*"]),
        (r"a[0-9]b", ["a?b"]),
        (r"(?:x|y(z|)?)", ["x", "y", "yz"]),
    ],
)
def test_expressions_become_patterns(expression: str, patterns: list[str]) -> None:
    assert like(expression) == patterns


@pytest.mark.parametrize("expression", ["a{2}", "^a", "(a", "a)", "*"])
def test_what_iam_cannot_say_is_refused(expression: str) -> None:
    with pytest.raises(NotSayable):
        like(expression)

"""Turns what AWS says of a resource into the request that would make it.

The two differ in few places, and the rows of `resources` say where: another name, a structure
around it. What a description does not say at all is found from botocore's model, and is called not
visible instead of missing.
"""

from collections.abc import Mapping
from typing import Any

from regulated_ml.security.audit.resources import Resource
from regulated_ml.security.aws_models import path_mistake, service_model

TAGS = "Tags"  # of ListTags, whatever a description says


def as_request(
    row: Resource, description: Mapping[str, Any], tags: list[Any], key_arn: str
) -> dict[str, Any]:
    """The description in the form of the request that makes such a resource, with its tags."""
    inner = description[row.inside] if row.inside else description
    content: dict[str, Any] = _with_arns(inner, key_arn)
    content.pop("ResponseMetadata", None)
    for asked, said in row.renamed.items():
        value = _member(content, said)
        if value is not None:
            _set_member(content, asked, value)
    return {**content, TAGS: tags}


def _member(content: Any, path: str) -> Any:
    for name in path.split("."):
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def _set_member(content: dict[str, Any], path: str, value: Any) -> None:
    *structures, last = path.split(".")
    for name in structures:
        content = content.setdefault(name, {})
    content[last] = value


def _with_arns(value: Any, key_arn: str) -> Any:
    """The same with the key's id written as its ARN: AWS gives back whichever it was given."""
    if isinstance(value, Mapping):
        return {name: _with_arns(inner, key_arn) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_arns(inner, key_arn) for inner in value]
    return key_arn if value and value == key_arn.rpartition("/")[2] else value


def is_visible(row: Resource, path: str) -> bool:
    """Whether a resource's description, or its tags, say what a path of the request had."""
    plain = path.replace("?", "")
    return plain == TAGS or path_mistake(_shape(row), row.renamed.get(plain, plain)) is None


def _shape(row: Resource) -> Any:
    """The shape of what is said of one resource."""
    model = service_model("sagemaker")
    if row.describe_operation is None:
        return model.operation_model(row.list_operation).output_shape.members[row.items].member
    shape = model.operation_model(row.describe_operation).output_shape
    return shape.members[row.inside] if row.inside else shape

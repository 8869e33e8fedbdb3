"""From what a control requires to the conditions under which IAM denies."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from regulated_ml.security.pairs import Pair
from regulated_ml.security.policies import actions, patterns
from regulated_ml.security.requests import parse
from regulated_ml.settings.controls import Must

Condition = dict[str, dict[str, Any]]

INSTANCES = "sagemaker:InstanceTypes"
# The values that controls name, as placeholders of the environment's values.
VALUES: Mapping[str, Any] = {
    "account": "${AWS::AccountId}",
    "accounts": ["${AWS::AccountId}"],
    "region": "${AWS::Region}",
    "vpc_id": "${VpcId}",
    "subnet_ids": ["${SubnetIds}"],
    "security_group_ids": ["${SecurityGroupIds}"],
    "kms_key_arn": "${KmsKeyArn}",
    "execution_role_arn": "${ExecutionRoleArn}",
    "buckets": ["s3://${DataBucket}/*", "s3://${ModelBucket}/*"],
    "tags": {
        "project": "${Slug}",
        "environment": "${Environment}",
        "owner": "${Owner}",
        "cost-center": "${CostCenter}",
        "data-classification": "${DataClassification}",
    },
}
# What the key of a list can hold: several values.
LISTS = ("among",)


class Denial(NamedTuple):
    """A condition under which a request is denied, and what it denies, in one word."""

    what: str  # Missing, Other, or both in one: Wrong
    condition: Condition


def denials(pair: Pair) -> Iterator[Denial]:
    """The conditions that deny what a pair's requirement forbids; none where IAM cannot say it."""
    key = pair.requirement.condition_key
    if not key:
        return
    must = pair.requirement.must
    if must.verb == "carry":
        for name, value in VALUES[str(must.operand)].items():
            yield from _of_one_key(pair, f"{key}/{name}", value, _word(name))
    else:
        yield from _of_one_key(pair, key, _operand(must))


def _of_one_key(pair: Pair, key: str, value: Any, word: str = "") -> Iterator[Denial]:
    present = _present(pair) if pair.requirement.missing != "leave" else None
    operator = _operator(pair.requirement.must, key)
    if operator is None:
        return
    wrong = {operator.name: {key: value}}
    if present == {} and operator.absent_too:
        yield Denial(f"{word}Wrong", {operator.absent_too: {key: value}})
        return
    if present is not None:
        yield Denial(f"{word}Missing", _merged({"Null": {key: "true"}}, present))
    is_there = {"Null": {key: "false"}} if operator.absent_too == operator.name else {}
    yield Denial(f"{word}Other", _merged(wrong, is_there))


class Operator(NamedTuple):
    """An operator that is true for a wrong value, and one that is so for an absent one, too."""

    name: str
    absent_too: str = ""


# In IAM an absent key makes the negated operators true, whether they end in IfExists or not.
OPERATORS = {
    "bool": Operator("Bool", "BoolIfExists"),
    "arn": Operator("ArnNotEquals", "ArnNotEquals"),
    "text": Operator("StringNotEquals", "StringNotEquals"),
    "address": Operator("StringNotLike", "StringNotLike"),
    "list": Operator("ForAnyValue:StringNotEquals"),
    "at_least": Operator("NumericLessThan"),
    "at_most": Operator("NumericGreaterThan"),
    "absent": Operator("Null"),
}


def _operator(must: Must, key: str) -> Operator | None:
    if must.verb == "equal" and isinstance(must.operand, bool):
        return OPERATORS["bool"]
    if must.verb == "be" and str(must.operand).endswith("_arn"):
        # S3 has the key's id as text, all others as an ARN.
        return OPERATORS["text" if key.startswith("s3:") else "arn"]
    kinds = {"equal": "text", "be": "text", "carry": "text", "among": "list", "lie_in": "address"}
    return OPERATORS.get(kinds.get(must.verb, must.verb))


def _operand(must: Must) -> Any:
    if must.verb == "equal" and isinstance(must.operand, bool):
        return str(not must.operand).lower()  # the value that is denied
    if must.verb == "absent":
        return "false"
    if isinstance(must.operand, str) and must.verb != "equal":
        return VALUES.get(must.operand)
    return str(must.operand)


def _present(pair: Pair) -> Condition | None:
    """The condition under which a lack is to be denied: {} always, None never."""
    found: Condition = {}
    for step in parse(pair.path).steps:
        place = (pair.operation, step.name)
        if (step.optional or step.each) and place not in actions.ALWAYS:
            seen = actions.PRESENT.get(place)
            if seen is None and not (step.each and _has_twin(pair, step.name)):
                return None
            found = _merged(found, seen or {})
    unless = pair.requirement.unless
    if unless is None:
        return found
    # Where it does not apply to some instances, IAM sees all instances of a request together, and
    # nothing else: one that is exempt exempts the request.
    if not all(path.endswith("InstanceType") for path in (*unless.paths, *unless.beside)):
        return None
    try:
        exempt = patterns.like(unless.matches)
    except patterns.NotSayable:
        return None
    return _merged(found, {"ForAllValues:StringNotLike": {INSTANCES: exempt}})


def _has_twin(pair: Pair, name: str) -> bool:
    """Whether a list is the other form of a structure that is always there: one or several."""
    return (pair.operation, name.removesuffix("s")) in actions.ALWAYS


def _merged(one: Condition, other: Condition) -> Condition:
    return {
        operator: {**one.get(operator, {}), **other.get(operator, {})}
        for operator in dict.fromkeys([*one, *other])
    }


def _word(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))

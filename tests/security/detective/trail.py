"""Events as CloudTrail writes them: every member's name with a small first letter."""

import datetime
import json
from functools import cache
from typing import Any

from botocore.model import Shape
from botocore.session import Session

REGION, ACCOUNT = "eu-central-1", "111122223333"
SOMEBODY = f"arn:aws:iam::{ACCOUNT}:role/somebody"
OURS = f"arn:aws:iam::{ACCOUNT}:role/credit-default-dev-data-scientist"


def event(
    operation: str,
    request: dict[str, Any] | None,
    answer: dict[str, Any] | None = None,
    caller: str = OURS,
    **detail: Any,
) -> dict[str, Any]:
    """What the function gets when somebody has called an operation of SageMaker."""
    model = _model().operation_model(operation)
    output = model.output_shape
    return {
        "source": "aws.sagemaker",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "sagemaker.amazonaws.com",
            "eventName": operation,
            "eventTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventID": f"event-of-{operation}",
            "awsRegion": REGION,
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{caller.rpartition('/')[2]}/session",
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": caller}},
            },
            "requestParameters": None if request is None else small(request, model.input_shape),
            "responseElements": None if answer is None or output is None else small(answer, output),
            **detail,
        },
    }


def in_a_message(content: dict[str, Any], times: int) -> dict[str, Any]:
    """The event as the queue hands it over, for the first time or again."""
    attributes = {"ApproximateReceiveCount": str(times)}
    return {"Records": [{"body": json.dumps(content), "attributes": attributes}]}


@cache
def _model() -> Any:
    return Session().get_service_model("sagemaker")


def small(value: Any, shape: Shape) -> Any:
    """The value with the names that CloudTrail writes."""
    if shape.type_name == "structure":
        return {
            name[:1].lower() + name[1:]: small(each, shape.members[name])
            for name, each in value.items()
        }
    if shape.type_name == "list":
        return [small(each, shape.member) for each in value]
    if shape.type_name == "map":
        return {key: small(each, shape.value) for key, each in value.items()}
    return value

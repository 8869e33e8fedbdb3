"""What an endpoint is made of: its request names a configuration, and that names models.

Each was checked when it was made; but an endpoint that was made from them before the function had
deleted them would go on running.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from regulated_ml.security.detective import answers

OPERATIONS = ("CreateEndpoint", "UpdateEndpoint")
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
# Seconds within which a part that is gone was deleted by this function, and not by its owner later.
FRESH = 15 * 60


class Part(NamedTuple):
    """A part: what it would be called to make it, as it is now; None where it is gone."""

    operation: str
    name: str
    request: dict[str, Any] | None


def of(operation: str, request: Mapping[str, Any], client: Any) -> Iterator[Part]:
    """The configuration and the models of the endpoint that a request makes or changes."""
    name = request.get("EndpointConfigName")
    if operation not in OPERATIONS or not name:
        return
    config = _described(client.describe_endpoint_config, EndpointConfigName=name)
    yield Part("CreateEndpointConfig", name, config)
    variants = [each for kind in VARIANTS for each in (config or {}).get(kind) or ()]
    for model in sorted({each["ModelName"] for each in variants if "ModelName" in each}):
        yield Part("CreateModel", model, _described(client.describe_model, ModelName=model))


def is_fresh(time: str) -> bool:
    """Whether an event, with its time in ISO form, has only just happened."""
    then = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return (datetime.now(UTC) - then).total_seconds() < FRESH


def _described(describe: Any, **name: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = describe(**name)
    except ClientError as error:
        if not answers.is_gone(error, name.values()):
            raise
        return None
    return found

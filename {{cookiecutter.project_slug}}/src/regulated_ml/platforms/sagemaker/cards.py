"""SageMaker's model cards, derived from the records: one card a version, under the key.

A card has a history of its own on AWS: each update makes a new version of the card. So nothing is
sent where the card says the same already.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import check
from regulated_ml.security import clients
from regulated_ml.security.clients import platform
from regulated_ml.security.values import tags
from regulated_ml.settings import Settings

Status = Literal["Draft", "PendingReview", "Approved", "Archived"]
LONGEST = 100_000  # characters of a card's content
MISSING = ("ResourceNotFound", "ResourceNotFoundException")


def put(settings: Settings, version: str, status: Status, content: Mapping[str, Any]) -> str:
    """Makes or updates the card of a version; returns its ARN.

    Raises:
        UserError: the content is too long, or AWS does not take it.
    """
    name = f"{settings.project.project_slug}-{version}"
    if problems := check("job_name", name, "model card"):  # SageMaker's rule for both is one
        raise UserError(problems, ExitStatus.CONFIGURATION)
    # In one line: the service's pattern for the content knows no line break.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if len(text) > LONGEST:
        rule = f"a model card of SageMaker has at most {LONGEST} characters"
        fix = "shorten the texts of config/documents.yaml"
        raise UserError.one("model card", f"{len(text)} characters", rule, fix)
    sagemaker = clients.client(settings, "sagemaker")
    with clients.reached(settings):
        there = _described(sagemaker, name)
        if there is None:
            answer = sagemaker.create_model_card(
                ModelCardName=name,
                SecurityConfig={"KmsKeyId": platform(settings).kms_key_arn},
                Content=text,
                ModelCardStatus=status,
                Tags=[{"Key": key, "Value": value} for key, value in tags(settings).items()],
            )
            return str(answer["ModelCardArn"])
        # AWS takes a change of the content and one of the status in calls of their own.
        if there["Content"] != text:
            sagemaker.update_model_card(ModelCardName=name, Content=text)
        if there["ModelCardStatus"] != status:
            sagemaker.update_model_card(ModelCardName=name, ModelCardStatus=status)
        return str(there["ModelCardArn"])


def _described(sagemaker: Any, name: str) -> dict[str, Any] | None:
    """The card as it is, or None where there is none."""
    import botocore.exceptions

    try:
        found: dict[str, Any] = sagemaker.describe_model_card(ModelCardName=name)
    except botocore.exceptions.ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            return None
        raise
    return found

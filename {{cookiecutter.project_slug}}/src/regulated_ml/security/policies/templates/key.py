"""The team's key."""

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies.resources import key_policy
from regulated_ml.security.policies.templates.building import KEPT, TAGS, Template, resource


def template(controls: Controls) -> Template:
    """The template."""
    resources = {
        "Key": resource(
            "AWS::KMS::Key",
            {
                "Description": "Rows, models and logs of ${Slug} in ${Environment}.",
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": key_policy().document,
                "Tags": TAGS,
            },
            **KEPT,
        ),
        "Alias": resource(
            "AWS::KMS::Alias",
            {"AliasName": "alias/${Slug}-${Environment}", "TargetKeyId": {"Ref": "Key"}},
        ),
    }
    outputs = {
        "KeyArn": (
            "Write it into config/environments: kms_key_arn.",
            {"Fn::GetAtt": ["Key", "Arn"]},
        )
    }
    return Template("The key under which everything of an environment lies.", resources, outputs)

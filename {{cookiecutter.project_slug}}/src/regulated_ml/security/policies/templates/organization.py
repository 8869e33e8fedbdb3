"""The guardrails as service control policies, for the organization's management account."""

from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import guardrails
from regulated_ml.security.policies.documents import Statement
from regulated_ml.security.policies.templates.building import TAGS, Template, resource
from regulated_ml.security.policies.templates.guards import environments


def template(controls: Controls) -> Template:
    """The template; the account is a parameter, since the stack lies in another one."""
    policies = guardrails.control_policies(controls)
    resources = {
        f"Controls{number}": resource(
            "AWS::Organizations::Policy",
            {
                "Name": policy.name,
                "Type": "SERVICE_CONTROL_POLICY",
                "Description": "What the controls forbid, for an account of SageMaker alone.",
                "TargetIds": ["${TargetIds}"],
                "Content": _elsewhere(policy.document),
                "Tags": TAGS,
            },
        )
        for number, policy in enumerate(policies, start=1)
    }
    return Template(
        "The guardrails as service control policies; five fit on one target beside each other.",
        resources,
        environments=environments(policies),
    )


def _elsewhere(content: Any) -> Any:
    """A document that names the environment's account and not the stack's."""
    if isinstance(content, Statement):
        return Statement(_elsewhere(content.content), content.environments)
    if isinstance(content, dict):
        return {key: _elsewhere(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_elsewhere(each) for each in content]
    return (
        content.replace("${AWS::AccountId}", "${AccountId}")
        if isinstance(content, str)
        else content
    )

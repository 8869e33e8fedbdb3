"""The guardrails as managed policies, and the permissions boundary."""

from collections.abc import Iterable
from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import boundary, guardrails
from regulated_ml.security.policies.documents import Policy, Statement
from regulated_ml.security.policies.templates.building import Resource, Template, resource, skip

# A boundary gives no rights: who may do what on which resources is said by the roles' own policies.
NO_RESOURCE = "a boundary allows nothing by itself; the roles' own policies name the resources"


def template(controls: Controls) -> Template:
    """The template."""
    guards = guardrails.policies(controls)
    resources = {
        "Boundary": managed(
            boundary.policy(),
            "What the project's roles can do at most.",
            **skip(CKV_AWS_109=NO_RESOURCE, CKV_AWS_111=NO_RESOURCE),
        ),
        **{
            f"Guardrails{number}": managed(policy, "What the controls forbid.")
            for number, policy in enumerate(guards, start=1)
        },
    }
    return Template(
        "What nobody may do, from the controls, and what the project's roles can do at most.",
        resources,
        environments=environments(guards),
    )


def managed(policy: Policy, description: str, **more: Any) -> Resource:
    """A managed policy; `more` are its attributes beside the properties."""
    return resource(
        "AWS::IAM::ManagedPolicy",
        {
            "ManagedPolicyName": policy.name,
            "Description": description,
            "PolicyDocument": policy.document,
        },
        **more,
    )


def environments(policies: Iterable[Policy]) -> list[tuple[str, ...]]:
    """The environments that statements hold in, where they do not hold in all."""
    return sorted(
        {
            statement.environments
            for policy in policies
            for statement in policy.document["Statement"]
            if isinstance(statement, Statement) and statement.environments
        }
    )

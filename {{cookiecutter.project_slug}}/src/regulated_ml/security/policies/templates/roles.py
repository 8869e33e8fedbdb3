"""The roles: who may do what."""

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import added, boundary, guardrails
from regulated_ml.security.policies.documents import Policy, document
from regulated_ml.security.policies.roles import ROLES, Role, statements
from regulated_ml.security.policies.templates.building import (
    TAGS,
    Resource,
    Template,
    resource,
)
from regulated_ml.security.policies.templates.guards import managed


def template(controls: Controls) -> Template:
    """The template."""
    guards = [by_name(policy) for policy in guardrails.policies(controls)]
    return Template(
        "The roles of jobs and of people, under the boundary and the guardrails.",
        {
            **{
                each.name.capitalize(): managed(policy, each.description)
                for each, policy in zip(added.ADDED, added.policies(), strict=True)
            },
            **{name: _with_added(name, each, guards) for name, each in ROLES.items()},
        },
        {f"{name}Arn": ("Its ARN.", {"Fn::GetAtt": [name, "Arn"]}) for name in ROLES},
    )


def _with_added(name: str, known: Role, guards: list[str]) -> Resource:
    """A role with its managed policies of this stack, which are made first."""
    own = [each.name.capitalize() for each in added.ADDED if name in each.roles]
    made = role(known, [*guards, *map(by_name, added.policies_of(name))])
    return {**made, "DependsOn": own} if own else made


def by_name(policy: Policy) -> str:
    """The ARN of a managed policy of another stack."""
    return f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{policy.name}"


def role(known: Role, guards: list[str]) -> Resource:
    """A role, under the boundary."""
    return resource(
        "AWS::IAM::Role",
        {
            "RoleName": known.name,
            "Path": known.path,
            "AssumeRolePolicyDocument": known.trust,
            "PermissionsBoundary": by_name(boundary.policy()),
            **({"ManagedPolicyArns": guards} if known.has_guardrails else {}),
            "Policies": [{"PolicyName": "may", "PolicyDocument": document(statements(known.rows))}],
            "Tags": TAGS,
        },
    )

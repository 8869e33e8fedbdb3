"""The permissions boundary: what the roles can do at most, whatever is attached to them later.

It follows from the tables of the roles, without their conditions: whoever attaches a wider policy
to a role widens nothing beyond these actions on the environment's own things. IAM is not among
them, so no role can give rights, to itself or to another.
"""

import re

from regulated_ml.security.policies import added, places
from regulated_ml.security.policies.documents import MANAGED, Policy, document
from regulated_ml.security.policies.roles import DETECTIVE_ROLE, ROLES, statements
from regulated_ml.security.policies.tables import ANY, PASS_ROLE, Row

NAME = "${Slug}-${Environment}-boundary"
# What the actions of a service can be about, for all roles together.
SCOPES = {
    "cloudwatch": ANY,
    "codepipeline": (f"{places.DELIVERY}*",),
    "codecommit": (places.REPOSITORY,),
    "ec2": ANY,
    "ecr": ANY,
    "kms": (places.KEY,),
    "logs": (places.LOG_GROUPS, places.GUARD_STREAMS, places.DETECTIVE_STREAMS),
    "s3": places.IN_S3,
    "sagemaker": ANY,
    "sns": (places.TOPIC,),
    "sqs": (places.EVENTS,),
}


# A managed policy has room for 6,144 characters, so what is done with these stands as a pattern.
FAMILIES = re.compile(
    r"^[A-Z][a-z]+(?=(DataQuality|Model[A-Z][a-z]+)JobDefinition$|MonitoringSchedule$|Pipeline)"
)


def _family(name: str) -> str:
    return FAMILIES.sub("*", name)


def policy() -> Policy:
    """The boundary of the roles, and of the detective function."""
    rows = [row for role in (*ROLES.values(), DETECTIVE_ROLE) for row in role.rows]
    by_service: dict[str, set[str]] = {}
    for action in (action for each in added.ADDED for row in each.rows for action in row.actions):
        service, _, name = action.partition(":")
        by_service.setdefault(service, set()).add(f"{service}:{_family(name)}")
    for action in (action for row in rows if row is not PASS_ROLE for action in row.actions):
        by_service.setdefault(action.partition(":")[0], set()).add(action)
    wide = [name for name in by_service if SCOPES[name] == ANY]
    everywhere = sorted(action for name in wide for action in by_service.pop(name))
    at_most = [
        Row("AtMost", tuple(everywhere), ANY),
        *(
            Row(f"{name.capitalize()}AtMost", tuple(sorted(by_service[name])), SCOPES[name])
            for name in sorted(by_service)
        ),
    ]
    return Policy(NAME, MANAGED, document(statements([*at_most, PASS_ROLE])))

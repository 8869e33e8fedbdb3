"""Topics that tell the team's mailbox, under the team's key."""

from typing import Any

from regulated_ml.security.policies import places
from regulated_ml.security.policies.resources import OF_THIS_ACCOUNT
from regulated_ml.security.policies.templates.building import TAGS, Resource, resource


def topic(name: str) -> Resource:
    """The topic; `name` comes after those of project and environment."""
    return resource(
        "AWS::SNS::Topic",
        {
            "TopicName": f"${{Slug}}-${{Environment}}-{name}",
            "KmsMasterKeyId": places.KEY,
            "Subscription": [{"Protocol": "email", "Endpoint": "${Owner}"}],
            "Tags": TAGS,
        },
    )


def topic_policy(logical: str) -> Resource:
    """The policy of the topic with a logical name: alarms of this account tell, over TLS."""
    statements = [
        {
            "Sid": "AlarmsTell",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": {"Ref": logical},
            "Condition": OF_THIS_ACCOUNT,
        },
        tls_alone("sns:Publish", {"Ref": logical}),
    ]
    return resource(
        "AWS::SNS::TopicPolicy",
        {
            "Topics": [{"Ref": logical}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    )


def tls_alone(action: str, resource_arn: Any) -> dict[str, Any]:
    """Denies whatever does not come over TLS."""
    return {
        "Sid": "TlsAlone",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": [action],
        "Resource": resource_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

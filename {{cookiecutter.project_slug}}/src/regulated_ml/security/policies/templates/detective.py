"""The function that watches what is made, what it tells, and the alarms."""

import re
from typing import Any

from regulated_ml.security.detective import parts
from regulated_ml.security.detective.events import SOURCE
from regulated_ml.security.detective.packaging import HANDLER
from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.roles import DETECTIVE_ROLE
from regulated_ml.security.policies.templates.building import (
    TAGS,
    Resource,
    Template,
    resource,
    skip,
)
from regulated_ml.security.policies.templates.roles import role
from regulated_ml.security.policies.templates.topics import tls_alone, topic, topic_policy
from regulated_ml.settings import LOCAL

FUNCTION = "${Slug}-${Environment}-detective"
LOGS_KEPT = 731  # days; CloudWatch knows some numbers only
AT_A_TIME = 5
# A job that is still coming up takes no stop: the event comes again for an hour.
SECONDS_BETWEEN, TIMES = 300, 12
FOURTEEN_DAYS = 14 * 24 * 60 * 60
NAMESPACE = places.NAMESPACE


def operations(controls: Controls) -> list[str]:
    """The operations of SageMaker that the rule hands to the function."""
    held = {
        pair.operation
        for pair in controls.pairs()
        if LOCAL not in pair.requirement.environments and "." not in pair.operation
    }
    held |= {each.operation for each in controls.embedded if "." not in each.operation}
    return sorted(held | set(parts.OPERATIONS))


def template(controls: Controls) -> Template:
    """The template."""
    resources = {
        "GuardLog": _log("/regulated-ml/${Slug}/${Environment}/guard"),
        "FunctionLog": _log(f"/aws/lambda/{FUNCTION}"),
        "Topic": topic("findings"),
        "TopicPolicy": topic_policy("Topic"),
        "Failures": resource(
            "AWS::SQS::Queue",
            {
                "QueueName": "${Slug}-${Environment}-failures",
                "KmsMasterKeyId": places.KEY,
                "MessageRetentionPeriod": FOURTEEN_DAYS,
                "Tags": TAGS,
            },
        ),
        "FailuresPolicy": _queue_policy("Failures"),
        "Events": _events(),
        "EventsPolicy": _queue_policy("Events"),
        "FunctionRole": role(DETECTIVE_ROLE, []),
        "Function": _function(),
        "Rule": _rule(operations(controls)),
        "EventsToFunction": resource(
            "AWS::Lambda::EventSourceMapping",
            {
                "EventSourceArn": {"Fn::GetAtt": ["Events", "Arn"]},
                "FunctionName": {"Ref": "Function"},
                "BatchSize": 1,
                "ScalingConfig": {"MaximumConcurrency": AT_A_TIME},
            },
        ),
        "Refusals": resource(
            "AWS::Logs::MetricFilter",
            {
                "LogGroupName": {"Ref": "GuardLog"},
                "FilterPattern": '{ $.outcome = "refused" }',
                "MetricTransformations": [
                    {"MetricNamespace": NAMESPACE, "MetricName": "Refusals", "MetricValue": "1"}
                ],
            },
        ),
        **{f"{name}Alarm": _alarm(name, *row) for name, row in ALARMS.items()},
    }
    return Template(
        "The detective function, what calls it, and the alarms of guard and function.",
        resources,
    )


# What is counted, from when on it is an alarm in how many seconds, and why.
ALARMS: dict[str, tuple[dict[str, Any], int, int, str]] = {
    "Findings": (
        {"Namespace": NAMESPACE, "MetricName": "Findings"},
        1,
        300,
        "Something was made against a control, past the guard and the policies.",
    ),
    "Refusals": (
        {"Namespace": NAMESPACE, "MetricName": "Refusals"},
        20,
        3600,
        "The guard refuses more than people's mistakes explain.",
    ),
    "Errors": (
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Function"}}],
        },
        1,
        300,
        "The function failed, or could not stop something yet; the event comes again for an hour.",
    ),
    "Failures": (
        {
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [
                {"Name": "QueueName", "Value": {"Fn::GetAtt": ["Failures", "QueueName"]}}
            ],
        },
        1,
        300,
        "An event was given up: look at what it made, and stop it by hand.",
    ),
}


def _alarm(name: str, metric: dict[str, Any], least: int, seconds: int, why: str) -> Resource:
    return resource(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": f"${{Slug}}-${{Environment}}-{name.lower()}",
            "AlarmDescription": why,
            **metric,
            "Statistic": "Sum" if name != "Failures" else "Maximum",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": least,
            "Period": seconds,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Topic"}],
        },
    )


def _function() -> Resource:
    return resource(
        "AWS::Lambda::Function",
        {
            "FunctionName": FUNCTION,
            "Description": "Stops or deletes what is made against the controls of ${Slug}.",
            "Runtime": "python3.12",
            "Handler": HANDLER,
            "Code": {"S3Bucket": "${DataBucket}", "S3Key": "${CodeKey}"},
            "Role": {"Fn::GetAtt": ["FunctionRole", "Arn"]},
            "Timeout": 60,
            "MemorySize": 256,
            "ReservedConcurrentExecutions": AT_A_TIME,
            "Tags": TAGS,
        },
        DependsOn="FunctionLog",
        **skip(
            CKV_AWS_116="the queue that calls it has one; nothing calls it asynchronously",
            CKV_AWS_117="it calls AWS alone and reads no rows; in the VPC it needs more rights",
        ),
    )


def _rule(names: list[str]) -> Resource:
    return resource(
        "AWS::Events::Rule",
        {
            "Name": FUNCTION,
            "Description": "What somebody makes or changes in SageMaker.",
            "EventPattern": {
                "source": ["aws.sagemaker"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": [SOURCE],
                    "eventName": [{"prefix": verb} for verb in _verbs(names)],
                },
            },
            "State": "ENABLED",
            "Targets": [
                {
                    "Id": "queue",
                    "Arn": {"Fn::GetAtt": ["Events", "Arn"]},
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Failures", "Arn"]}},
                }
            ],
        },
    )


def _verbs(names: list[str]) -> list[str]:
    """What the operations' names begin with: EventBridge takes 2,048 characters, not every name."""
    return sorted({re.sub(r"(?<=[a-z])[A-Z].*", "", name) for name in names})


def _log(name: str) -> Resource:
    return resource(
        "AWS::Logs::LogGroup",
        {"LogGroupName": name, "RetentionInDays": LOGS_KEPT, "KmsKeyId": places.KEY, "Tags": TAGS},
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
    )


def _events() -> Resource:
    """The queue between the rule and the function."""
    failures = {"Fn::GetAtt": ["Failures", "Arn"]}
    return resource(
        "AWS::SQS::Queue",
        {
            "QueueName": "${Slug}-${Environment}-events",
            "KmsMasterKeyId": places.KEY,
            "VisibilityTimeout": SECONDS_BETWEEN,
            "RedrivePolicy": {"deadLetterTargetArn": failures, "maxReceiveCount": TIMES},
            "Tags": TAGS,
        },
    )


def _queue_policy(queue: str) -> Resource:
    """Of a queue that the rule writes to."""
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    statements = [
        {
            "Sid": "TheRuleWrites",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["sqs:SendMessage"],
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
        },
        tls_alone("sqs:SendMessage", arn),
    ]
    return resource(
        "AWS::SQS::QueuePolicy",
        {
            "Queues": [{"Ref": queue}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    )

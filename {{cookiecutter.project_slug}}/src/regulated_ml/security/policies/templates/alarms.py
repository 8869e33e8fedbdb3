"""The alarms of the environment's endpoint, and the topic that tells of them.

`rml endpoint deploy` names them: a version during whose deployment one of them goes off is rolled
back. The bounds are those of config/model.yaml.
"""

import json
from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.resources import OF_THIS_ACCOUNT
from regulated_ml.security.policies.templates.building import (
    KEPT,
    TAGS,
    Resource,
    Template,
    resource,
)
from regulated_ml.security.policies.templates.topics import topic, topic_policy

VARIANT = "AllTraffic"  # of every endpoint configuration that `rml` makes
MINUTE = 60
# What is looked at, how it becomes one number a minute, its bound, and why.
ALARMS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "errors": (
        "Invocation5XXErrors",
        {"Statistic": "Average"},  # of 0 and 1: the share of the requests
        "LargestErrorRate",
        "The endpoint answers more requests with 5xx than config/model.yaml has it.",
    ),
    "latency": (
        "ModelLatency",
        {"ExtendedStatistic": "p99"},
        "LargestLatency",
        "The model takes longer than config/model.yaml has it, for one request in a hundred.",
    ),
}


# Why a served model is no longer what was approved, by the monitor that finds it: what its schedule
# is called in the end, and the reason. Model Monitor's own metrics have features' names, which a
# template cannot list, and CloudWatch alarms on no search; so what is counted is each run of a
# monitor that ended with violations: one alert for one cause, however many features have changed.
CAUSES: dict[str, tuple[str, str]] = {
    "drift": ("data-quality", "What the endpoint is asked is not distributed as in the training."),
    "quality": ("model-quality", "Scores tell defaulters from others less well than approved."),
    "bias": ("bias", "Decisions treat groups of clients less alike than approved."),
    "attribution": ("attribution", "Other features weigh in the scores than when approved."),
}
EVENTS_KEPT = 731  # days; CloudWatch knows some numbers only
HOUR = 60 * MINUTE
CHANGED = f"{places.ENDPOINT_NAME}-changed"  # the alarm that training anew is started by


def template(controls: Controls) -> Template:
    """The template."""
    resources = {
        "Alerts": topic("alerts"),
        "AlertsPolicy": topic_policy("Alerts"),
        **{f"{name.capitalize()}Alarm": _alarm(name) for name in ALARMS},
        "MonitorEvents": resource(
            "AWS::Logs::LogGroup",
            {
                "LogGroupName": f"/aws/events/{places.ENDPOINT_NAME}-monitors",
                "RetentionInDays": EVENTS_KEPT,
                "KmsKeyId": places.KEY,
                "Tags": TAGS,
            },
            **KEPT,
        ),
        "MonitorEventsPolicy": _events_write(),
        "MonitorsFound": _rule(),
        **{f"{name.capitalize()}Found": _counted(name) for name in CAUSES},
        **{f"{name.capitalize()}Cause": _cause(name) for name in CAUSES},
        "ModelChanged": _changed(),
    }
    outputs = {"TopicArn": ("What tells of the endpoint's alarms.", {"Ref": "Alerts"})}
    return Template(
        "The alarms of the environment's endpoint, by which a deployment is rolled back, those of"
        " its monitors, one for each cause, and their topic under the team's key.",
        resources,
        outputs,
    )


def _alarm(name: str) -> Resource:
    metric, statistic, bound, why = ALARMS[name]
    return resource(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": f"{places.ENDPOINT_NAME}-endpoint-{name}",
            "AlarmDescription": why,
            "Namespace": "AWS/SageMaker",
            "MetricName": metric,
            "Dimensions": [
                {"Name": "EndpointName", "Value": places.ENDPOINT_NAME},
                {"Name": "VariantName", "Value": VARIANT},
            ],
            **statistic,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": {"Ref": bound},
            "Period": MINUTE,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alerts"}],
            "OKActions": [{"Ref": "Alerts"}],
        },
    )


def _events_write() -> Resource:
    """Lets EventBridge write into the group of the monitors' events."""
    statement = {
        "Sid": "RulesWrite",
        "Effect": "Allow",
        "Principal": {"Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{_GROUP}:*",
        "Condition": OF_THIS_ACCOUNT,
    }
    # The document of this kind of resource is a text.
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return resource(
        "AWS::Logs::ResourcePolicy",
        {"PolicyName": f"{places.ENDPOINT_NAME}-monitors", "PolicyDocument": text},
    )


_GROUP = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    f"/aws/events/{places.ENDPOINT_NAME}-monitors"
)


def _rule() -> Resource:
    """Every run of a monitor of the environment that ended with violations.

    Source: Developer Guide, "Automating SageMaker with EventBridge", and the exit message of Model
    Monitor's jobs.
    """
    outputs = "s3://${ModelBucket}/${Slug}/${Environment}/runs/monitor/"
    return resource(
        "AWS::Events::Rule",
        {
            "Name": f"{places.ENDPOINT_NAME}-monitors",
            "Description": "Runs of Model Monitor that found violations.",
            "EventPattern": {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Processing Job State Change"],
                "detail": {
                    "ProcessingJobStatus": ["Completed"],
                    "ExitMessage": [{"prefix": "CompletedWithViolations"}],
                    "ProcessingOutputConfig": {
                        "Outputs": {"S3Output": {"S3Uri": [{"prefix": outputs}]}}
                    },
                },
            },
            "State": "ENABLED",
            "Targets": [{"Id": "events", "Arn": _GROUP}],
        },
        DependsOn="MonitorEventsPolicy",
    )


def _counted(cause: str) -> Resource:
    """How many runs of a monitor found violations."""
    schedule, _ = CAUSES[cause]
    place = "$.detail.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri"
    return resource(
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": {"Ref": "MonitorEvents"},
            "FilterPattern": f'{{ {place} = "*{places.ENDPOINT_NAME}-{schedule}*" }}',
            "MetricTransformations": [
                {
                    "MetricNamespace": places.NAMESPACE,
                    "MetricName": f"{cause.capitalize()}Found",
                    "MetricValue": "1",
                }
            ],
        },
    )


def _cause(cause: str) -> Resource:
    """One alarm for one cause."""
    _, why = CAUSES[cause]
    return resource(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": f"{places.ENDPOINT_NAME}-cause-{cause}",
            "AlarmDescription": f"{why} What was found: rml --env ${{Environment}} monitor status",
            "Namespace": places.NAMESPACE,
            "MetricName": f"{cause.capitalize()}Found",
            "Statistic": "Sum",
            "Period": HOUR,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alerts"}],
        },
    )


def _changed() -> Resource:
    """Any cause: what training anew may mend; delivery.yaml starts it."""
    names = [f"{places.ENDPOINT_NAME}-cause-{each}" for each in CAUSES]
    return resource(
        "AWS::CloudWatch::CompositeAlarm",
        {
            "AlarmName": CHANGED,
            "AlarmDescription": "The served model is no longer what was approved, for any cause.",
            "AlarmRule": " OR ".join(f'ALARM("{each}")' for each in names),
        },
        DependsOn=[f"{each.capitalize()}Cause" for each in CAUSES],
    )

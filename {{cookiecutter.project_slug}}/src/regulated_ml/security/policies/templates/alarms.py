"""The alarms of the environment's endpoint, and the topic that tells of them.

`rml endpoint deploy` names them: a version during whose deployment one of them goes off is rolled
back. The bounds are those of config/model.yaml.
"""

from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.templates.building import Resource, Template, resource
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


def template(controls: Controls) -> Template:
    """The template."""
    resources = {
        "Alerts": topic("alerts"),
        "AlertsPolicy": topic_policy("Alerts"),
        **{f"{name.capitalize()}Alarm": _alarm(name) for name in ALARMS},
    }
    outputs = {"TopicArn": ("What tells of the endpoint's alarms.", {"Ref": "Alerts"})}
    return Template(
        "The alarms of the environment's endpoint, by which a deployment is rolled back, and"
        " their topic under the team's key.",
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

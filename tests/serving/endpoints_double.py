"""A double for what moto lacks of endpoints: UpdateEndpoint, and changes that take their time.

It stands in the front: an update is kept, the endpoint is Updating for some looks, and then serves
the new configuration, or the old one again with the reason of the failure.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from aws import ACCOUNT, REGION
from platforms.front_double import Answer, Front

LOOKS = 1  # at an endpoint that is Updating
KIND = {"Content-Type": "application/x-amz-json-1.1"}


@dataclass
class EndpointsDouble:
    """Endpoints that can be updated."""

    front: Front
    fails: str = ""  # why the next update is rolled back
    serves: dict[str, str] = field(default_factory=dict)  # by endpoint, the configuration
    _pending: dict[str, list[Any]] = field(default_factory=dict)  # configuration and looks left
    _reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/any"
        answers = [Answer(200, json.dumps({"EndpointArn": arn}).encode(), KIND)] * 20
        self.front.instead["UpdateEndpoint"] = answers
        self.front.changes["DescribeEndpoint"] = self._described
        self._taken = 0

    def _described(self, answer: dict[str, Any]) -> dict[str, Any]:
        name = answer["EndpointName"]
        for update in self.front.sent("UpdateEndpoint")[self._taken :]:
            self._taken += 1
            self._pending[update["EndpointName"]] = [update["EndpointConfigName"], LOOKS]
        serves = self.serves.setdefault(name, answer["EndpointConfigName"])
        if name in self._pending:
            wanted, looks = self._pending[name]
            if looks:
                self._pending[name][1] -= 1
                states = [{"Status": "Baking"}]
                pending = {
                    "EndpointConfigName": wanted,
                    "ProductionVariants": [{"VariantName": "AllTraffic", "VariantStatus": states}],
                }
                return {
                    **answer,
                    "EndpointConfigName": serves,
                    "EndpointStatus": "Updating",
                    "PendingDeploymentSummary": pending,
                }
            del self._pending[name]
            self._reasons[name] = self.fails
            if not self.fails:
                self.serves[name] = wanted
        answer["EndpointConfigName"] = self.serves[name]
        if reason := self._reasons.get(name):
            answer["FailureReason"] = reason
        return answer

"""A double: moto behind a front that also has the kinds of resources which moto lacks.

What the front keeps is checked by botocore's model when it is made, and given back as AWS describes
it: the request, with an ARN and times. Kinds that moto has are moto's.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aws import ACCOUNT, REGION
from botocore import xform_name
from botocore.session import Session
from botocore.validate import validate_parameters
from moto.sagemaker.responses import SageMakerResponse
from platforms.front_double import Answer, Asked, Front, refusal

MODEL = Session().get_service_model("sagemaker")
JSON = {"Content-Type": "application/x-amz-json-1.1"}


# What moto takes in a request and does not describe, and the name by which it is found.
FORGOTTEN = {
    "DescribeModel": ("ModelName", "EnableNetworkIsolation"),
    "DescribeNotebookInstance": ("NotebookInstanceName", "InstanceMetadataServiceConfiguration"),
    "DescribeProcessingJob": ("ProcessingJobName", "ProcessingResources"),
}


def is_motos(operation: str) -> bool:
    """Whether moto has the operation."""
    return hasattr(SageMakerResponse, xform_name(operation))


@dataclass(frozen=True)
class Kept:
    """A resource that the front keeps."""

    kind: str
    request: dict[str, Any]
    arn: str


@dataclass
class Lacking(Front):
    """The front; `refused` are operations that are always refused, each with its error's code."""

    kept: list[Kept] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    page_size: int = 100

    def make(self, operation: str, request: dict[str, Any]) -> None:
        """Keeps what the operation would make of the request."""
        validate_parameters(request, MODEL.operation_model(operation).input_shape)
        kind = _kind(operation)
        name = request.get(f"{kind}Name") or request.get("Name")
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind.lower()}/{name}"
        self.kept.append(Kept(kind, request, arn))

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """The front's own answer, or moto's."""
        operation = headers.get("X-Amz-Target", "").partition(".")[2]
        if operation in self.refused:
            return refusal(self.refused[operation])
        own = self._own(operation, json.loads(body)) if operation in MODEL.operation_names else None
        if own is None:
            answer = super().answer(method, path, headers, body)
            return self._recalled(operation, answer) if operation in FORGOTTEN else answer
        self.asked.append(Asked(operation, json.loads(body)))
        return Answer(200, json.dumps(own).encode(), JSON)

    def _recalled(self, operation: str, answer: Answer) -> Answer:
        """Moto's answer with what the request had and moto forgot."""
        name, forgotten = FORGOTTEN[operation]
        said = json.loads(answer.body)
        for request in self.sent(operation.replace("Describe", "Create")):
            if request[name] == said.get(name) and forgotten in request:
                said[forgotten] = request[forgotten]
        return answer._replace(body=json.dumps(said).encode())

    def _own(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        if operation == "ListTags":
            found = [kept for kept in self.kept if kept.arn == asked["ResourceArn"]]
            return {"Tags": found[0].request.get("Tags", [])} if found else None
        kinds = {kept.kind for kept in self.kept if f"List{kept.kind}s" == operation}
        if operation.startswith("List") and (kinds or not is_motos(operation)):
            return self._listed(operation, asked, kinds)
        if operation.startswith("Describe"):
            kind = _kind(operation)
            found = [k for k in self.kept if k.kind == kind and asked.items() <= k.request.items()]
            return _described(found[0], operation) if found else None
        return None

    def _listed(self, operation: str, asked: dict[str, Any], kinds: set[str]) -> dict[str, Any]:
        shape = MODEL.operation_model(operation).output_shape
        items = next(name for name, of in shape.members.items() if of.type_name == "list")
        found = [k for k in self.kept if k.kind in kinds]
        start = int(asked.get("NextToken", 0))
        page = found[start : start + self.page_size]
        members = shape.members[items].member.members
        said = [
            {k: v for k, v in _described(each, f"Describe{each.kind}").items() if k in members}
            for each in page
        ]
        more = {"NextToken": str(start + self.page_size)} if found[start + self.page_size :] else {}
        return {items: said, **more}


def _kind(operation: str) -> str:
    return operation.removeprefix("Create").removeprefix("Describe").removesuffix("V2")


def _described(kept: Kept, operation: str) -> dict[str, Any]:
    shape = MODEL.operation_model(operation).output_shape
    arn = next(n for n in (f"{kept.kind}Arn", "Arn") if n in shape.members)
    said = {k: v for k, v in kept.request.items() if k in shape.members}
    return {**said, arn: kept.arn, "CreationTime": time.time(), "LastModifiedTime": time.time()}

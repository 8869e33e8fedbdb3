"""What a request was found to be, in the words of someone who has to mend it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from regulated_ml.security.requests.verbs import VERBS, lacking_tags, tags, wrong_tags
from regulated_ml.security.requests.walking import MISSING, Path, Place, written

# What pipelines write where a value is known only when they run.
EXPRESSIONS = ("Get", "Std:Join", "Std:JsonGet")


class Row(NamedTuple):
    """A requirement on one field of one operation, as the plan has it."""

    control: str
    severity: str
    path: Path
    verb: str
    operand: Any
    words: str  # what the operand is called in the settings, or the literal
    missing: str
    unless_paths: tuple[Path, ...]  # from the request's root
    unless_beside: tuple[Path, ...]  # from the structure that holds the field
    unless: re.Pattern[str] | None
    not_for: tuple[str, ...] = ()  # operations that the pattern of this row does not mean


class Violation(NamedTuple):
    """One field of a request that breaks a control."""

    control: str
    field: str  # JMESPath, elements of lists numbered from 0
    value: str
    required: str
    fix: str
    severity: str
    missing: bool


@dataclass(slots=True)
class Result:
    """What a request was found to be."""

    request: Mapping[str, Any]  # filled, if that was asked for; otherwise the caller's own
    violations: list[Violation] = field(default_factory=list)
    excepted: list[Violation] = field(default_factory=list)  # let pass by an exception
    filled: list[str] = field(default_factory=list)

    def add_within(self, inner: "Result", where: str) -> None:
        """Adds what was found in a request that lies inside this one."""
        self.violations += [v._replace(field=where + v.field) for v in inner.violations]
        self.excepted += [v._replace(field=where + v.field) for v in inner.excepted]
        self.filled += [where + name for name in inner.filled]


def violation(row: Row, place: Place, value: Any, operation: str) -> Violation:
    """The violation of a requirement at a place, by a value or its absence."""
    verb = VERBS[row.verb]
    words = {"words": row.words, "values": listed(row.operand)}
    fix = verb.fix.format(**words)
    if isinstance(value, Mapping) and any(key in value for key in EXPRESSIONS):
        fix = "write the value itself: an expression is known only when the pipeline runs"
    if row.verb == "carry" and value is not MISSING:
        wrong = wrong_tags(value, row.operand) or lacking_tags(value, row.operand)
        words["values"] = listed({key: row.operand[key] for key in wrong})
        value = ", ".join(f"{key}={tag}" for key, tag in tags(value) if key in wrong)
    return Violation(
        control=row.control,
        field=written(place) or operation,
        value="" if value is MISSING else _shown(value),
        required=verb.required.format(**words),
        fix=fix,
        severity=row.severity,
        missing=value is MISSING,
    )


# The member that names what an operation is about, where it is not called like the operation. What
# is not here and has no member of that name has no name, and so no exception.
NAMES = {
    "CreateAutoMLJobV2": "AutoMLJobName",
    "CreateDataQualityJobDefinition": "JobDefinitionName",
    "CreateModelBiasJobDefinition": "JobDefinitionName",
    "CreateModelExplainabilityJobDefinition": "JobDefinitionName",
    "CreateModelQualityJobDefinition": "JobDefinitionName",
    "CreateMlflowApp": "Name",
    "CreatePartnerApp": "Name",
    "CreateInferenceExperiment": "Name",
    "UpdateInferenceExperiment": "Name",
    "CreateMlflowTrackingServer": "TrackingServerName",
    "UpdateMlflowTrackingServer": "TrackingServerName",
    "CreatePresignedMlflowTrackingServerUrl": "TrackingServerName",
    "CreatePresignedNotebookInstanceUrl": "NotebookInstanceName",
    "CreatePresignedDomainUrl": "UserProfileName",
    "UpdateEndpointWeightsAndCapacities": "EndpointName",
    "StartPipelineExecution": "PipelineName",
    "PutModelPackageGroupPolicy": "ModelPackageGroupName",
}


def resource_name(operation: str, request: Mapping[str, Any]) -> str:
    """The name of what a request makes or changes; empty where it has none.

    It is the member called like the operation, `TrainingJobName` of `CreateTrainingJob`, or that of
    NAMES; of S3 it is the bucket and the key.
    """
    if operation.startswith("s3."):
        return "/".join(str(request[k]) for k in ("Bucket", "Key") if k in request)
    stem = re.sub(r"^(Create|Update|Put|Start)", "", operation)
    name = request.get(NAMES.get(operation, f"{stem}Name"))
    return name if isinstance(name, str) else ""


def listed(operand: Any) -> str:
    """A value of the settings, or a literal, in one line."""
    if isinstance(operand, Mapping):
        return ", ".join(f"{key}={value}" for key, value in operand.items())
    if isinstance(operand, list | tuple):
        return ", ".join(map(str, operand))
    return json.dumps(operand) if isinstance(operand, bool) else str(operand)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)

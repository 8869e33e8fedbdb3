"""The definition of the SageMaker Pipeline: the same requests as those of single jobs, in steps.

A request is made by `requests.py` for a run whose id is a placeholder; wherever that id stands, the
definition has the parameter that an execution gives it. Source: "Amazon SageMaker Pipeline
Definition JSON Schema", version 2020-12-01.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.platforms.interface import MODEL_ARCHIVE, Job
from regulated_ml.platforms.sagemaker import images, naming, packages, requests
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.security.aws_models import service_model
from regulated_ml.security.clients import platform
from regulated_ml.settings import Settings

VERSION = "2020-12-01"
OUTPUT = "output"  # of a processing job: its name, and the folder beside a run's record
GATES, REGISTER, REFUSE = "Gates", "Register", "Refuse"
NOBODY = "00000000-000000-00000"  # in the place of a run's time and number
OPERATIONS = {"training": "CreateTrainingJob", "processing": "CreateProcessingJob"}
FUNCTIONS = {
    "training": requests.training,
    "processing": requests.processing,
}

Json = dict[str, Any]


class Source(NamedTuple):
    """A channel that holds what an earlier step has made."""

    channel: str
    step: str
    path: str  # of the artefact


class Stage(NamedTuple):
    """A step of the workflow as the pipeline has it."""

    job: Job
    staged: Mapping[str, Address]  # what lies in S3 already: code, parameters, the table
    sources: Sequence[Source]


class Bound(NamedTuple):
    """A gate: where its metric stands, and what it has to be."""

    step: str
    file: str
    path: tuple[str, ...]
    at_least: float | None
    at_most: float | None


def run(step: str) -> str:
    """The id in whose place an execution puts that of a run."""
    return f"{step}-{NOBODY}0"


def parameter(step: str) -> str:
    """The parameter of the pipeline that says the id of a step's run."""
    return f"{_title(step)}Run"


def name(settings: Settings) -> str:
    """What the pipeline of an environment is called."""
    return f"{settings.project.project_slug}-{settings.environment}"


def candidates(settings: Settings) -> str:
    """The group of models that kept every gate; `rml model register` makes a version of one."""
    return f"{settings.project.project_slug}-candidates"


def definition(settings: Settings, stages: Sequence[Stage], bounds: Sequence[Bound]) -> Json:
    """The definition.

    Args:
        settings: of the environment.
        stages: the steps in their order; the training is called `train`.
        bounds: what has to hold for a model to become a candidate.
    """
    steps = [_step(settings, each, bounds) for each in stages]
    held = [each for each in stages if any(bound.step == each.job.step for bound in bounds)]
    arguments: Json = {
        "Conditions": [each for bound in bounds for each in _conditions(bound)],
        "IfSteps": [_register(settings, stages)],
        "ElseSteps": [_refuse()],
    }
    ends = [_title(each.job.step) for each in held or stages[-1:]]
    # Without a gate nothing speaks against a model, so nothing is asked.
    last = {"Name": GATES, "Type": "Condition", "DependsOn": ends, "Arguments": arguments}
    own = {run(each.job.step): f"Parameters.{parameter(each.job.step)}" for each in stages}
    own[_job_of_training()] = "Steps.Train.TrainingJobName"
    content: Json = {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [{"Name": parameter(each.job.step), "Type": "String"} for each in stages],
        "Steps": [*steps, last if bounds else {**_register(settings, stages), "DependsOn": ends}],
    }
    found: Json = _with_variables(content, own)
    return found


def _step(settings: Settings, stage: Stage, bounds: Sequence[Bound]) -> Json:
    job = stage.job
    channels = {**stage.staged, **{each.channel: _place(settings, each) for each in stage.sources}}
    operation = OPERATIONS[job.kind]
    arguments = as_sent(FUNCTIONS[job.kind](settings, job, channels), operation)
    kind = job.kind.capitalize()
    # Of a name SageMaker takes the beginning, and puts an execution's and an attempt's behind it.
    arguments[f"{kind}JobName"] = f"{settings.project.project_slug}-{job.step}"
    content: Json = {"Name": _title(job.step), "Type": kind, "Arguments": arguments}
    if before := list(dict.fromkeys(_title(each.step) for each in stage.sources)):
        content["DependsOn"] = before
    if files := dict.fromkeys(each.file for each in bounds if each.step == job.step):
        content["PropertyFiles"] = [
            {"PropertyFileName": _property(file), "OutputName": OUTPUT, "FilePath": file}
            for file in files
        ]
    return content


def _place(settings: Settings, source: Source) -> Address:
    """Where an artefact of an earlier step lies."""
    outputs = naming.outputs(settings, run(source.step))
    if source.path == MODEL_ARCHIVE:
        return outputs._replace(prefix=f"{outputs.prefix}{_job_of_training()}/output/")
    return outputs._replace(prefix=f"{outputs.prefix}{OUTPUT}/{source.path}/")


def _job_of_training() -> str:
    """Stands for the name that SageMaker gives the training job: its model lies below it."""
    return f"train-{NOBODY}1"


def _conditions(bound: Bound) -> list[Json]:
    left = {
        "Std:JsonGet": {
            "PropertyFile": {
                "Get": f"Steps.{_title(bound.step)}.PropertyFiles.{_property(bound.file)}"
            },
            "Path": ".".join(bound.path),
        }
    }
    kinds = (("GreaterThanOrEqualTo", bound.at_least), ("LessThanOrEqualTo", bound.at_most))
    return [
        {"Type": kind, "LeftValue": left, "RightValue": value}
        for kind, value in kinds
        if value is not None
    ]


def _register(settings: Settings, stages: Sequence[Stage]) -> Json:
    """The step that makes a candidate, pending: a version is an act of a person with a record."""
    model = _place(settings, Source("", "train", MODEL_ARCHIVE))
    metrics: Json = {}
    for shown in packages.FILES:
        if shown.place and any(shown.step == each.job.step for each in stages):
            outputs = naming.outputs(settings, run(shown.step))
            group, member = shown.place
            metrics.setdefault(group, {})[member] = {
                "ContentType": "application/json",
                "S3Uri": f"{outputs}{OUTPUT}/{shown.path}",
            }
    commit = stages[0].job.tags.get("commit", "none")
    container = {
        "Image": images.uri(platform(settings).aws_region),
        "ModelDataUrl": f"{model}{MODEL_ARCHIVE}",
        "Framework": packages.FRAMEWORK,
        "FrameworkVersion": images.VERSION.partition("-")[0],
    }
    arguments = {
        "ModelPackageGroupName": candidates(settings),
        "ModelPackageDescription": f"Candidate of {settings.environment}: {run('train')}",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": packages.CONTENT,
            "SupportedResponseMIMETypes": packages.RESPONSES,
        },
        "ModelMetrics": metrics,
        "ModelApprovalStatus": packages.PENDING,
        "CustomerMetadataProperties": {
            "commit": commit,
            **{each.job.step: run(each.job.step) for each in stages},
        },
        "SecurityConfig": {"KmsKeyId": platform(settings).kms_key_arn},
    }
    return {"Name": REGISTER, "Type": "RegisterModel", "Arguments": arguments}


def _refuse() -> Json:
    message = (
        "The model breaks a gate of config/model.yaml; its runs are kept, no candidate is made"
    )
    return {"Name": REFUSE, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def _title(step: str) -> str:
    return step.capitalize()


def _property(file: str) -> str:
    """The name of a file of metrics in the pipeline: evaluation-fairness."""
    return re.sub(r"[^A-Za-z0-9]+", "-", file.removesuffix(".json"))


def as_sent(request: Any, operation: str) -> Json:
    """The arguments of the SDK's resource class in the names of the operation itself."""
    found: Json = _as_sent(
        request, service_model("sagemaker").operation_model(operation).input_shape
    )
    return found


def _as_sent(content: Any, shape: Any) -> Any:
    if shape.type_name == "structure":
        members = {member.lower(): member for member in shape.members}
        names = {key: members[key.replace("_", "").lower()] for key in content}
        return {
            names[key]: _as_sent(value, shape.members[names[key]]) for key, value in content.items()
        }
    if shape.type_name == "list":
        return [_as_sent(each, shape.member) for each in content]
    return dict(content) if shape.type_name == "map" else content


def _with_variables(content: Any, variables: Mapping[str, str]) -> Any:
    """The same with each placeholder in a text replaced by what an execution has there."""
    if isinstance(content, Mapping):
        return {key: _with_variables(value, variables) for key, value in content.items()}
    if isinstance(content, list):
        return [_with_variables(each, variables) for each in content]
    if not isinstance(content, str):
        return content
    parts = re.split(f"({'|'.join(map(re.escape, variables))})", content)
    values = [{"Get": variables[part]} if part in variables else part for part in parts if part]
    if all(isinstance(value, str) for value in values):
        return content
    return values[0] if len(values) == 1 else {"Std:Join": {"On": "", "Values": values}}

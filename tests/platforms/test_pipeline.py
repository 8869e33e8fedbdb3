"""`rml --env ENV pipeline`: what its definition says, and what an execution leaves."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from aws import Moto, seed
from botocore.session import Session
from commands import git, rml
from pipeline_double import PipelineDouble
from sagemaker_double import SageMakerDouble

from regulated_ml.errors import ExitStatus
from regulated_ml.platforms.sagemaker.executions import State, StepState
from regulated_ml.security import catalogue
from regulated_ml.security.requests import compile
from regulated_ml.settings import load
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import pipelining

pytestmark = pytest.mark.slow

STEPS = ("prepare", "train", "evaluate", "explain")
SCHEMA = json.loads((Path(__file__).parent / "pipeline.schema.json").read_text())
OPERATIONS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
}


class Piped(NamedTuple):
    """A repository, and SageMaker as far as a pipeline needs it."""

    repository: Path
    front: PipelineDouble
    jobs: SageMakerDouble

    def rml(self, *arguments: str, status: int = 0) -> Any:
        """The real command in dev, which has to end with this status."""
        variables = {**self.jobs.environment, "AWS_ENDPOINT_URL": self.front.url}
        done = rml(self.repository, "--env", "dev", *arguments, **variables)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture(scope="module")
def piped(
    _small: Path, _server: Moto, tmp_path_factory: pytest.TempPathFactory, container_python: str
) -> Piped:
    """Nothing has run in dev."""
    folder = tmp_path_factory.mktemp("piped")
    repository = Path(shutil.copytree(_small, folder / "repository", symlinks=True))
    _server.reset()
    jobs = SageMakerDouble(seed(_server, repository), Path(container_python), folder)
    git(repository, "commit", "--all", "--quiet", "--message", "The account's identifiers")
    return Piped(repository, PipelineDouble(jobs.front.url, jobs=jobs), jobs)


def steps_of(steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every step by its name, those of branches too."""
    found = {}
    for step in steps:
        found[step["Name"]] = step
        for branch in ("IfSteps", "ElseSteps"):
            found |= steps_of(step["Arguments"].get(branch, []))
    return found


def known_to_aws(content: Any, shape: Any, place: str) -> None:
    """Holds arguments to botocore's model; what is known only later may stand for a value."""
    if isinstance(content, dict) and set(content) & {"Get", "Std:Join"}:
        assert shape.type_name == "string", place
    elif shape.type_name == "structure":
        unknown = set(content) - set(shape.members)
        assert not unknown, f"{place}: {unknown}"
        assert set(shape.required_members) <= set(content), place
        for name, value in content.items():
            known_to_aws(value, shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        for each in content:
            known_to_aws(each, shape.member, f"{place}[]")
    elif shape.type_name == "map":
        for each in content.values():
            known_to_aws(each, shape.value, place)
    else:
        kinds = {"string": str, "integer": int, "boolean": bool}
        assert isinstance(content, kinds[shape.type_name]), f"{place}: {content!r}"


def test_the_definition_is_one_and_passes_every_control_by_itself(piped: Piped) -> None:
    definition = json.loads(piped.rml("pipeline", "show").stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(definition)
    model = Session().get_service_model("sagemaker")
    steps = steps_of(definition["Steps"])
    assert list(steps) == [
        *("Prepare", "Train", "Evaluate", "Explain"),
        *("Gates", "Register", "Refuse"),
    ]
    for step in steps.values():
        if operation := OPERATIONS.get(step["Type"]):
            shape = model.operation_model(operation).input_shape
            known_to_aws(step["Arguments"], shape, step["Name"])
    text = json.dumps(definition)
    assert "00000000-000000" not in text  # no placeholder is left
    assert steps["Register"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"

    settings = load(piped.repository, "dev")
    place = settings.platform
    assert place
    request = {
        "PipelineName": "credit-default-dev",
        "PipelineDefinition": text,
        "RoleArn": place.execution_role_arn,
        "Tags": [{"Key": "project", "Value": "credit-default"}],
    }
    plan = compile(catalogue.plan(settings))
    assert [each.field for each in plan.check("CreatePipeline", request).violations] == ["Tags"]
    for removed in ('"EnableNetworkIsolation": true', f'"VolumeKmsKeyId": "{place.kms_key_arn}"'):
        name = removed.partition(":")[0]
        weaker = {**request, "PipelineDefinition": text.replace(removed, f"{name}: null")}
        found = [each.field for each in plan.check("CreatePipeline", weaker).violations]
        assert len(found) == 1 + 4, found  # the guard sees it in each of the four jobs


def test_every_gate_that_a_job_reports_is_a_condition(piped: Piped) -> None:
    steps = steps_of(json.loads(piped.rml("pipeline", "show").stdout)["Steps"])
    found = {
        (
            each["LeftValue"]["Std:JsonGet"]["PropertyFile"]["Get"],
            each["LeftValue"]["Std:JsonGet"]["Path"],
            each["Type"],
            each["RightValue"],
        )
        for each in steps["Gates"]["Arguments"]["Conditions"]
    }
    files = "Steps.Evaluate.PropertyFiles.evaluation"
    least, most = "GreaterThanOrEqualTo", "LessThanOrEqualTo"
    assert found == {  # config/model.yaml of the example, read by eye
        (f"{files}-evaluation", "auc.low", least, 0.70),
        (f"{files}-evaluation", "brier", most, 0.20),
        (f"{files}-stability", "auc.drop.value", most, 0.08),
        (f"{files}-stability", "scores.psi.value", most, 0.10),
        (f"{files}-sensitivity", "monotone.violations", most, 0),
        (
            "Steps.Explain.PropertyFiles.explanation-explanation",
            "additivity.largest_error",
            most,
            0.001,
        ),
        (f"{files}-fairness", "summary.selection_ratio_lowest.value", least, 0.8),
        (f"{files}-fairness", "summary.tpr_gap_largest.value", most, 0.20),
        (f"{files}-fairness", "summary.fpr_gap_largest.value", most, 0.10),
        (f"{files}-fairness", "summary.proxy_auc_largest.value", most, 0.85),
    }


def test_an_execution_leaves_the_runs_of_single_jobs(piped: Piped) -> None:
    model = piped.repository / "config/model.yaml"
    usual = model.read_text()
    # On 3,000 rows chance alone breaks the gates of stability and fairness.
    kept = [line for line in usual.splitlines() if "- {metric: " not in line or "brier" in line]
    model.write_text("\n".join(kept) + "\n")
    git(piped.repository, "commit", "--all", "--quiet", "--message", "One gate")
    done = piped.rml("pipeline", "start", "--wait")
    store = RunStore(piped.repository / "runs", "dev")
    ours = RunStore(piped.repository / "runs", "local")
    runs = {step: store.latest(step) for step in STEPS}
    for step, run in runs.items():
        here = ours.latest(step)
        assert run and here and run.remote
        assert run.metrics == here.metrics
        assert {a.path: a.sha256 for a in run.artifacts} == {
            a.path: a.sha256 for a in here.artifacts
        }
        assert f"{step:<9} {run.id}" in done.stdout
        assert run.remote.name.startswith(f"credit-default-{step}-")
        assert run.commit.sha == git(piped.repository, "rev-parse", "HEAD")
        assert run.remote.facts["network_isolation"] is True
    assert runs["evaluate"] and runs["train"] and runs["prepare"]
    assert runs["evaluate"].parents == (runs["train"].id, runs["prepare"].id)
    client = piped.jobs.account.client("sagemaker")
    (package,) = client.list_model_packages(ModelPackageGroupName="credit-default-candidates")[
        "ModelPackageSummaryList"
    ]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert not list((piped.repository / "runs/.pipelines").glob("*.json"))
    assert piped.rml("runs", "verify").returncode == 0
    # The same again changes nothing of the pipeline.
    assert "is up to date" in piped.rml("pipeline", "create").stdout
    assert not piped.front.sent("UpdatePipeline")


def test_a_broken_gate_is_the_reason_that_is_told() -> None:
    steps = (
        StepState("Gates", "Succeeded", None, "", ""),
        StepState("Refuse", "Failed", None, "", "It breaks a gate"),
    )
    error = pipelining._failure(
        State("arn:aws:sagemaker:::pipeline/p/execution/e1", "Failed", "", steps)
    )
    (problem,) = error.problems
    assert (problem.value, error.status) == ("e1", ExitStatus.JOB)
    assert problem.rule == "it is Failed: Refuse: It breaks a gate"


def test_mistakes_are_named(piped: Piped) -> None:
    local = rml(piped.repository, "pipeline", "show")
    assert local.returncode == ExitStatus.USAGE
    assert "here `rml run` does the same steps" in " ".join(local.stderr.split())
    nothing = piped.rml("pipeline", "follow", status=ExitStatus.USAGE)
    assert "whose runs were not kept yet: none" in " ".join(nothing.stderr.split())

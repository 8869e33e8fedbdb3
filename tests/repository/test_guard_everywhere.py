"""In the environment that `make setup` makes, the guard is on in every Python process by itself."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TEMPLATE
from security.expected import evaluator
from security.expected.recorder import Recorder
from security.expected.values import Team, team

from .conftest import Working

pytestmark = pytest.mark.slow

# What a person writes: no control, no guard, nothing of the standard.
JOB = """
import boto3
boto3.client("sagemaker").create_training_job(
    TrainingJobName="fit", RoleArn={role!r}, OutputDataConfig={{"S3OutputPath": "s3://{bucket}/x"}}{more}
)
"""
CONTRADICTING = ", EnableNetworkIsolation=False"


@pytest.fixture(scope="module")
def notebook(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Working:
    """A repository after `make setup`, to which the team has added a notebook kernel."""
    parent = tmp_path_factory.mktemp("notebook")
    working = Working(Path(shutil.copytree(sample, parent / sample.name, symlinks=True)))
    working.make("setup")
    # By the standard's own way to uv, which knows where pip's settings say packages come from.
    uv = ["sh", "src/regulated_ml/standard/environment.sh", "uv"]
    lock = ["--require-hashes", "-r", str(TEMPLATE / "tests/kernel.lock")]
    result = working.run(*uv, "pip", "install", "--python", ".venv/bin/python", *lock)
    assert result.returncode == 0, result.stdout
    return working


@pytest.fixture(scope="module")
def the_team(notebook: Working, answers: dict[str, str]) -> Team:
    """The values of its environment dev."""
    return team(notebook.root, answers)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Where requests arrive."""
    recorder = Recorder()
    yield recorder
    recorder.shutdown()


def code(the_team: Team, more: str = "") -> str:
    """A program that starts a training job."""
    return JOB.format(role=the_team.role, bucket=the_team.buckets[1], more=more)


def variables(recorder: Recorder, environment: str = "dev") -> dict[str, str]:
    """What a person's shell has."""
    return {
        "RML_ENV": environment,
        "AWS_ENDPOINT_URL": recorder.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_MAX_ATTEMPTS": "1",
    }


def python(program: str, *options: str) -> list[str]:
    """A bare interpreter."""
    return [".venv/bin/python", *options, "-c", program]


def in_pytest(program: str, root: Path) -> list[str]:
    """A test of the team's."""
    indented = textwrap.indent(program, "    ")
    (root / "tests/test_job.py").write_text(f"def test_job():\n{indented}")
    return [".venv/bin/python", "-m", "pytest", "-q", "tests/test_job.py"]


def in_a_kernel(program: str, root: Path) -> list[str]:
    """A notebook, executed by its kernel."""
    cell = {"cell_type": "code", "id": "job", "source": program, "metadata": {}, "outputs": []}
    content = {"cells": [{**cell, "execution_count": None}], "metadata": {}}
    content |= {"nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "notebooks/job.ipynb").write_text(json.dumps(content))
    run = """
    import nbformat
    from nbclient import NotebookClient
    NotebookClient(nbformat.read("notebooks/job.ipynb", 4), kernel_name="python3").execute()
    """
    return python(textwrap.dedent(run))


def in_a_child(program: str, environment: str = "None") -> list[str]:
    """A program that a program starts."""
    starting = f"subprocess.run([sys.executable, '-c', {program!r}], env={environment}, check=True)"
    return python(f"import subprocess, sys; {starting}")


WAYS = ["python", "isolated", "pytest", "kernel", "child"]


def command(way: str, program: str, root: Path) -> list[str]:
    """The command that runs a program in one of the ways."""
    return {
        "python": lambda: python(program),
        "isolated": lambda: python(program, "-I"),
        "pytest": lambda: in_pytest(program, root),
        "kernel": lambda: in_a_kernel(program, root),
        "child": lambda: in_a_child(program),
    }[way]()


@pytest.mark.parametrize("way", WAYS)
def test_a_request_is_filled_in(
    way: str, notebook: Working, recorder: Recorder, the_team: Team
) -> None:
    result = notebook.run(*command(way, code(the_team), notebook.root), **variables(recorder))
    assert result.returncode == 0, result.stdout
    (arrived,) = recorder.take()
    assert evaluator.wrong("CreateTrainingJob", arrived.request, the_team) == set()


@pytest.mark.parametrize("way", WAYS)
def test_a_request_that_contradicts_is_refused_with_a_word(
    way: str, notebook: Working, recorder: Recorder, the_team: Team
) -> None:
    program = code(the_team, CONTRADICTING)
    result = notebook.run(*command(way, program, notebook.root), **variables(recorder))
    assert result.returncode != 0
    assert "GuardRefusal" in result.stdout
    assert "EnableNetworkIsolation" in result.stdout
    assert created(recorder) == []


def test_without_an_environment_nothing_is_created(
    notebook: Working, recorder: Recorder, the_team: Team
) -> None:
    given = variables(recorder)
    del given["RML_ENV"]
    result = notebook.run(*python(code(the_team)), **given)
    assert "GuardRefusal" in result.stdout
    assert created(recorder) == []


def test_a_child_with_variables_of_its_own_is_guarded_too(
    notebook: Working, recorder: Recorder, the_team: Team
) -> None:
    # It has lost RML_ENV, so it is in the environment local.
    kept = {name: v for name, v in variables(recorder).items() if name.startswith("AWS")}
    result = notebook.run(*in_a_child(code(the_team), repr(kept)), **variables(recorder))
    assert "GuardRefusal" in result.stdout
    assert created(recorder) == []


def test_the_doctor_finds_it_on(notebook: Working, recorder: Recorder) -> None:
    result = notebook.run(
        ".venv/bin/rml", "--env", "dev", "security", "doctor", **variables(recorder)
    )
    assert result.returncode == 0, result.stdout


def created(recorder: Recorder) -> list[str]:
    """The operations of SageMaker that arrived."""
    return [a.operation for a in recorder.take() if a.target.startswith("SageMaker.")]

"""config/ -> one frozen, validated object, with all mistakes in all files reported at once."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, check_answers
from regulated_ml.settings.controls import ControlException, Exceptions, OwnControls
from regulated_ml.settings.documents import Documents
from regulated_ml.settings.models import Dataset, Environment, Model, Project, Settings
from regulated_ml.settings.reading import did_you_mean, section
from regulated_ml.settings.rules import (
    CONTROLS,
    DATASET,
    DOCUMENTS,
    EXCEPTIONS,
    MODEL,
    dataset_problems,
    exception_problems,
    model_problems,
    tracker_problems,
)
from regulated_ml.settings.separation import separation_problems

LOCAL = "local"  # the environment that needs no file and no account
PROJECT = "config/project.yaml"


def find_root(start: Path) -> Path:
    """The repository that `start` lies in: the nearest folder above with config/project.yaml."""
    for folder in (start, *start.parents):
        if (folder / PROJECT).is_file():
            return folder
    raise UserError.one(
        "folder",
        start,
        f"neither this folder nor one above it has {PROJECT}",
        "change into the repository and start the command again",
        ExitStatus.CONFIGURATION,
    )


def load(root: Path, environment: str = LOCAL) -> Settings:
    """Reads and checks the configuration; raises one `UserError` that names every mistake."""
    problems: list[Problem] = []
    project = section(root, PROJECT, Project, problems)
    dataset = section(root, DATASET, Dataset, problems)
    model = section(root, MODEL, Model, problems)
    documents = section(root, DOCUMENTS, Documents, problems)
    controls = section(root, CONTROLS, OwnControls, problems)
    exceptions = section(root, EXCEPTIONS, Exceptions, problems)
    platform = None
    if environment != LOCAL:
        path = _environment_path(root, environment)
        platform = section(root, path, Environment, problems)
        if project and platform:
            found = check_answers(_answers(project, platform))
            problems += _with_file(path, [*found, *tracker_problems(platform.model_dump(), found)])
    elif project:
        # The other environments' values are not looked at here, so that `local` always works.
        answers = project.model_dump()
        problems += _with_file(PROJECT, check_answers(answers, only=answers))
    if dataset:
        problems += dataset_problems(dataset)
    if dataset and model:
        problems += model_problems(dataset, model)
    # Those of other environments are not looked at: one that has expired there stops nothing here.
    numbered = enumerate(exceptions.exceptions if exceptions else (), start=1)
    own = [(number, each) for number, each in numbered if each.environment == environment]
    slug = project.project_slug if project else ""
    problems += exception_problems(own, datetime.date.today(), slug)
    if platform:
        file, agreed = _environment_path(root, environment), [each for _, each in own]
        values = platform.model_dump()
        problems += separation_problems(root, environment, values, agreed, f"{file}: ")
    if problems or not (project and dataset and model and controls and documents):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return Settings(
        root=root,
        environment=environment,
        project=project,
        platform=platform,
        dataset=dataset,
        model=model,
        documents=documents,
        controls=controls,
        exceptions=tuple(each for _, each in own),
    )


def own_controls(root: Path) -> OwnControls:
    """The organisation's controls alone, whatever else config/ says; `UserError` when wrong."""
    problems: list[Problem] = []
    found = section(root, CONTROLS, OwnControls, problems)
    if problems or found is None:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return found


def dataset(root: Path) -> Dataset | None:
    """What a folder's dataset.yaml says, whatever else config/ says; None where it is wrong."""
    problems: list[Problem] = []
    found = section(root, DATASET, Dataset, problems)
    return None if problems else found


def exceptions(root: Path) -> tuple[ControlException, ...]:
    """The exceptions of all environments; none where the file is wrong, which `load` refuses."""
    found = section(root, EXCEPTIONS, Exceptions, [])
    return found.exceptions if found else ()


def elsewhere_problems(root: Path, environment: str = "") -> Iterator[Problem]:
    """What is wrong with the exceptions of other environments, and stops nothing in this one.

    An exception may be written before its environment is added, so even its name is no mistake yet.
    """
    known, project = environments(root), section(root, PROJECT, Project, [])
    others = [
        (number, each)
        for number, each in enumerate(exceptions(root), start=1)
        if each.environment != environment
    ]
    for number, each in others:
        if each.environment not in known:
            name = each.environment
            fix = did_you_mean(name, known) or f"add it (rml environment add {name})"
            rule = f"the repository has the environments {', '.join(known)}"
            place = f"{EXCEPTIONS}: exceptions.{number}.environment"
            yield Problem(place, name, rule, f"{fix}, or remove the exception")
    slug = project.project_slug if project else ""
    yield from exception_problems(others, datetime.date.today(), slug)


def environments(root: Path) -> list[str]:
    """The names of the environments, `local` first."""
    return [LOCAL, *sorted(path.stem for path in (root / "config/environments").glob("*.yaml"))]


def _environment_path(root: Path, environment: str) -> str:
    check_environment(root, environment)
    return f"config/environments/{environment}.yaml"


def check_environment(root: Path, environment: str) -> None:
    """Raises `UserError` where the repository has no environment of this name."""
    known = environments(root)
    if environment not in known:
        raise UserError.one(
            "--env",
            environment,
            f"the repository has the environments {', '.join(known)}",
            did_you_mean(environment, known) or "choose one of them",
            ExitStatus.CONFIGURATION,
        )


def _answers(project: Project, platform: Environment) -> dict[str, Any]:
    return {**project.model_dump(), **platform.model_dump()}


def _with_file(path: str, problems: list[Problem]) -> Iterator[Problem]:
    return (problem._replace(field=f"{path}: {problem.field}") for problem in problems)

"""The ARN of a managed MLflow in an environment's file: by the rules, in the right account."""

from pathlib import Path

import pytest
from commands import rml

from regulated_ml.errors import UserError
from regulated_ml.settings import load

START = "arn:aws:sagemaker:eu-central-1:111122223333"
RIGHT = [
    f"{START}:mlflow-tracking-server/credit-default",
    f"{START}:mlflow-app/app-AB12CD34",
]
WRONG = {
    "https://team.mlflow.sagemaker.eu-central-1.app.aws": "that is its address in the browser",
    f"{START}:mlflow-tracking-server/": "aws sagemaker list-mlflow-tracking-servers",
    f"{START}:mlflow-tracking-server/a b": "aws sagemaker list-mlflow-tracking-servers",
    f"{START}:domain/d-1": "aws sagemaker list-mlflow-tracking-servers",
    f"{RIGHT[0]}\n": "take out <U+000A>",
    "{{ 7 }}": "take out {{",
    f"{START.replace('1111', '9999')}:mlflow-app/a": "change aws_account_id",
    f"{START.replace('central', 'west')}:mlflow-app/a": "change aws_region",
}


def with_arn(repository: Path, arn: str) -> Path:
    path = repository / "config/environments/dev.yaml"
    text = arn.replace("\n", "\\n")
    path.write_text(path.read_text() + f'mlflow_arn: "{text}"\n')
    return repository


@pytest.mark.parametrize("arn", RIGHT)
def test_a_server_and_an_app_are_taken(repository: Path, arn: str) -> None:
    platform = load(with_arn(repository, arn), "dev").platform
    assert platform and platform.mlflow_arn == arn


@pytest.mark.parametrize("arn", WRONG)
def test_what_is_none_is_refused_with_a_fix(repository: Path, arn: str) -> None:
    with pytest.raises(UserError) as caught:
        load(with_arn(repository, arn), "dev")
    (problem,) = caught.value.problems
    assert problem.field == "config/environments/dev.yaml: mlflow_arn"
    assert WRONG[arn] in problem.fix


def test_without_one_there_is_none(repository: Path) -> None:
    platform = load(repository, "dev").platform
    assert platform and platform.mlflow_arn == ""


def test_an_environment_is_added_with_one_and_listed(repository: Path) -> None:
    old = (repository / "config/environments/dev.yaml").read_text()
    new = old.replace("1111", "4444").replace("/CreditDefault", "/Other").replace("credit-", "o-")
    given = repository / "given.yaml"
    arn = RIGHT[0].replace("1111", "4444")
    given.write_text(f'{new}mlflow_arn: "{arn}"\n')
    done = rml(repository, "environment", "add", "prod", "--from", "given.yaml")
    assert done.returncode == 0, done.stderr
    platform = load(repository, "prod").platform
    assert platform and platform.mlflow_arn == arn
    assert "mlflow_arn" not in rml(repository, "environment", "list").stdout

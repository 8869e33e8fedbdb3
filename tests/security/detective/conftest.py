"""The function of the sample's environment dev, SageMaker's double, and the team's values."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aws import Moto

from regulated_ml.security.detective import packaging
from regulated_ml.settings import load
from security.expected.values import Team, team

from .lambda_runtime import Function, unpack
from .sagemaker_double import SageMakerDouble


@pytest.fixture(scope="session")
def archive(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the function."""
    return packaging.write(load(sample, "dev"), tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def the_team(sample: Path, answers: dict[str, str]) -> Team:
    """What may be in a request."""
    return team(sample, answers)


@pytest.fixture
def double() -> Iterator[SageMakerDouble]:
    """SageMaker's double."""
    made = SageMakerDouble()
    yield made
    made.close()


@pytest.fixture
def topic(moto: Moto) -> str:
    """The topic that findings are told to, with a queue behind it."""
    queue: str = moto.client("sqs").create_queue(QueueName="listening")["QueueUrl"]
    topic: str = moto.client("sns").create_topic(Name="credit-default-dev-findings")["TopicArn"]
    arn = "arn:aws:sqs:eu-central-1:123456789012:listening"
    moto.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return queue


@pytest.fixture
def function(archive: Path, moto: Moto, tmp_path: Path) -> Function:
    """The function, with moto for all of AWS."""
    folder = unpack(archive, tmp_path / "function")
    _in_motos_account(folder)
    return Function(folder, packaging.HANDLER, moto.environment)


def _in_motos_account(folder: Path) -> None:
    """The topic is in the account that moto has."""
    path = folder / packaging.ROOM / "project.json"
    text = path.read_text()
    path.write_text(text.replace("sns:eu-central-1:111122223333", "sns:eu-central-1:123456789012"))


@pytest.fixture
def on_double(function: Function, double: SageMakerDouble) -> Function:
    """The function, with SageMaker's double."""
    environment = {**function.environment, "AWS_ENDPOINT_URL_SAGEMAKER": double.url}
    return Function(function.folder, function.handler, environment)

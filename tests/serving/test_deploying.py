"""`rml endpoint`, in a repository with a registered version."""

import http.client
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import rml

from .conftest import free_port


@pytest.fixture(scope="module")
def _registered(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registered") / finished.name
    shutil.copytree(finished, folder, symlinks=True)
    done = rml(folder, "model", "register")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def registered(_registered: Path, tmp_path: Path) -> Iterator[Path]:
    """A repository of the test's own with the version v1; its endpoints are ended afterwards."""
    folder = Path(shutil.copytree(_registered, tmp_path / _registered.name, symlinks=True))
    yield folder
    for each in json.loads(rml(folder, "endpoint", "list", "--json").stdout):
        rml(folder, "endpoint", "delete", each["endpoint"])


def ask(port: int, row: str, name: str) -> str:
    """What an endpoint answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"content-type": "text/csv", "x-amzn-sagemaker-inference-id": name}
    connection.request("POST", "/invocations", row, headers)
    return connection.getresponse().read().decode()


def test_a_prediction_leads_back_to_the_table(registered: Path, rows: list[str]) -> None:
    port = str(free_port())
    done = rml(registered, "endpoint", "deploy", "v1", "--port", port)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        f"credit-default serves v1 at http://127.0.0.1:{port}/invocations\n"
    )
    assert "v1 is pending: what it answers decides about nobody" in done.stderr
    assert 0 < float(ask(int(port), rows[0], "application-4711")) < 1

    again = rml(registered, "endpoint", "deploy", "1")
    assert "serves already v1" in again.stdout
    (listed,) = json.loads(rml(registered, "endpoint", "list", "--json").stdout)
    assert (listed["endpoint"], listed["version"], listed["port"]) == (
        "credit-default",
        1,
        int(port),
    )

    for name, last in (("application-4711", "prediction"), ("credit-default", "deploy")):
        found = rml(registered, "runs", "lineage", name, "--format", "json")
        assert found.returncode == 0, found.stderr
        steps = [row["step"] for row in json.loads(found.stdout)]
        assert steps[:4] == ["source data", "prepare", "train", "evaluate"]
        assert "deploy" in steps
        assert steps[-1] == last

    ended = rml(registered, "endpoint", "delete", "credit-default")
    assert ended.stdout == "credit-default no longer serves; it served v1\n"
    assert rml(registered, "endpoint", "list").stdout.startswith("No endpoint serves.")
    assert len(list((registered / "data/capture").rglob("*.jsonl"))) == 1
    deployments = json.loads(rml(registered, "runs", "list", "--step", "deploy", "--json").stdout)
    assert [run["parameters"]["endpoint"] for run in deployments] == ["credit-default"]
    assert rml(registered, "runs", "verify").returncode == 0


def test_what_cannot_be_deployed_is_refused_and_changes_nothing(registered: Path) -> None:
    model = registered / "config/model.yaml"
    usual = model.read_text()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refusals = {
            ("v2",): "the registered versions are v1",
            ("v1", "--name", "a/../b"): "letters, digits and single hyphens",
            ("v1", "--port", port): f"port {port} cannot be listened on: Address already in use",
            ("v1", "--port", "80"): "--port",
        }
        for arguments, sentence in refusals.items():
            done = rml(registered, "endpoint", "deploy", *arguments)
            assert done.returncode != 0
            assert sentence in done.stderr, arguments
            assert "Traceback" not in done.stderr
    model.write_text(usual.replace("masked: []", "masked: [LIMIT_BALL, LIMIT_BAL]"))
    done = rml(registered, "endpoint", "deploy", "v1")
    assert "LIMIT_BALL" in done.stderr
    assert "the model reads the features LIMIT_BAL," in done.stderr
    assert rml(registered, "endpoint", "list", "--json").stdout.strip() == "[]"
    assert not list((registered / "runs").glob("deploy-*"))


def test_a_feature_that_is_masked_from_now_on_is_not_kept(
    registered: Path, rows: list[str]
) -> None:
    first, port = (str(free_port()) for _ in range(2))
    assert rml(registered, "endpoint", "deploy", "v1", "--port", first).returncode == 0
    model = registered / "config/model.yaml"
    model.write_text(model.read_text().replace("masked: []", "masked: [LIMIT_BAL]"))
    done = rml(registered, "endpoint", "deploy", "v1", "--port", port)
    assert done.stdout.startswith(
        f"credit-default serves v1 at http://127.0.0.1:{port}/invocations\n"
    )
    with pytest.raises(ConnectionRefusedError):
        ask(int(first), rows[0], "application-0")
    ask(int(port), rows[0], "application-1")
    (path,) = (registered / "data/capture/credit-default/v1").rglob("*.jsonl")
    sent = json.loads(path.read_text())["captureData"]["endpointInput"]["data"]
    assert sent == "masked," + rows[0].partition(",")[2]


def test_a_damaged_model_is_not_served(registered: Path) -> None:
    (archive,) = (registered / "runs").glob("train-*/model.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    done = rml(registered, "endpoint", "deploy", "v1")
    assert done.returncode != 0
    assert "its bytes are not those of the run's record" in done.stderr

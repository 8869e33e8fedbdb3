"""What the tests of the endpoint share: a real process that serves a real model."""

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from regulated_ml.serving import processes
from regulated_ml.serving.capture import CaptureOptions
from regulated_ml.serving.processes import Running
from regulated_ml.serving.server import ServerOptions


class Answer(NamedTuple):
    """What an endpoint answered."""

    status: int
    kind: str
    body: str


@dataclass
class Served:
    """An endpoint's process and where its captured requests lie."""

    home: Path
    options: ServerOptions
    running: Running

    def ask(
        self, body: bytes | str, path: str = "/invocations", method: str = "POST", **headers: str
    ) -> Answer:
        """One request, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        connection.request(method, path, content, {"content-type": "text/csv", **named})
        found = connection.getresponse()
        answer = Answer(found.status, found.headers["content-type"], found.read().decode())
        connection.close()
        return answer

    def captured(self) -> list[dict[str, dict[str, dict[str, str]]]]:
        """Every captured request, in the order of the files' names."""
        assert self.options.capture
        files = sorted(self.options.capture.folder.rglob("*.jsonl"))
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def say_nothing(_done: float, _total: float | None = None, _text: str | None = None) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="session")
def model_folder(finished: Path) -> Path:
    """The folder of the run that trained the model."""
    (found,) = (finished / "runs").glob("train-*")
    return found


@pytest.fixture(scope="session")
def rows(finished: Path) -> list[str]:
    """Rows of the test table as a caller sends them: its features as text, in order."""
    (prepared,) = (finished / "runs").glob("prepare-*")
    table = pq.read_table(prepared / "test/features.parquet").slice(0, 200).to_pylist()
    return [",".join(_text(value) for value in list(row.values())[1:]) for row in table]


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)


def served_in(folder: Path, model: Path, **capture: object) -> Served:
    """Starts an endpoint."""
    options = CaptureOptions(folder / "capture", "credit", "v3", **capture)  # type: ignore[arg-type]
    server = ServerOptions("credit", 3, model, free_port(), options)
    home = folder / "endpoints"
    return Served(home, server, processes.start(home, server, say_nothing))


@pytest.fixture
def served(tmp_path: Path, model_folder: Path) -> Iterator[Served]:
    """An endpoint of the test's own."""
    found = served_in(tmp_path, model_folder)
    yield found
    if running := processes.serving(found.home, "credit"):
        processes.stop(running, say_nothing)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Iterator[Served]:
    """An endpoint that tests only ask."""
    found = served_in(tmp_path_factory.mktemp("served"), model_folder)
    yield found
    processes.stop(found.running, say_nothing)

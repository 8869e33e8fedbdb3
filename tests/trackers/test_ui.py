"""`rml ui` as people meet it: in a browser, on this machine alone, and gone when it is ended."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from commands import rml

from regulated_ml.errors import ExitStatus

pytest.importorskip("mlflow")
HOSTILE = "<img src=x onerror=alert(1)>"


class Ui(NamedTuple):
    """The command while it runs."""

    process: "subprocess.Popen[str]"
    port: int

    def status(self, path: str, host: str = "") -> int:
        """What a request is answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{self.port}"})
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture(scope="module")
def ui(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The pages of a repository in which all steps have run."""
    folder = tmp_path_factory.mktemp("ui") / finished.name
    shutil.copytree(finished, folder, symlinks=True)
    # A reason that somebody typed, as it may stand in any record.
    (record,) = folder.glob("runs/train-*/record.json")
    record.write_text(record.read_text().replace('"warnings": [', f'"warnings": ["{HOSTILE}",'))
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "regulated_ml", "ui", "--port", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, handler)
    assert process.stdout and process.stderr
    line = process.stdout.readline()
    found = re.search(r"MLflow shows 4 runs at http://127\.0\.0\.1:(\d+); Ctrl-C ends it", line)
    assert found, line + process.stderr.read()
    yield Ui(process, int(found[1]))
    if process.poll() is None:
        process.kill()
    process.wait()


@pytest.mark.slow
def test_the_pages_show_the_runs_and_ask_no_other_address(ui: Ui, browser: Any) -> None:
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1500, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(f"http://127.0.0.1:{ui.port}/")
    _looked_at(page)
    page.close()
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts == {f"127.0.0.1:{ui.port}"}


def _looked_at(page: Any) -> None:
    """The list of runs comes first; the training's page has its parameters and its tags."""
    train = page.get_by_role("link", name=re.compile("^train-"))
    train.first.wait_for(timeout=60_000)
    assert page.get_by_role("link", name=re.compile("^prepare-")).count() == 1
    assert page.get_by_text("MLflow collects usage data").count() == 0
    train.first.click()
    page.get_by_text("early_stopping_rounds").first.wait_for(timeout=60_000)
    assert page.get_by_text("best_round").count() > 0
    assert page.get_by_text("rml.commit").count() > 0
    page.wait_for_timeout(500)


@pytest.mark.slow
def test_it_answers_this_machine_alone_and_offers_no_assistant(ui: Ui) -> None:
    assert ui.status("/health") == 200
    assert ui.status("/", host="evil.example") in (200, 403)  # a page without any data
    assert ui.status("/api/2.0/mlflow/experiments/get?experiment_id=1") == 200
    assert ui.status("/api/2.0/mlflow/experiments/get?experiment_id=1", "evil.example") == 403
    for path in ("assistant/config", "assistant/providers", "gateway/endpoints", "jobs/1"):
        assert ui.status(f"/ajax-api/3.0/mlflow/{path}") == 404
    assert ui.status("/gateway/x/mlflow/invocations") == 404
    address = next(
        each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    )
    if not str(address).startswith("127."):
        with pytest.raises(OSError):
            socket.create_connection((address, ui.port), timeout=2)


@pytest.mark.slow
def test_a_port_that_is_taken_is_said(ui: Ui, finished: Path) -> None:
    done = rml(finished, "ui", "--port", str(ui.port))
    assert done.returncode == ExitStatus.RESOURCE
    assert "a port of this machine that is free" in done.stderr
    assert "rml ui --port 0" in done.stderr


@pytest.mark.slow
def test_a_killed_command_leaves_no_server_behind(ui: Ui) -> None:
    ui.process.kill()
    ui.process.wait()
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", ui.port), timeout=1).close()
        except OSError:
            return
        signal.sigtimedwait([], 0.1)
    pytest.fail("the server goes on")

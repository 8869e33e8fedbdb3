"""MLflow's own pages on this machine: its server as a process that nobody else can reach.

It listens on the machine's own address, takes no other name for itself, and tells nobody anything:
no telemetry, no jobs in the background.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.platforms.interface import Report
from regulated_ml.tracking.trackers import mlflow_server
from regulated_ml.tracking.trackers.mlflow import QUIET, LocalMlflow
from regulated_ml.tracking.trackers.mlflow_server import HOST

START = 120.0  # seconds that the server may take to answer
STOP = 10.0  # seconds that it may take to end

ENVIRONMENT = {
    **QUIET,
    "MLFLOW_ENABLE_AI_GATEWAY": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_SERVER_JOB_ENABLE_PERIODIC_TASKS": "false",
    "MLFLOW_SERVER_X_FRAME_OPTIONS": "DENY",
}


def free_port(wanted: int) -> int:
    """The port, where nobody has it; for 0 one that is free.

    Raises:
        UserError: somebody has it, or it is none.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except (OSError, OverflowError) as error:
            rule = (
                f"a port of this machine that is free: {getattr(error, 'strerror', None) or error}"
            )
            fix = "name another one, or 0 for any that is free: rml ui --port 0"
            raise UserError.one("--port", wanted, rule, fix, ExitStatus.RESOURCE) from error
        return int(probe.getsockname()[1])


@contextmanager
def serving(tracker: LocalMlflow, port: int, report: Report) -> Iterator["subprocess.Popen[bytes]"]:
    """The server while the block runs, as soon as it answers at `http://127.0.0.1:PORT`.

    The first start makes a database and compiles what it imports: `report` is told how long it
    takes.

    Raises:
        UserError: it has ended, or does not answer in time; its log says why.
    """
    log = tracker.folder / "server.log"
    hosts = ",".join(f"{name}:{port}" for name in (HOST, "localhost"))
    command = [sys.executable, "-m", mlflow_server.__name__]
    tracker.folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, tracker.address, tracker.artifacts, str(port), tracker.page()],
            env={**_foreign(), **ENVIRONMENT, "MLFLOW_SERVER_ALLOWED_HOSTS": hosts},
            stdin=subprocess.PIPE,  # it ends with this process, however that ends
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this process, which then ends it
        )
    try:
        _wait(server, port, str(log), report)
        yield server
    finally:
        _end(server)


def _foreign() -> dict[str, str]:
    """The variables of this process but those that would point MLflow to another store."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "_MLFLOW_"))}


def _wait(server: "subprocess.Popen[bytes]", port: int, log: str, report: Report) -> None:
    begun = time.monotonic()
    while server.poll() is None and (waited := time.monotonic() - begun) < START:
        report(waited, START, "starting MLflow; the first time may take a minute")
        with suppress(urllib.error.URLError, OSError):
            # By no proxy: the address is this machine's.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            opener.open(f"http://{HOST}:{port}/health", timeout=2).close()
            return
        time.sleep(0.1)
    ended = server.returncode is not None
    rule = "MLflow's server has ended" if ended else f"it does not answer within {START:.0f} s"
    raise UserError.one("mlflow", "", rule, f"see its log: {log}", ExitStatus.RESOURCE)


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()

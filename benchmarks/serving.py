"""Requests per second of the local endpoint, as a ratio to a bare application on the same booster.

All servers run at once and are asked in turns, so that whatever else the machine does falls on each
alike; the figure is the median of the ratios of the turns.
"""

import asyncio
import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure
from regulated_ml.jobs.features import Feature, Layout
from regulated_ml.jobs.lean import xgboost
from regulated_ml.platforms.archive import pack
from regulated_ml.serving import processes
from regulated_ml.serving.capture import CaptureOptions
from regulated_ml.serving.server import ServerOptions

COLUMNS, ROUNDS = 23, 100
TURNS, SECONDS = 15, 1.0
# Connections, and the least share of the bare application's requests: without capture, with it.
LIMITS = {1: (0.95, 0.8), 8: (0.95, 0.8)}


def measure(folder: Path) -> Iterator[Figure]:
    """The endpoint without and with capture, at one connection and at eight."""
    model = _model(folder / "model")
    row = ",".join(["1.5"] * COLUMNS).encode()
    with _servers(folder, model) as ports:
        for connections, (plain_limit, capture_limit) in LIMITS.items():
            turns = [
                {name: _asked(port, row, connections) for name, port in ports.items()}
                for _ in range(TURNS)
            ]
            bare = statistics.median(turn["bare"] for turn in turns)
            yield Figure(f"bare application, {connections} connections", bare, "requests/s")
            for name, limit in (("plain", plain_limit), ("capturing", capture_limit)):
                ratio = statistics.median(turn[name] / turn["bare"] for turn in turns)
                what = f"endpoint, {name}, {connections} connections / bare"
                yield Figure(what, ratio, "times", limit, at_least=True)


def _model(folder: Path) -> Path:
    """A folder with a model.tar.gz of the size of the workshop's model."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20_000, COLUMNS)).astype(np.float32)
    labels = (values[:, :3].sum(1) + rng.normal(size=len(values)) > 1).astype(np.float32)
    parameters = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.2}
    booster = xgboost.train(parameters, xgboost.DMatrix(values, labels), ROUNDS)
    content = folder / "content"
    content.mkdir(parents=True)
    booster.save_model(content / "xgboost-model.ubj")
    features = tuple(Feature(f"feature_{number}") for number in range(COLUMNS))
    (content / "metadata").mkdir()
    Layout("label", features).write(content / "metadata")
    pack(content, folder / "model.tar.gz")
    return folder


@contextlib.contextmanager
def _servers(folder: Path, model: Path) -> Iterator[dict[str, int]]:
    """The bare application and two endpoints, by name and port."""
    ports = {name: _free_port() for name in ("bare", "plain", "capturing")}
    home = folder / "endpoints"
    capture = CaptureOptions(folder / "capture", "capturing", "v1")
    for name, options in (("plain", None), ("capturing", capture)):
        server = ServerOptions(name, 1, model, ports[name], options)
        processes.start(home, server, lambda *_: None)
    booster = model / "content/xgboost-model.ubj"
    command = [sys.executable, "-m", "benchmarks.bare_endpoint", str(booster), str(ports["bare"])]
    bare = subprocess.Popen(command)
    try:
        while not _answers(ports["bare"]):
            time.sleep(0.05)
        yield ports
    finally:
        bare.terminate()
        bare.wait()
        for name in ("plain", "capturing"):
            if running := processes.serving(home, name):
                processes.stop(running, lambda *_: None)


def _asked(port: int, row: bytes, connections: int) -> float:
    """Requests per second that are answered on so many connections, each kept open."""
    return asyncio.run(_ask(port, row, connections))


async def _ask(port: int, row: bytes, connections: int) -> float:
    head = "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: "
    request = f"{head}{len(row)}\r\n\r\n".encode() + row
    end = time.perf_counter() + SECONDS

    async def caller() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answered = 0
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"the server answered {head!r}")
            answered += 1
        writer.close()
        return answered

    return sum(await asyncio.gather(*(caller() for _ in range(connections)))) / SECONDS


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

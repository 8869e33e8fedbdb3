"""The process of an endpoint: loads the model, serves it, says when it is ready, ends well."""

import asyncio
import fcntl
import json
import logging
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import Any

from regulated_ml.files import write_json
from regulated_ml.serving.capture import Capture, CaptureOptions

HOST = "127.0.0.1"  # this machine alone: the local endpoint knows no callers and asks for no key
OPTIONS, READY, ALIVE, LOG = "options.json", "ready.json", "alive", "endpoint.log"
CONTROL = "control"  # in the folder above: that of the process which serves
DRAIN = 1.0  # seconds that connections without a request are kept when the process ends
BETWEEN = 0.02  # seconds between looking and looking again
GRACE = 30  # seconds that requests under way are given when the process is told to end

logger = logging.getLogger("regulated_ml.serving")


@dataclass(frozen=True)
class ServerOptions:
    """What an endpoint's process is told.

    Args:
        endpoint: its name.
        version: what it serves, as a number.
        model: the folder with model.tar.gz.
        port: where it listens.
        capture: what is captured; None: nothing.
    """

    endpoint: str
    version: int
    model: Path
    port: int
    capture: CaptureOptions | None

    @property
    def variant(self) -> str:
        """The version, as persons write it."""
        return f"v{self.version}"

    def as_json(self) -> dict[str, Any]:
        """The same for a file."""
        content = asdict(self) | {"model": str(self.model)}
        if self.capture:
            content["capture"]["folder"] = str(self.capture.folder)
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "ServerOptions":
        """What `as_json` has made."""
        capture = content["capture"]
        if capture:
            folder, masked = Path(capture["folder"]), tuple(capture["masked"])
            capture = CaptureOptions(**{**capture, "folder": folder, "masked": masked})
        return cls(**{**content, "model": Path(content["model"]), "capture": capture})


class _Lines(logging.Formatter):
    """A line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            content["error"] = self.formatException(record.exc_info)
        return json.dumps(content)


def main(folder: Path) -> None:
    """Serves what the options in a folder say, until the process is told to end."""
    _log_as_json()
    folder = folder.resolve()
    alive = (folder / ALIVE).open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)  # until the process ends, however it does
    options = ServerOptions.from_json(json.loads((folder / OPTIONS).read_text(encoding="utf-8")))
    os.environ["SAGEMAKER_BASE_DIR"] = str(folder)  # where the archive is unpacked
    os.chdir(folder.parent)  # a Unix socket's path has at most a hundred bytes
    import uvicorn

    from regulated_ml.jobs.contract import JobError
    from regulated_ml.jobs.model import Model
    from regulated_ml.serving.application import Endpoint
    from regulated_ml.serving.counting import Counts
    from regulated_ml.serving.handover import listening, offer
    from regulated_ml.serving.scoring import Scorer

    try:
        scorer = Scorer(Model.load(options.model))
        listener = listening(HOST, options.port, Path(CONTROL))
    except JobError as error:
        logger.error("the model cannot be served: %s", error)
        sys.exit(1)
    except OSError as error:
        logger.error("port %d cannot be listened on: %s", options.port, error.strerror)
        sys.exit(1)
    capture = Capture(options.capture) if options.capture else None

    endpoint = Endpoint(options.endpoint, options.variant, scorer, Counts(capture), capture)

    class Server(uvicorn.Server):
        """A server that says when it answers, and loses no connection when it ends."""

        async def startup(self, sockets: list[socket] | None = None) -> None:
            """As any server; then the next process may ask for the socket."""
            await super().startup(sockets=sockets)
            offer(listener, Path(CONTROL))
            content = {"pid": os.getpid(), "version": options.version, "port": options.port}
            write_json(folder / READY, content)

        async def shutdown(self, sockets: list[socket] | None = None) -> None:
            """As any server, once the requests of connections that are open have come.

            A connection that is closed with a request on its way is one whose caller gets no
            answer. So each is told with its next answer that it was the last.
            """
            endpoint.ends = True
            for server in self.servers:
                server.close()
            given_up = time.monotonic() + DRAIN
            while self.server_state.connections and time.monotonic() < given_up:
                await asyncio.sleep(BETWEEN)
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        endpoint,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )
    Server(config).run(sockets=[listener])


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])

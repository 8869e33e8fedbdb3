"""A server on loopback that keeps what arrives: requests as they were sent, below the SDK.

It answers each with an empty success; it is a test double of AWS, of whose behaviour it has none.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Arrived(NamedTuple):
    """One request below the SDK."""

    target: str  # `SageMaker.CreateModel`, or empty for S3
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a JSON service."""
        return self.target.rpartition(".")[2]

    @property
    def request(self) -> dict[str, Any]:
        """The body of a JSON service."""
        content: dict[str, Any] = json.loads(self.body or b"{}")
        return content


class Recorder(ThreadingHTTPServer):
    """Keeps requests in the order in which they arrived."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: list[Arrived] = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def take(self) -> list[Arrived]:
        """What has arrived since the last time."""
        taken, self.arrived = self.arrived, []
        return taken


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for all of a client's requests
    disable_nagle_algorithm = True
    server: Recorder

    def _answer(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        address = urlsplit(self.path)
        self.server.arrived.append(
            Arrived(
                target,
                self.command,
                address.path,
                dict(parse_qsl(address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                body,
            )
        )
        answer = b"{}" if target or self.path.startswith("/v1/") else b"<Result/>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def handle_expect_100(self) -> bool:
        """Answered where the body is read."""
        return True

    def log_message(self, *_: Any) -> None:
        """Nothing on the tests' output."""

"""A server on loopback that keeps what arrives: requests as they were sent, below the SDK.

It answers each with an empty success, or passes it on to a server behind it and answers what that
says. Alone it is a test double of AWS, of whose behaviour it has none.
"""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

MARK = "/way/"  # what follows was sent in the way that is named
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


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

    def __init__(self, behind: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.arrived: list[Arrived] = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def take_by_way(self) -> dict[str, list[Arrived]]:
        """What has arrived since the last time, by the marks among it."""
        ways: dict[str, list[Arrived]] = {}
        name = ""
        for arrived in self.take():
            if arrived.path.startswith(MARK):
                name = arrived.path.removeprefix(MARK)
            else:
                ways.setdefault(name, []).append(arrived)
        return ways

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
        if self.server.behind and not address.path.startswith(MARK):
            status, headers, answer = self._passed_on(body)
        else:
            status, headers = 200, {}
            answer = b"{}" if target or self.path.startswith("/v1/") else b"<Result/>"
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.server.behind).netloc)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in HOP_BY_HOP}
        if self.command != "HEAD":
            kept.pop("Content-Length", None)
        connection.close()
        return answer.status, kept, content

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def handle_expect_100(self) -> bool:
        """Answered where the body is read."""
        return True

    def log_message(self, *_: Any) -> None:
        """Nothing on the tests' output."""

"""A double: an HTTP server in front of moto.

It keeps what was asked, passes it on, and answers in moto's place what moto cannot: refusals, and
jobs that take their time, fail or are stopped.
"""

import http.client
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "accept-encoding", "expect"}


class Answer(NamedTuple):
    """What a server says."""

    status: int
    body: bytes
    headers: dict[str, str]


class Asked(NamedTuple):
    """A request to a service that speaks JSON; for others the body is empty."""

    operation: str
    body: dict[str, Any]


def refusal(code: str, message: str = "as the test has it", status: int = 400) -> Answer:
    """An error as services that speak JSON answer it."""
    body = json.dumps({"__type": code, "message": message}).encode()
    return Answer(status, body, {"Content-Type": "application/x-amz-json-1.1"})


@dataclass
class Front:
    """The server.

    `instead` gives answers for an operation, first come, first served, before moto is asked;
    `changes` changes moto's own answer; `after` is called when moto has answered.
    """

    moto: str
    asked: list[Asked] = field(default_factory=list)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    changes: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    after: dict[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = b"".join(self._body())
                answer = front.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                size = answer.headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", size or str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def _body(self) -> Iterator[bytes]:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    return
                while size := int(self.rfile.readline(), 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """What the caller is told."""
        asked = _asked(method, headers, body)
        self.asked.append(asked)
        if waiting := self.instead.get(asked.operation):
            return waiting.pop(0)
        answer = self._of_moto(method, path, headers, body)
        if answer.status == 200 and asked.operation in self.changes:
            changed = self.changes[asked.operation](json.loads(answer.body))
            answer = answer._replace(body=json.dumps(changed).encode())
        if answer.status == 200 and asked.operation in self.after:
            self.after[asked.operation](asked.body)
        return answer

    def _of_moto(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        kept = {k: v for k, v in headers.items() if k.lower() not in HOP_BY_HOP}
        connection = http.client.HTTPConnection(self.moto.removeprefix("http://"))
        connection.request(method, path, body, {**kept, "Content-Length": str(len(body))})
        response = connection.getresponse()
        answer = Answer(response.status, response.read(), dict(response.getheaders()))
        connection.close()
        return answer

    def sent(self, operation: str) -> list[dict[str, Any]]:
        """The requests of an operation, as they were sent."""
        return [asked.body for asked in self.asked if asked.operation == operation]


def _asked(method: str, headers: dict[str, str], body: bytes) -> Asked:
    """The operation by its name where the service names it, else the method: S3."""
    if target := headers.get("X-Amz-Target"):
        return Asked(target.rpartition(".")[2], json.loads(body or b"{}"))
    form = urllib.parse.parse_qs(body.decode(errors="replace")) if b"Action=" in body else {}
    return Asked(form.get("Action", [method])[0], {})

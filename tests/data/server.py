"""A real HTTP server on this machine that misbehaves as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """How the server answers one request."""

    status: int = 200
    cut_after: int | None = None  # bytes of the body, then the connection ends
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of the file
    ranges: bool = True  # whether it knows `Range`


@dataclass
class Server:
    """A file at an address; the answers are used up in order, then it behaves well."""

    content: bytes
    etag: str = '"one"'
    answers: list[Answer] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    address: str = ""
    before: Callable[[], None] = lambda: None  # called with each request


class _Listener(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that close the connection are what these tests are about, not worth a word."""


@contextmanager
def serving(content: bytes, *answers: Answer) -> Iterator[Server]:
    """Serves `content` until the block ends."""
    server = Server(content, answers=list(answers))
    listener = _Listener(("127.0.0.1", 0), _handler(server))
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.address = f"http://127.0.0.1:{listener.server_address[1]}/table.csv"
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.requests.append(self.headers)
            server.before()
            answer = server.answers.pop(0) if server.answers else Answer()
            body = server.content if answer.body is None else answer.body
            wanted = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
            status, start = answer.status, 0
            same = self.headers.get("If-Range", server.etag) == server.etag
            if wanted and answer.ranges and status == 200 and same:
                status, start = 206, int(wanted)
            self.send_response(status)
            headers = {"ETag": server.etag, "Content-Length": str(len(body) - start)}
            if status == 206:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            for name, value in {**headers, **answer.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            end = None if answer.cut_after is None else start + answer.cut_after
            self.wfile.write(body[start:end])
            if end is not None or not answer.headers.get("Content-Length", "some"):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler

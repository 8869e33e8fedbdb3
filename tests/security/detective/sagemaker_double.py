"""A double of SageMaker that writes down what it is told: moto has few of the stops and deletes."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class SageMakerDouble:
    """Every call is answered with nothing, unless an answer or an error was laid down for it."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # operation -> what SageMaker says
    codes: dict[str, str] = field(default_factory=dict)  # operation -> the code it says it with

    def __post_init__(self) -> None:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                operation = self.headers["X-Amz-Target"].partition(".")[2]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                double.calls.append((operation, json.loads(body)))
                error = double.errors.get(operation)
                content = (
                    {"__type": double.codes.get(operation, "ValidationException"), "message": error}
                    if error
                    else double.answers.get(operation, {})
                )
                text = json.dumps(content).encode()
                self.send_response(400 if error else 200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments: Any) -> None:
                """Nothing: pytest shows what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

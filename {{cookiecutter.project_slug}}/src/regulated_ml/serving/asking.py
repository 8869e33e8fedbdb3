"""Asks a local endpoint, as a client over HTTP does."""

import http.client
import threading

from regulated_ml.platforms.interface import Refused

TIMEOUT = 60.0  # seconds
HEADERS = {"Content-Type": "text/csv", "Accept": "text/csv"}
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"


class AwayError(Exception):
    """Nobody answers at the address."""


class Local:
    """A caller of an endpoint on this machine; each thread keeps a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own = threading.local()

    def ask(self, row: str, inference_id: str) -> float | Refused:
        """The score of a row, or why there is none.

        Raises:
            AwayError: nobody listens there.
        """
        headers = {**HEADERS, INFERENCE_ID: inference_id} if inference_id else HEADERS
        for is_last in (False, True):
            connection = self._connection()
            try:
                connection.request("POST", "/invocations", row, headers)
                answer = connection.getresponse()
                body = answer.read().decode("utf-8", "replace").strip()
            except ConnectionRefusedError as error:
                raise AwayError(str(error)) from error
            except (OSError, http.client.HTTPException) as error:
                # A connection that was kept open may have been ended in between, as when another
                # version takes over; then nothing was read of the request.
                connection.close()
                del self._own.connection
                if is_last:
                    return Refused(0, f"{type(error).__name__}: {error}")
                continue
            return float(body) if answer.status == 200 else Refused(answer.status, body)
        raise AssertionError("the loop returns")

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=TIMEOUT
            )
        found: http.client.HTTPConnection = self._own.connection
        return found

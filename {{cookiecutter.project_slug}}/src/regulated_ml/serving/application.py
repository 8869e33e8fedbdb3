"""The endpoint as an ASGI application: the routes and statuses of the managed container.

Plain ASGI, since a framework costs a tenth of the requests per second. What a caller sends wrongly
is answered with a status and a sentence; nothing a caller sends ends the process.
"""

import asyncio
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from regulated_ml.serving import scoring
from regulated_ml.serving.capture import Capture, Exchange, NotCapturedError
from regulated_ml.serving.counting import Counts
from regulated_ml.serving.rows import RefusedError, parse
from regulated_ml.serving.scoring import CSV, JSON, Scorer

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_PAYLOAD_MB = 6  # the container's default; SageMaker takes no more for a real-time endpoint
LARGE = 1 << 16  # bytes; from here on a body is scored beside the loop, which goes on answering
PATIENCE = 10  # times the largest body are read of one that is larger, and no more
INFERENCE_ID = b"x-amzn-sagemaker-inference-id"
EXPLAIN = b"x-amzn-sagemaker-enable-explanations"
# What may be asked for in `Accept`, and what is answered.
ANSWERS = {"": CSV, "*/*": CSV, "text/csv": CSV, "text/*": CSV, "application/json": JSON}

logger = logging.getLogger("regulated_ml.serving")


class Answer(NamedTuple):
    """A response."""

    status: int
    kind: str = "text/plain; charset=utf-8"
    body: bytes = b""
    found_by: str = ""  # the id of the captured request, for whoever asks about it later


class Scored(NamedTuple):
    """What became of the rows of a request."""

    rows: int
    scores: Answer  # what the model's container answers
    answer: Answer  # the same, or that with explanations around it


@dataclass
class Endpoint:
    """An endpoint that serves one model.

    Beside the container's routes it has that of the service itself, so that a client of
    `sagemaker-runtime` can call it; there the service's own errors stand around the container's.
    """

    name: str
    variant: str  # the version that answers, as v3
    scorer: Scorer
    counts: Counts
    capture: Capture | None = None
    max_payload_mb: int = MAX_PAYLOAD_MB
    ends: bool = False  # each answer is then the last of its connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or starts and ends with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            started = time.perf_counter()
            path, is_service = self._route(scope["path"])
            answer = await self._answer(path, scope, receive)
            counted = path if path in ROUTES else "other"
            self.counts.answered(counted, answer.status, time.perf_counter() - started)
            extra: list[tuple[bytes, bytes]] = []
            if is_service:
                answer, extra = _as_service(answer, self.variant)
            if answer.found_by:
                # SageMaker's own answers have no such header; its clients pass over it.
                extra.append((INFERENCE_ID, answer.found_by.encode("latin-1")))
            if self.ends:
                extra.append((b"connection", b"close"))
            length = str(len(answer.body)).encode()
            headers = [
                (b"content-type", answer.kind.encode()),
                (b"content-length", length),
                *extra,
            ]
            start = {"type": "http.response.start", "status": answer.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": answer.body})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown" and self.capture:
                self.capture.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def _route(self, path: str) -> tuple[str, bool]:
        """The container's path of a request, and whether it was asked for by the service's own."""
        if path in ROUTES:
            return path, False
        is_service = path == f"/endpoints/{self.name}/invocations"
        return ("/invocations" if is_service else path), is_service

    async def _answer(self, path: str, scope: Scope, receive: Receive) -> Answer:
        route = ROUTES.get(path)
        if route is None:
            return _refusal(404, f"the endpoint {self.name} has {', '.join(ROUTES)}")
        method, answer = route
        if scope["method"] != method:
            return _refusal(405, f"{path} takes {method}")
        try:
            return await answer(self, scope, receive)
        except RefusedError as refused:
            return _refusal(refused.status, refused.sentence)
        except Exception:
            # Whatever is our own mistake costs this caller an answer, and nobody else.
            logger.exception("a request was not answered")
            return _refusal(500, "the endpoint failed; its log says why")

    async def _ping(self, _scope: Scope, _receive: Receive) -> Answer:
        return Answer(200)

    async def _parameters(self, _scope: Scope, _receive: Receive) -> Answer:
        found = {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self.max_payload_mb,
        }
        return Answer(200, JSON, json.dumps(found).encode())

    async def _metrics(self, _scope: Scope, _receive: Receive) -> Answer:
        return Answer(200, "text/plain; version=0.0.4; charset=utf-8", self.counts.text())

    async def _invoke(self, scope: Scope, receive: Receive) -> Answer:
        headers = dict(scope["headers"])
        body = await _body(receive, self.max_payload_mb << 20)
        sent_type = headers.get(b"content-type", b"").decode("latin-1")
        _check_type(sent_type)
        kind = _accepted(headers.get(b"accept", b"").decode("latin-1"))
        explain = headers.get(EXPLAIN, b"").decode("latin-1")
        if len(body) < LARGE:
            scored = self._scored(body, kind, explain)
        else:
            scored = await asyncio.to_thread(self._scored, body, kind, explain)
        found_by = ""
        if self.capture:
            inference_id = headers.get(INFERENCE_ID, b"").decode("latin-1")
            now = datetime.now(UTC)
            # The scores alone: explanations tell of values that may be masked.
            scores = scored.scores
            exchange = Exchange(sent_type, body, scores.kind, scores.body, inference_id, now)
            found_by = self._keep(self.capture, exchange)
        self.counts.scored(scored.rows)
        return scored.answer._replace(found_by=found_by) if found_by else scored.answer

    def _scored(self, body: bytes, kind: str, expression: str) -> Scored:
        rows = parse(body, self.scorer.columns)
        scores = self.scorer.scores(rows)
        write = scoring.as_json if kind == JSON else scoring.as_csv
        answer = plain = Answer(200, kind, write(scores))
        if expression and any(wanted := scoring.wanted(expression, scores)):
            found = self.scorer.explanations(rows, wanted)
            answer = Answer(200, JSON, scoring.explained(scores, kind, found))
        return Scored(len(scores), plain, answer)

    def _keep(self, capture: Capture, exchange: Exchange) -> str:
        try:
            return capture.take(exchange)
        except NotCapturedError as error:
            said = f"the request cannot be captured, so it is not answered: {error}"
            raise RefusedError(507, said) from error


ROUTES: dict[str, tuple[str, Callable[[Endpoint, Scope, Receive], Awaitable[Answer]]]] = {
    "/ping": ("GET", Endpoint._ping),
    "/execution-parameters": ("GET", Endpoint._parameters),
    "/metrics": ("GET", Endpoint._metrics),
    "/invocations": ("POST", Endpoint._invoke),
}


def _as_service(answer: Answer, variant: str) -> tuple[Answer, list[tuple[bytes, bytes]]]:
    """What the service makes of the container's answer (InvokeEndpoint of its API).

    An answer that is no success becomes ModelError, status 424, with the original beside it.
    """
    if answer.status < 400:
        return answer, [(b"x-amzn-invoked-production-variant", variant.encode())]
    said = answer.body.decode().strip()
    message = f"Received client error ({answer.status}) from the model: {said}"
    content = {
        "Message": message,
        "OriginalMessage": said,
        "OriginalStatusCode": answer.status,
    }
    return Answer(424, JSON, json.dumps(content).encode()), [(b"x-amzn-errortype", b"ModelError")]


def _refusal(status: int, sentence: str) -> Answer:
    return Answer(status, body=f"{sentence}\n".encode() if sentence else b"")


def _check_type(given: str) -> None:
    if given == "text/csv":
        return
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    strange = [each for each in parameters if not each.startswith("charset=")]
    if kind != "text/csv" or strange:
        raise RefusedError(415, f"the content type is {given or 'missing'}; rows come as text/csv")


def _accepted(given: str) -> str:
    """The first of the wanted types that there is."""
    if kind := ANSWERS.get(given):
        return kind
    for each in given.split(","):
        if kind := ANSWERS.get(each.split(";")[0].strip().lower()):
            return kind
    raise RefusedError(406, f"{given} is not to be had; text/csv and application/json are")


async def _body(receive: Receive, limit: int) -> bytes:
    """The whole body; one that is too large is read to its end, so that the caller can listen."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the caller went away before the request was whole")
        part: bytes = message.get("body", b"")
        if not (parts or message.get("more_body")) and len(part) <= limit and not size:
            return part  # whole at once, as almost every request is
        size += len(part)
        if size <= limit:
            parts.append(part)
        if size > limit * PATIENCE or (size > limit and not message.get("more_body")):
            raise RefusedError(413, f"a request has at most {limit >> 20} MiB")
        if not message.get("more_body"):
            return b"".join(parts)

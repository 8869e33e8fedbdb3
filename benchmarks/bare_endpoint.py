"""The peer of the local endpoint: the least that an ASGI application needs to serve a booster.

It checks nothing, counts nothing and captures nothing. `python -m benchmarks.bare_endpoint MODEL
PORT` starts it.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np
import uvicorn

from regulated_ml.jobs.lean import xgboost

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


def application(booster: Any) -> Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]:
    """An application that answers every request with scores."""

    async def answer(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        rows = [[float(cell) for cell in line.split(b",")] for line in body.splitlines()]
        scores = booster.inplace_predict(np.array(rows, np.float32), validate_features=False)
        text = "".join(f"{float(score)!r}\n" for score in scores).encode()
        headers = [(b"content-type", b"text/csv"), (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return answer


if __name__ == "__main__":
    booster = xgboost.Booster({"nthread": 1}, model_file=sys.argv[1])
    uvicorn.run(
        application(booster),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_config=None,
        access_log=False,
        lifespan="off",
    )

"""The process behind `rml ui`: MLflow's server, without what a regulated machine does not offer.

MLflow's own server also has an assistant that runs commands on the machine, a gateway to models of
others, and jobs in the background. Here they do not exist. Run as

    python -m regulated_ml.tracking.trackers.mlflow_server ADDRESS ARTIFACTS PORT PAGE

It ends when its standard input does, and so never outlives who started it.
"""

import json
import os
import re
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

HOST = "127.0.0.1"
CUT_OFF = re.compile(
    r"(?:/ajax-api/\d\.\d|/api/\d\.\d)?(?:/mlflow)?/(?:assistant|gateway|jobs|demo)(?:/.*)?"
)
# What MLflow's pages keep in the browser: they show models and no agents, the assistant that is not
# there stays closed, and no banner says that usage is reported, which it is not.
BROWSER = {
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "mlflow.assistant.panelOpen_v1": "false",
    "mlflow.telemetry.info.alert.dismissed_v1": "true",
}
# MLflow's page is that with a query; this one comes before it and keeps the place.
START = """<!doctype html><html lang="en"><meta charset="utf-8"><title>MLflow</title><script>
for (const [key, value] of Object.entries(%s)) localStorage.setItem(key, value);
location.replace("/?rml" + (location.hash || %s));
</script><noscript>MLflow's pages need JavaScript.</noscript></html>"""

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def offered(app: Asgi, page: str) -> Asgi:
    """The application without the addresses that are cut off, and with `page` to start from."""
    start = (START % (json.dumps(BROWSER), json.dumps(page))).encode()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if CUT_OFF.fullmatch(path):
            await _say(send, 404, "text/plain", b"rml ui does not offer this")
        elif path == "/" and not scope["query_string"]:
            await _say(send, 200, "text/html; charset=utf-8", start)
        else:
            await app(scope, receive, send)

    return answer


async def _say(send: Any, status: int, media_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", media_type.encode()),
        (b"cache-control", b"no-store"),
        (b"x-frame-options", b"DENY"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(address: str, artifacts: str, port: str, page: str) -> None:
    """Serves until the standard input ends."""
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    import uvicorn
    from mlflow.server import constants

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = address
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = artifacts
    from mlflow.server.fastapi_app import app

    uvicorn.run(offered(app, page), host=HOST, port=int(port), log_level="warning")


def _end_with_the_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

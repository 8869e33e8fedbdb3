"""Run as a process in a repository: sends the requests it reads, a JSON line each, by real clients.

Answers each with a line: what the guard refused, what botocore found invalid, or that it was sent.
It knows nothing of the guard, which must be there by itself.
"""

import copy
import json
import sys
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ParamValidationError

CLIENTS: dict[str, Any] = {}
# Path-style, so that every bucket is on the recorder.
CONFIG = Config(s3={"addressing_style": "path"}, parameter_validation=True)


def send(
    service: str, operation: str, request: dict[str, Any], presigned: bool = False
) -> dict[str, Any]:
    """What became of a request; `changed` says whether the caller's own dict is another now."""
    client = CLIENTS.setdefault(service, None) or boto3.client(service, config=CONFIG)
    CLIENTS[service] = client
    before = copy.deepcopy(request)
    try:
        if presigned:
            client.generate_presigned_url(xform_name(operation), Params=request)
        else:
            getattr(client, xform_name(operation))(**request)
        outcome: dict[str, Any] = {"sent": True}
    except ParamValidationError as error:
        outcome = {"invalid": str(error)}
    except Exception as error:
        if not hasattr(error, "problems"):
            outcome = {"failed": repr(error)}
        else:
            outcome = {"refused": [problem._asdict() for problem in error.problems]}
    return {**outcome, "changed": request != before}


def main() -> None:
    """Reads, sends, answers, until there is no more to read."""
    for line in sys.stdin:
        print(json.dumps(send(**json.loads(line)), default=str), flush=True)


if __name__ == "__main__":
    main()

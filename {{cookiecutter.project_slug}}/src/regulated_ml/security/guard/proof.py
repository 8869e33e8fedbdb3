"""Proves that the guard is on, by a request that it must refuse, to an address of nobody."""

from typing import Any

from regulated_ml.security import sessions
from regulated_ml.security.guard.handling import GuardRefusal, proving

NOBODY = "http://127.0.0.1:9"  # the port that discards; nothing is ever sent there
NAME = "nobody"
FORBIDDEN = "create_presigned_notebook_instance_url"


def is_refused(region: str) -> bool:
    """Whether a new client refuses to make a presigned address, before anything is sent."""
    before = proving.set(True)
    try:
        getattr(_client(region), FORBIDDEN)(NotebookInstanceName="proof-of-the-guard")
    except GuardRefusal as refusal:
        return any(v.control in ("RML-ACCESS-4", "RML-LOCAL-1") for v in refusal.violations)
    except Exception as error:
        # Not refused, so it was sent; to nobody, as the error says. Anything else is no proof.
        if type(error).__module__.startswith("botocore"):
            return False
        raise
    finally:
        proving.reset(before)
    return False


def _client(region: str) -> Any:
    from botocore.config import Config

    return sessions.new(region).client(
        "sagemaker",
        endpoint_url=NOBODY,
        aws_access_key_id=NAME,
        aws_secret_access_key=NAME,
        config=Config(connect_timeout=1, retries={"total_max_attempts": 1}),
    )

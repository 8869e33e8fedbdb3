"""Sessions of boto3 that read botocore's models of the services once a process.

Each session of boto3 reads them for itself: 10 ms a client, 60 ms for SageMaker's. A command makes
a session whenever it has proved anew that the guard is on, so it would spend seconds on it.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3


def new(region: str) -> "boto3.Session":
    """A session of its own; credentials, events and clients are shared with no other.

    Raises:
        botocore.exceptions.ProfileNotFound: AWS_PROFILE names none.
    """
    import boto3
    from botocore.session import Session

    session = Session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return boto3.Session(botocore_session=session, region_name=region)


@cache
def _loader(data_path: str | None) -> Any:
    """What reads the models, and keeps what it has read."""
    from botocore.loaders import create_loader

    return create_loader(data_path)

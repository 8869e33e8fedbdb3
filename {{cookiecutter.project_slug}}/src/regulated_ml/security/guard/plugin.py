"""What botocore calls for every client that is made, in every process of the environment.

Whatever is raised in here, botocore writes into a debug log and goes on without the guard. So it
does nothing that can fail, and the first request does the rest: there a failure stops the request.
"""

from typing import Any

from regulated_ml.security.guard.handling import attach


def initialize_client_plugin(client: Any) -> None:
    """Puts the guard into a client."""
    attach(client)

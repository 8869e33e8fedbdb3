"""Asks an endpoint on SageMaker, through a client of its runtime."""

from functools import cached_property
from typing import Any

from regulated_ml.platforms.interface import Refused
from regulated_ml.security import clients
from regulated_ml.settings import Settings

# With these the endpoint, or its model, refuses one request; all else ends the asking.
OF_A_ROW = {"ModelError", "InternalFailure", "ServiceUnavailable", "ModelNotReadyException"}


class Remote:
    """A caller of an endpoint on SageMaker, from any thread."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self._name = settings, name

    def ask(self, row: str, inference_id: str) -> float | Refused:
        """The score of a row, or why there is none.

        Raises:
            UserError: there is no such endpoint, or AWS does not let us ask it.
        """
        from botocore.exceptions import ClientError

        request = {"EndpointName": self._name, "ContentType": "text/csv", "Accept": "text/csv"}
        if inference_id:
            request["InferenceId"] = inference_id
        with clients.reached(self._settings):
            try:
                answer = self.client.invoke_endpoint(**request, Body=row)
            except ClientError as error:
                said = error.response["Error"]
                if said["Code"] not in OF_A_ROW:
                    raise
                status = int(error.response.get("OriginalStatusCode", 0))
                return Refused(status, str(error.response.get("OriginalMessage", said["Message"])))
            return float(answer["Body"].read())

    @cached_property
    def client(self) -> Any:
        """Made once, before there are threads."""
        clients.identity(self._settings)
        return clients.client(self._settings, "sagemaker-runtime")

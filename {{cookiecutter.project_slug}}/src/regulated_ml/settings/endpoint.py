"""What config/model.yaml says of the endpoint."""

from typing import Annotated, Literal

from pydantic import Field

from regulated_ml.settings.base import Section


class CaptureSettings(Section):
    """Which requests are kept, for monitoring and for tracing a prediction back."""

    enabled: bool = True
    sampling_percentage: Annotated[int, Field(ge=0, le=100)] = 100
    masked: tuple[str, ...] = ()  # features whose values are not kept
    rotate_megabytes: Annotated[int, Field(ge=1, le=1024)] = 16
    rotate_minutes: Annotated[int, Field(ge=1, le=60)] = 60
    when_full: Literal["serve", "refuse"] = "serve"  # a request that cannot be captured


class Endpoint(Section):
    """The endpoint that serves the model."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8080  # of the local one
    capture: CaptureSettings = CaptureSettings()

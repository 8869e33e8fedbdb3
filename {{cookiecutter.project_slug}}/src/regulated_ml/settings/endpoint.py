"""What config/model.yaml says of the endpoint."""

from typing import Annotated, Literal

from pydantic import Field

from regulated_ml.settings.base import Section
from regulated_ml.settings.instances import EndpointInstance


class CaptureSettings(Section):
    """Which requests are kept, for monitoring and for tracing a prediction back."""

    enabled: bool = True
    sampling_percentage: Annotated[int, Field(ge=0, le=100)] = 100
    masked: tuple[str, ...] = ()  # features whose values are not kept
    rotate_megabytes: Annotated[int, Field(ge=1, le=1024)] = 16
    rotate_minutes: Annotated[int, Field(ge=1, le=60)] = 60
    when_full: Literal["serve", "refuse"] = "serve"  # a request that cannot be captured


class Rollout(Section):
    """How a version takes over from another one on SageMaker: blue/green, at once or by canary."""

    strategy: Literal["canary", "all_at_once"] = "canary"
    canary_percent: Annotated[int, Field(ge=1, le=50)] = 10  # of the capacity; AWS takes no more
    # The canary is watched so long, then the whole new fleet, before the old one is ended.
    bake_minutes: Annotated[int, Field(ge=0, le=60)] = 5
    timeout_minutes: Annotated[int, Field(ge=10, le=480)] = 60
    rollback_on_alarms: bool = True  # those of infrastructure/alarms.yaml


class Alarms(Section):
    """From when on the endpoint on SageMaker is not well: infrastructure/alarms.yaml."""

    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.01  # of the requests, answered with 5xx
    latency_ms: Annotated[int, Field(ge=1, le=60_000)] = 500  # of the model, 99th percentile


class Endpoint(Section):
    """The endpoint that serves the model."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8080  # of the local one
    instance: EndpointInstance = EndpointInstance()  # on SageMaker, as all that follows
    rollout: Rollout = Rollout()
    alarms: Alarms = Alarms()
    capture: CaptureSettings = CaptureSettings()

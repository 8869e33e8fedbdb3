"""What the jobs run on where they run on SageMaker: `instances` of config/model.yaml."""

import re
from typing import Annotated

from pydantic import Field, model_validator

from regulated_ml.identifiers import filled
from regulated_ml.settings.base import Section

OWN_DISK = re.compile(filled("%(own_disk)s"))

Minutes = Annotated[int, Field(ge=1, le=28 * 24 * 60)]  # SageMaker's longest job has 28 days


class Instance(Section):
    """The machine of a job, and how long the job may take."""

    type: Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")] = "ml.m5.xlarge"
    volume_gb: Annotated[int, Field(ge=1, le=16_384)] = 30
    max_runtime_minutes: Annotated[int, Field(ge=1, le=5 * 24 * 60)] = 60
    price_per_hour: Annotated[float, Field(ge=0)] | None = None  # as your organisation pays it

    @property
    def has_own_disk(self) -> bool:
        """Whether its disk is the instance's own, which takes no key."""
        return OWN_DISK.fullmatch(self.type) is not None


class TrainingInstance(Instance):
    """The machine of a training, which AWS may lend cheaper, and take away and give again."""

    max_runtime_minutes: Minutes = 60
    spot: bool = True
    max_wait_minutes: Minutes = 120  # of a spot training: waiting and running together

    @model_validator(mode="after")
    def _waits_long_enough(self) -> "TrainingInstance":
        if self.spot and self.max_wait_minutes < self.max_runtime_minutes:
            raise ValueError("max_wait_minutes is at least max_runtime_minutes, which it includes")
        return self


class EndpointInstance(Section):
    """The machines of an endpoint."""

    type: Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")] = "ml.m5.large"
    count: Annotated[int, Field(ge=1, le=100)] = 1  # prod has two at least: RML-ENDPOINT-1
    price_per_hour: Annotated[float, Field(ge=0)] | None = None  # as your organisation pays it

    @property
    def has_own_disk(self) -> bool:
        """Whether its disk is the instance's own, which takes no key."""
        return OWN_DISK.fullmatch(self.type) is not None


class Instances(Section):
    """The machine of each step."""

    prepare: Instance = Instance()
    train: TrainingInstance = TrainingInstance()
    evaluate: Instance = Instance()
    explain: Instance = Instance()
    score: Instance = Instance()  # a whole portfolio: `rml model score`

    def of(self, step: str) -> Instance:
        """The machine of a step; a sample is prepared where the rows are."""
        instance: Instance = getattr(self, "prepare" if step == "sample" else step)
        return instance

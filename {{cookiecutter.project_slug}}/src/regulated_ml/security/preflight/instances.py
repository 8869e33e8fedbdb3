"""What the jobs of config/model.yaml take of the account: instances, and addresses for them."""

from typing import NamedTuple

from regulated_ml.settings import Settings

PROCESSING = ("prepare", "evaluate", "explain")
# An instance of a job or an endpoint has two network interfaces in the team's subnets.
ADDRESSES_EACH = 2
# One job, and an endpoint of two instances, of which there are twice as many while it is updated.
INSTANCES_AT_ONCE = 1 + 2 * 2


class Machine(NamedTuple):
    """An instance type and what it is for, in the words of SageMaker's quotas."""

    type: str
    use: str

    @property
    def quota(self) -> str:
        """The name of the quota."""
        return f"{self.type} for {self.use} usage"


def machines(settings: Settings) -> dict[Machine, tuple[str, ...]]:
    """The machines of the workflow, and the steps that run on each; one at a time."""
    instances = settings.model.instances
    training = "spot training job" if instances.train.spot else "training job"
    found: dict[Machine, tuple[str, ...]] = {Machine(instances.train.type, training): ("train",)}
    for step in PROCESSING:
        machine = Machine(instances.of(step).type, "processing job")
        found[machine] = (*found.get(machine, ()), step)
    return found


def addresses(settings: Settings) -> int:
    """How many addresses must be free in a subnet."""
    return ADDRESSES_EACH * INSTANCES_AT_ONCE

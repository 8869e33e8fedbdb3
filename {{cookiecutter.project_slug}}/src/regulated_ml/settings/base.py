"""What every part of the configuration has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration: cannot be changed, and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""Controls as pairs: each requirement with each field that it is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from regulated_ml.settings import LOCAL
from regulated_ml.settings.controls import Control, Embedded, Requirement


class Pair(NamedTuple):
    """A requirement of a control on one field of one operation."""

    control: Control
    requirement: Requirement
    operation: str
    path: str


@dataclass(frozen=True)
class Controls:
    """All controls that hold in a repository."""

    controls: tuple[Control, ...]
    embedded: tuple[Embedded, ...]
    pipeline_steps: Mapping[str, str]
    own: frozenset[str] = frozenset()  # ids of the organisation's

    def __getitem__(self, control_id: str) -> Control:
        return {control.id: control for control in self.controls}[control_id]

    def pairs(self, environment: str | None = None) -> Iterator[Pair]:
        """Every requirement on every field, of one environment, or of all of them."""
        for control in self.controls:
            for requirement in control.requirements:
                if environment is not None and not _holds_in(requirement, environment):
                    continue
                for operation, paths in requirement.fields.items():
                    for path in paths:
                        yield Pair(control, requirement, operation, path)


def _holds_in(requirement: Requirement, environment: str) -> bool:
    """Whether a requirement holds: `local` has those that name it, and no others."""
    if environment == LOCAL:
        return LOCAL in requirement.environments
    return not requirement.environments or environment in requirement.environments

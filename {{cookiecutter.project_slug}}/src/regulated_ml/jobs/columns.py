"""What the columns of the table mean, as a job is told: those of dataset.yaml as plain JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Code = int | str


@dataclass(frozen=True)
class Column:
    """A column of the table, in the words of dataset.yaml. Keys of `values` are codes as text."""

    name: str
    type: str  # integer, number, category or date
    role: str  # identifier, feature, protected, label, time or ignored
    description: str = ""
    reason: str = ""  # what a declined client is told when this column weighed most
    monotone: int = 0  # the sign that the model must keep, for a rising value
    positive: Code | None = None  # of a label: the code that the model predicts
    values: Mapping[str, str] = field(default_factory=dict)
    undocumented: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """The codes of a category in the order in which they are declared, as text."""
        return [*self.values, *self.undocumented]


class Columns(tuple[Column, ...]):
    """The columns of the table, in its order."""

    __slots__ = ()

    @classmethod
    def from_json(cls, content: Iterable[Mapping[str, Any]]) -> "Columns":
        """The columns from dataset.yaml's list; keys that jobs have no use for are left out."""
        known = {item.name for item in fields(Column)}
        return cls(Column(**{k: v for k, v in entry.items() if k in known}) for entry in content)

    def having(self, *roles: str) -> list[Column]:
        """The columns of these roles, in the order of the table."""
        return [column for column in self if column.role in roles]

    @property
    def label(self) -> Column:
        """What the model predicts."""
        (label,) = self.having("label")
        return label

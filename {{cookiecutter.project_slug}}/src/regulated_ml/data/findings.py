"""What a check finds: a rule and the rows it is about, counted while batches pass by."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.data.state import State

if TYPE_CHECKING:
    import numpy.typing as npt

KEPT = 100_000  # row numbers of one finding; more are counted, not listed
EXAMPLES = 5  # different values of one finding


@dataclass(frozen=True)
class Finding:
    """One rule, and the rows that break it or are worth a remark."""

    column: str  # empty for a rule about whole rows
    rule: str
    count: int
    rows: tuple[int, ...]  # counted from 1, the first below the header; at most `KEPT`
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What a check found."""

    rows: int
    fingerprint: str  # empty where cells could not be read
    state: State
    violations: tuple[Finding, ...]
    remarks: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON."""
        return asdict(self)


class Tally:
    """The findings of one kind, in the order in which they first came up."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    def add(
        self,
        column: str,
        rule: str,
        rows: "npt.NDArray[np.int64]",
        examples: Iterable[object] = (),
    ) -> None:
        """Counts some more rows in; no rows, no finding."""
        if len(rows):
            self._entries.setdefault((column, rule), _Entry()).add(rows, examples)

    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return tuple(entry.finding(*key) for key, entry in self._entries.items())


def _shown(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


class _Entry:
    def __init__(self) -> None:
        self._count = 0
        self._rows: list[npt.NDArray[np.int64]] = []
        self._examples: dict[str, None] = {}

    def add(self, rows: "npt.NDArray[np.int64]", examples: Iterable[object]) -> None:
        self._rows.append(rows[: max(0, KEPT - self._count)])
        self._count += len(rows)
        for example in examples:
            if example is not None and len(self._examples) < EXAMPLES:
                self._examples.setdefault(_shown(example))

    def finding(self, column: str, rule: str) -> Finding:
        rows = tuple(np.concatenate(self._rows).tolist())
        return Finding(column, rule, self._count, rows, tuple(self._examples))

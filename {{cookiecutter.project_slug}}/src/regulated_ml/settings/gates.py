"""The gates of model.yaml: bounds that a model version keeps, or nobody can approve it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from regulated_ml.identifiers import Problem
from regulated_ml.settings.base import Section
from regulated_ml.settings.reading import did_you_mean

PLACE = "config/model.yaml: gates"

Bound = Annotated[float, Field(allow_inf_nan=False)]


class Gate(Section):
    """A metric of a version's records, and the bound that it keeps."""

    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
    at_least: Bound | None = None
    at_most: Bound | None = None

    @model_validator(mode="after")
    def _bounds(self) -> "Gate":
        if self.at_least is None and self.at_most is None:
            raise ValueError("at_least or at_most says what the metric must be")
        if None not in (self.at_least, self.at_most) and not self._is_within(self.at_least):
            raise ValueError("at_least is no more than at_most")
        return self

    @property
    def rule(self) -> str:
        """The bound in words."""
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)

    def holds(self, value: object) -> bool:
        """Whether a value of the metric keeps the bound; what is no number keeps none."""
        return isinstance(value, int | float) and self._is_within(value)

    def _is_within(self, value: float | None) -> bool:
        # Written so that NaN is within no bounds.
        return value is not None and (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
        )


def gate_problems(gates: Sequence[Gate], known: Collection[str]) -> Iterator[Problem]:
    """The gates whose metric is none of those that the steps report."""
    names = sorted(known)
    for number, gate in enumerate(gates, start=1):
        if gate.metric not in known:
            rule = f"the steps report the metrics {', '.join(names)}"
            fix = did_you_mean(gate.metric, names) or "name one of them"
            yield Problem(f"{PLACE}.{number}.metric", gate.metric, rule, fix)

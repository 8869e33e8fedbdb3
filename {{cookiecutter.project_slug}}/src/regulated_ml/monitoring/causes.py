"""Alerts: one for each cause, not one for each violation.

Violations of one column have one cause, whichever checks found them; and columns that have changed
for the same clients have one, too. What an alert says besides: how much, which clients, what became
of the scores, and what to do next.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.model import declined
from regulated_ml.monitoring import attribution, segments, violations
from regulated_ml.monitoring.distributions import Distribution
from regulated_ml.monitoring.observing import Sampled
from regulated_ml.monitoring.segments import Segment
from regulated_ml.monitoring.violations import Violation

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

TOGETHER = 0.5  # a correlation of two segments from here on: the same clients, one cause

# What to do next, by the checks of a cause; the first that is among them says it.
NEXT = {
    violations.MISSING: "Have the caller send the columns in the order of the model's features.",
    violations.EXTRA: "Have the caller send the columns in the order of the model's features.",
    violations.TYPE: "Ask who feeds the column what has changed in its source; until then, treat "
    "the decisions of these clients as open.",
    violations.CATEGORIES: "Ask who feeds the column what the new codes mean; then map them in "
    "features.py, or declare them in config/dataset.yaml and train anew.",
    violations.COMPLETENESS: "Ask who feeds the column why it is blank; the model scores these "
    "clients as if nothing were known.",
    violations.DRIFT: "Look at the source of the column first: a unit or a join that has changed "
    "is mended there. If the clients have changed, evaluate the model on them, and train anew.",
    violations.LESS: "Train on newer clients and evaluate: rml run; register and compare.",
    violations.BIAS: "Look at the decisions of the group one by one with whoever answers for "
    "fairness; evaluate the model on newer clients before it decides further.",
    violations.ATTRIBUTION: "Look at what drifted; if nothing did, compare the explanation of "
    "newer clients with that of the evaluation: rml explain.",
}


class Scores(NamedTuple):
    """What scores and decisions are like among some clients."""

    mean: float
    declined: float  # share

    @classmethod
    def of(cls, scores: "Array", threshold: float) -> "Scores | None":
        """Of the rows that have a score; None where none has."""
        known = scores[~np.isnan(scores)].astype(np.float64)
        if not len(known):
            return None
        return cls(float(known.mean()), float(declined(known, threshold).mean()))


@dataclass
class Alert:
    """A cause, and what a person has to know of it."""

    title: str
    columns: list[str]
    checks: list[str]
    how_much: list[str]  # a sentence for each violation
    clients: str
    scores: dict[str, Scores | None] = field(default_factory=dict)
    next: str = ""

    def as_json(self) -> dict[str, Any]:
        """The alert for a file, or for a program that is told of it."""
        scores = {name: each and each._asdict() for name, each in self.scores.items()}
        return {**vars(self), "scores": scores}


@dataclass(frozen=True)
class Setting:
    """What the violations are seen against."""

    baseline: Mapping[str, Distribution]
    window: Mapping[str, Distribution]
    features: Sequence[str]  # in the order of the sample's columns
    sample: Sampled
    before: Scores | None  # at the evaluation
    now: Scores | None
    threshold: float


def alerts(
    found: Sequence[Violation], setting: Setting, ranked: attribution.Compared | None
) -> list[Alert]:
    """The causes behind some violations, those of data first.

    Args:
        found: all violations of a run.
        setting: baseline, window and sample.
        ranked: how the weights of the features have changed, if they were compared.
    """
    by_column: dict[str, list[Violation]] = {}
    for each in found:
        if each.monitor == "data_quality":
            by_column.setdefault(each.column, []).append(each)
    made = [_of_columns(group, by_column, setting) for group in _groups(by_column, setting)]
    others = [each for each in found if each.monitor != "data_quality"]
    for each in [each for each in others if each.monitor == "attribution"]:
        if ranked and (cause := next((a for a in made if ranked.moved in a.columns), None)):
            # That a feature which has changed weighs otherwise is no cause of its own.
            cause.checks.append(each.check)
            cause.how_much.append(each.description)
            others.remove(each)
    made += _of_others(others, setting)
    for alert in made:
        alert.scores = {"before": setting.before, "now": setting.now, **alert.scores}
        alert.next = next(said for check, said in NEXT.items() if check in alert.checks)
    return made


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - 2} more"] if len(names) > 3 else []
    return ", ".join([*(names[:2] if more else names), *more])


class _Group(NamedTuple):
    columns: list[str]
    segments: list[Segment]  # of its columns, the one that has changed most first


def _groups(by_column: Mapping[str, Sequence[Violation]], setting: Setting) -> Iterator[_Group]:
    """Columns that have changed for the same clients, together."""
    found = {name: _segment(name, by_column[name], setting) for name in by_column}
    left = sorted(by_column, key=lambda name: -_growth(found[name]))
    while left:
        first = left.pop(0)
        own, columns = found[first], [first]
        there = [own] if own else []
        for name in list(left):
            other = found[name]
            if own and other and segments.overlap(own, other) >= TOGETHER:
                columns.append(name)
                there.append(other)
                left.remove(name)
        yield _Group(columns, there)


def _growth(segment: Segment | None) -> float:
    return segment.now - segment.before if segment else 0.0


def _segment(name: str, own: Sequence[Violation], setting: Setting) -> Segment | None:
    if name not in setting.features or name not in setting.baseline:
        return None
    values = setting.sample.values[:, list(setting.features).index(name)]
    by_missing = {each.check for each in own} == {violations.COMPLETENESS}
    return segments.grown(
        name, setting.baseline[name], setting.window[name], values, by_missing=by_missing
    )


def _of_columns(
    group: _Group, by_column: Mapping[str, Sequence[Violation]], setting: Setting
) -> Alert:
    own = [each for name in group.columns for each in by_column[name]]
    checks = list(dict.fromkeys(each.check for each in own))
    alert = Alert(
        title=f"{' and '.join(group.columns)} {_verb(group.columns, checks)}",
        columns=group.columns,
        checks=checks,
        how_much=[f"{each.column}: {each.description}" for each in own],
        clients="every client",
    )
    if group.segments:
        alert.clients = "; ".join(
            f"{each.words}: {each.now:.1%} of the clients, {each.before:.1%} before"
            for each in group.segments
        )
        scores = setting.sample.scores
        members = np.logical_or.reduce([each.members for each in group.segments])
        for name, rows in (("these", members), ("others", ~members)):
            alert.scores[name] = Scores.of(scores[rows], setting.threshold)
    return alert


def _verb(columns: Sequence[str], checks: Sequence[str]) -> str:
    is_one = len(columns) == 1 and columns[0] not in ("Missing columns", "Extra columns")
    if violations.MISSING in checks or violations.EXTRA in checks:
        return "in what is sent"
    if violations.DRIFT in checks:
        return "has drifted" if is_one else "have drifted together"
    return "breaks its constraints" if is_one else "break their constraints together"


def _of_others(others: Sequence[Violation], setting: Setting) -> Iterator[Alert]:
    """Causes that are no column's: the model is worse, a group fares worse, weights have moved."""
    by_cause: dict[tuple[str, str], list[Violation]] = {}
    for each in others:
        by_cause.setdefault((each.monitor, each.column), []).append(each)
    for (monitor, column), own in by_cause.items():
        metrics = _listed(list(dict.fromkeys(each.metric for each in own)))
        groups = " and ".join(dict.fromkeys(each.group for each in own))
        titles = {
            "model_quality": (f"The model is worse: {metrics}", "those whose labels are known"),
            "bias": (f"Decisions differ by {column}: {metrics}", f"{column} {groups}"),
            "attribution": ("Features weigh otherwise in the scores", "every client"),
        }
        title, clients = titles[monitor]
        yield Alert(
            title=title,
            columns=[column] if column else [],
            checks=list(dict.fromkeys(each.check for each in own)),
            how_much=[each.description for each in own],
            clients=clients,
        )

"""The four monitors on one window: what is compared, which constraints are broken, and why.

What needs no label is judged once, when the window is made; what needs labels, again whenever more
of them have arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.monitoring import attribution, bias, data_quality, model_quality
from regulated_ml.monitoring.bias import Bound
from regulated_ml.monitoring.causes import Alert, Scores, Setting, alerts
from regulated_ml.monitoring.constraints import Constraints
from regulated_ml.monitoring.counts import about
from regulated_ml.monitoring.distributions import Distribution
from regulated_ml.monitoring.drift import Drift, compare
from regulated_ml.monitoring.ground_truth import UNKNOWN, Labels
from regulated_ml.monitoring.model_quality import Sample
from regulated_ml.monitoring.observing import Observation, Sampled, fractions
from regulated_ml.monitoring.violations import Monitor, Violation
from regulated_ml.monitoring.windows import Window

if TYPE_CHECKING:
    import numpy.typing as npt

    from regulated_ml.jobs.groups import Attribute
    from regulated_ml.jobs.model import Model

    Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Evidence:
    """What a model version was like when it was approved."""

    features: tuple[str, ...]  # in the order in which the model reads them
    baseline: Mapping[str, Distribution]
    constraints: Constraints
    evaluation: Sample
    importance: Mapping[str, float]  # of each feature, by the explanation
    model: Callable[[], "Model"]


@dataclass(frozen=True)
class Limits:
    """What config/model.yaml says."""

    monitors: tuple[Monitor, ...]  # that are on
    false_alarm_rate: float
    tolerance: float
    ndcg_at_least: float
    bounds: Mapping[str, Bound]  # of the gates of fairness
    smallest_group: int
    confidence: float


class Protected(NamedTuple):
    """The protected attributes of those rows of a window whose client the table has."""

    rows: "Array"  # their positions in the window
    attributes: tuple["Attribute", ...]
    note: str = ""  # why there are none


@dataclass
class Judgement:
    """What the monitors found."""

    violations: list[Violation] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    drifts: list[Drift] = field(default_factory=list)
    metrics: list[model_quality.Compared] = field(default_factory=list)
    quality: dict[str, Any] | None = None  # statistics.json of the model quality
    fairness: list[bias.Found] = field(default_factory=list)
    ranking: attribution.Compared | None = None
    labelled: int = 0
    scores: dict[str, Scores | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        ranking = self.ranking and {**self.ranking._asdict(), "broken": self.ranking.broken}
        return {
            "violations": [each._asdict() for each in self.violations],
            "alerts": [each.as_json() for each in self.alerts],
            "notes": self.notes,
            "drift": [each._asdict() for each in self.drifts],
            "model_quality": [each._asdict() for each in self.metrics],
            "bias": [each._asdict() for each in self.fairness],
            "attribution": ranking,
            "labelled": self.labelled,
            "scores": {name: each and each._asdict() for name, each in self.scores.items()},
        }


def judge(
    window: Window,
    seen: Observation,
    labels: Labels,
    protected: Callable[["Array"], Protected],
    evidence: Evidence,
    limits: Limits,
) -> Judgement:
    """Judges a window.

    Args:
        window: the lines.
        seen: what was read of them.
        labels: all that have arrived.
        protected: looks rows up in the table, by the keys of their ids.
        evidence: of the version.
        limits: of the configuration.
    """
    found = Judgement(notes=list(about(seen.counts)))
    if "data_quality" in limits.monitors:
        _judge_data(found, window, seen, evidence, limits)
    if "attribution" in limits.monitors:
        _judge_ranking(found, seen, evidence, limits)
    judge_labels(found, seen.keys, seen.scores, labels, protected, evidence, limits)
    setting = _setting(seen, evidence)
    found.scores = {"before": setting.before, "now": setting.now}
    found.alerts = alerts(found.violations, setting, found.ranking)
    return found


def judge_again(
    keys: "Array",
    scores: "Array",
    labels: Labels,
    protected: Callable[["Array"], Protected],
    evidence: Evidence,
    limits: Limits,
) -> Judgement:
    """Judges an earlier window by labels that have come since; `scores` are those of its rows."""
    found = Judgement()
    judge_labels(found, keys, scores, labels, protected, evidence, limits)
    nothing = Sampled(np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
    before, now = _before(evidence), Scores.of(scores, evidence.evaluation.threshold)
    found.scores = {"before": before, "now": now}
    threshold = evidence.evaluation.threshold
    setting = Setting({}, {}, evidence.features, nothing, before, now, threshold)
    found.alerts = alerts(found.violations, setting, None)
    return found


def judge_labels(
    found: Judgement,
    keys: "Array",
    scores: "Array",
    labels: Labels,
    protected: Callable[["Array"], Protected],
    evidence: Evidence,
    limits: Limits,
) -> None:
    """Model quality and bias, as far as labels and clients are known."""
    scored = np.flatnonzero(~np.isnan(scores))
    own = labels.of(keys[scored])
    found.labelled = int((own != UNKNOWN).sum())
    if "model_quality" in limits.monitors:
        _judge_quality(found, own, scores[scored], evidence, limits)
    if "bias" in limits.monitors and len(scored):
        there = protected(keys[scored])
        if there.note:
            found.notes.append(there.note)
            return
        clients = bias.Clients(own[there.rows], scores[scored][there.rows], there.attributes)
        threshold = evidence.evaluation.threshold
        found.fairness = bias.measure(
            clients, limits.bounds, threshold, limits.confidence, limits.smallest_group
        )
        found.violations += bias.check(found.fairness)


def _judge_data(
    found: Judgement, window: Window, seen: Observation, evidence: Evidence, limits: Limits
) -> None:
    masked = frozenset(seen.counts.masked)
    if not seen.counts.rows:
        if seen.counts.widths:
            shown = data_quality.Observed({}, {}, [], seen.counts.widths)
            found.violations += data_quality.check(evidence.constraints, shown)
        return
    kept = {name: each for name, each in evidence.baseline.items() if name not in masked}
    there = {name: each for name, each in seen.columns.items() if name in kept}
    found.drifts = compare(kept, there, limits.false_alarm_rate)
    untested = [each for each in found.drifts if "too few" in each.note]
    if untested:
        found.notes.append(f"drift of {len(untested)} columns is not tested: {untested[0].note}")
    whole = fractions(window, data_quality.whole_columns(evidence.constraints, there))
    shown = data_quality.Observed(there, whole, found.drifts, seen.counts.widths, masked)
    found.violations += data_quality.check(evidence.constraints, shown)


def _judge_ranking(found: Judgement, seen: Observation, evidence: Evidence, limits: Limits) -> None:
    if seen.counts.masked:
        names = ", ".join(seen.counts.masked)
        found.notes.append(f"scores cannot be explained, since these are not kept: {names}")
        return
    rows = len(seen.sample.scores)
    if rows < attribution.LEAST:
        if rows:
            said = f"{rows} rows are too few to rank features by; {attribution.LEAST} are needed"
            found.notes.append(said)
        return
    now = attribution.importance(evidence.model(), seen.sample.values)
    score = attribution.ndcg(evidence.importance, now)
    found.ranking = attribution.Compared(
        score, evidence.importance, now, rows, limits.ndcg_at_least
    )
    found.violations += attribution.check(found.ranking)


def _judge_quality(
    found: Judgement, labels: "Array", scores: "Array", evidence: Evidence, limits: Limits
) -> None:
    known = labels != UNKNOWN
    if not known.any():
        return
    window = Sample(labels[known], scores[known], evidence.evaluation.threshold)
    found.quality = model_quality.statistics(window, {}, limits.confidence)
    found.metrics = model_quality.compare(
        evidence.evaluation, window, limits.false_alarm_rate, limits.tolerance
    )
    if not found.metrics:
        said = f"labels of {int(known.sum())} rows are too few to compare metrics"
        found.notes.append(said)
    found.violations += model_quality.check(found.metrics, limits.tolerance)


def _before(evidence: Evidence) -> Scores | None:
    return Scores.of(evidence.evaluation.scores, evidence.evaluation.threshold)


def _setting(seen: Observation, evidence: Evidence) -> Setting:
    threshold = evidence.evaluation.threshold
    return Setting(
        baseline=evidence.baseline,
        window=seen.columns,
        features=evidence.features,
        sample=seen.sample,
        before=_before(evidence),
        now=Scores.of(seen.scores, threshold),
        threshold=threshold,
    )

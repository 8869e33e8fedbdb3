"""Content of a site as the jobs and records would write it, made from a seed, with any names."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from regulated_ml.jobs import fairness, proxies, sensitivity, stability
from regulated_ml.jobs.columns import Column
from regulated_ml.jobs.drawing import Drawn
from regulated_ml.jobs.fairness import Decided
from regulated_ml.jobs.features import Feature, Layout
from regulated_ml.jobs.group_reasons import GroupCounts
from regulated_ml.jobs.groups import Attribute
from regulated_ml.jobs.matrices import Block
from regulated_ml.jobs.reasons import choose
from regulated_ml.jobs.sensitivity import Probe
from regulated_ml.jobs.stability import Compared
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.words import ColumnWords, Vocabulary

NAMES = ("PAY_0", "LIMIT_BAL", "BILL_AMT1", "PAY_AMT1", "EDUCATION")
GROUPS = Column("SEX", "category", "protected", "sex")
Json = dict[str, Any]


def site(names: Sequence[str] = NAMES, state: str = "synthetic", **changes: Any) -> SiteInput:
    """A whole site; `changes` replace fields of `SiteInput`."""
    rng = np.random.default_rng(7)
    values = rng.integers(-2, 9, (400, len(names))).astype(float)
    pushes = (values - values.mean(0)) * np.linspace(0.3, 0.02, len(names))
    score = 1 / (1 + np.exp(1.2 - pushes.sum(1)))
    label = (rng.random(400) < score).astype(int)
    whole = SiteInput(
        project_name="Early warning",
        owner="Retail risk",
        classification="confidential",
        environment="local",
        data=data(state),
        records=[record(step, state) for step in ("prepare", "train", "evaluate", "explain")],
        description=description(names, values, label),
        check=check(names[0]),
        training=training(),
        evaluation=evaluation(score, label),
        **validation(names, values, score, label),
        explanation=explanation(names, values, pushes, score),
        vocabulary=Vocabulary(
            "defaulted",
            {name: words(name) for name in names} | {GROUPS.name: ColumnWords("protected", "sex")},
        ),
    )
    return dataclasses.replace(whole, **changes)


def words(name: str) -> ColumnWords:
    """What a column means."""
    return ColumnWords(description=f"meaning of {name}", unit="NT$", values={2: "two months late"})


def data(state: str) -> Json:
    """The table of the site."""
    return {"name": "clients", "state": state, "rows": 400, "fingerprint": "ab" * 32,
            "license": "CC BY 4.0", "citation": "Someone (2009)"}  # fmt: skip


def record(step: str, state: str, **changes: Any) -> Json:
    """What the pages read of a run's record."""
    return {
        "id": f"{step}-20261124-091203-9f3e01",
        "step": step,
        "started": "2026-11-24T09:12:03+00:00",
        "seconds": 2.97,
        "commit": {"sha": "3bb069d2f1c84e0a", "dirty": False, "note": ""},
        "data": {"state": state},
        "warnings": [],
        **changes,
    }


def description(names: Sequence[str], values: Any, label: Any) -> Json:
    """The shape of `regulated_ml.data.describe`."""
    columns = [_column(name, values[:, place], label) for place, name in enumerate(names)]
    matrix = np.corrcoef(values, rowvar=False).reshape(len(names), len(names))
    return {
        "rows": len(label),
        "label": {"name": "label", "positive": 1, "rate": float(label.mean())},
        "columns": columns,
        "correlations": {"columns": list(names), "matrix": matrix.tolist(), "rows": len(label)},
    }


def _column(name: str, values: Any, label: Any) -> Json:
    groups = [
        {"text": f"{low} to {low + 1}", "low": low, "high": low + 1, "rows": int(inside.sum()),
         "share": float(inside.mean()), "label_rate": float(label[inside].mean())}
        for low in range(-2, 9, 2)
        for inside in [(values >= low) & (values <= low + 1)]
    ]  # fmt: skip
    return {
        "name": name, "type": "integer", "role": "feature", "missing": 0, "median": 3.0,
        "mean": 3.0, "minimum": -2.0, "maximum": 8.0, "quantiles": {"0.01": -2.0, "0.99": 8.0},
        "groups": groups,
    }  # fmt: skip


def check(column: str) -> Json:
    """The shape of `regulated_ml.data.schema`."""
    remark = {"column": column, "rule": "code 0: not documented", "count": 14, "rows": [3],
              "examples": ["0"]}  # fmt: skip
    return {"rows": 400, "violations": [], "remarks": [remark]}


def training() -> Json:
    """The shape of training.json."""
    rounds = np.arange(30)
    history = {"train": 0.8 - 0.1 / (rounds + 1), "validation": 0.77 - 0.08 / (rounds + 1)}
    return {"rounds": 30, "kept_rounds": 30, "best_round": 30, "metric": "auc",
            "history": {name: values.tolist() for name, values in history.items()}}  # fmt: skip


def evaluation(score: Any, label: Any) -> Json:
    """The shape of evaluation.json."""
    auc = {"value": 0.772, "low": 0.757, "high": 0.787, "confidence": 0.95, "method": "DeLong"}
    metrics = {
        "gini": 0.544,
        "ks": {"value": 0.42, "score": 0.25},
        "brier": 0.136,
        "log_loss": 0.43,
    }
    edges = np.linspace(0, 1, 11)
    counts = {name: np.histogram(score[label == code], edges)[0].tolist()
              for name, code in (("positive", 1), ("negative", 0))}  # fmt: skip
    tenths = np.array_split(np.argsort(score), 10)
    curve = np.linspace(0, 1, 25)
    return {
        "rows": len(label), "positives": int(label.sum()), "label_rate": float(label.mean()),
        "sample": "test", "auc": auc, "average_precision": 0.54, **metrics,
        "calibration": [_bin(score[part], label[part]) for part in tenths],
        "bands": [_band(n, score[part], label[part], 400) for n, part in enumerate(tenths, 1)],
        "thresholds": [_threshold(t / 20, score, label) for t in range(1, 20)],
        "chosen_threshold": 0.5, "cheapest_threshold": 0.15,
        "roc": [{"fpr": float(x), "tpr": float(x**0.4)} for x in curve],
        "precision_recall": [{"recall": float(x), "precision": float(1 - 0.7 * x)} for x in curve],
        "score_histogram": {"edges": edges.tolist(), **counts},
        "challenger": {
            "name": "logistic regression",
            "auc": {**auc, "value": 0.705, "low": 0.69, "high": 0.72}, **metrics,
            "auc_difference": {"value": 0.067, "low": 0.05, "high": 0.08, "p_value": 1e-9},
        },
    }  # fmt: skip


def _bin(score: Any, label: Any) -> Json:
    rate = float(label.mean())
    return {"low": float(score.min()), "high": float(score.max()), "rows": len(label),
            "predicted": float(score.mean()), "observed": rate,
            "observed_low": max(0, rate - 0.1), "observed_high": min(1, rate + 0.1)}  # fmt: skip


def _band(number: int, score: Any, label: Any, rows: int) -> Json:
    return {"band": number, "low": float(score.min()), "high": float(score.max()),
            "rows": len(label), "share": len(label) / rows, "defaults": int(label.sum()),
            "default_rate": float(label.mean())}  # fmt: skip


def _threshold(threshold: float, score: Any, label: Any) -> Json:
    flagged = score >= threshold
    right, wrong = int((flagged & (label == 1)).sum()), int((flagged & (label == 0)).sum())
    missed = int(label.sum()) - right
    return {
        "threshold": threshold, "flagged": int(flagged.sum()), "true_positives": right,
        "false_positives": wrong, "false_negatives": missed,
        "true_negatives": len(label) - right - wrong - missed,
        "precision": right / (right + wrong) if right + wrong else None,
        "recall": right / max(label.sum(), 1), "false_positive_rate": wrong / (label == 0).sum(),
        "cost": wrong + 5.0 * missed,
    }  # fmt: skip


def attribute(rows: int) -> Attribute:
    """Two groups that are large enough, and one that is not."""
    places = np.where(np.arange(rows) < 9, 2, np.arange(rows) % 2)
    return Attribute(GROUPS, ("female", "male & <other>", "unknown"), places)


class Scorer:
    """Stands for a model: a row's score rises with its first feature."""

    def __init__(self, names: Sequence[str]) -> None:
        features = [Feature(name, "integer", int(place == 0), f"meaning of {name}")
                    for place, name in enumerate(names)]  # fmt: skip
        self.layout = Layout("label", tuple(features))

    def scores_of(self, values: Any) -> Any:
        """The score of each row."""
        return (1 / (1 + np.exp(2 - values[:, 0] / 2))).astype(np.float32)


def validation(names: Sequence[str], values: Any, score: Any, label: Any) -> Json:
    """What the job finds out about these scores beyond evaluation.json."""
    parameters = {"threshold": 0.5, "confidence": 0.95, "seed": 0, "sample": "test",
                  "fairness": {"smallest_group": 50}}  # fmt: skip
    drawn = Drawn(np.arange(len(label)), Block(values.astype(np.float32), label))
    rows, groups = Decided.by(label, score, 0.5), attribute(len(label))
    model: Any = Scorer(names)
    told = proxies.search(model.layout, drawn, drawn, [(groups, groups)], parameters)
    compared = Compared(model.layout.features, drawn, score, drawn, rows,
                        groups._replace(groups=("2025", "2026", "2027")))  # fmt: skip
    return {
        "fairness": fairness.content(rows, [groups], parameters, told),
        "stability": stability.content(compared, parameters),
        "sensitivity": sensitivity.content(Probe.of(model, drawn, drawn, parameters), parameters),
    }


def _reasons_by_group(names: Sequence[str], pushes: Any, score: Any) -> list[Json]:
    features = [Feature(name, reason=f"The reason | of {name}") for name in names]
    counts = GroupCounts([attribute(len(score))], features)
    declined = np.flatnonzero(score >= 0.5)
    counts.add(declined, choose(pushes[declined], features, 3))
    return counts.content(0.95, 50)


def explanation(names: Sequence[str], values: Any, pushes: Any, score: Any) -> Json:
    """The shape of explanation.json."""
    means = np.abs(pushes).mean(0)
    features = [
        {"name": name, "description": f"meaning of {name}", "mean_absolute": float(means[place]),
         "mean": float(pushes[:, place].mean()), "share": float(means[place] / means.sum()),
         "gain": 3.2, "direction": "raises"}
        for place, name in enumerate(names)
    ]  # fmt: skip
    declined = int((score >= 0.5).sum())
    return {
        "rows": len(score), "base_value": -1.2, "features": features, "declined": declined,
        "additivity": {"largest_error": 1.5e-6, "tolerance": 1e-4, "rows_checked": len(score)},
        "dependence": {name: _cloud(values[:, place], pushes[:, place])
                       for place, name in enumerate(names[:3])},
        "beeswarm": {"sample": len(score), "features": list(names), "values": values.tolist(),
                     "contributions": pushes.tolist()},
        "clients": [_client(names, values[row], pushes[row], float(score[row]), row + 1234567)
                    for row in (int(score.argmax()), int(score.argmin()))],
        "reasons_by_group": _reasons_by_group(names, pushes, score),
        "reason_frequency": [{"feature": names[0], "text": "The latest payment was late",
                              "clients": declined, "share": 1.0}],
    }  # fmt: skip


def _cloud(values: Any, pushes: Any) -> Json:
    return {"values": values.tolist(), "contributions": pushes.tolist(), "codes": []}


def _client(names: Sequence[str], values: Any, pushes: Any, score: float, row: int) -> Json:
    declined = score >= 0.5
    reason = {"feature": names[0], "text": "The latest payment was late", "contribution": 1.0}
    return {
        "row": row, "score": score, "decision": "declined" if declined else "accepted",
        "base_value": -1.2, "reasons": [reason] if declined else [],
        "contributions": [{"feature": name, "value": float(value), "contribution": float(push)}
                          for name, value, push in zip(names, values, pushes, strict=True)],
    }  # fmt: skip

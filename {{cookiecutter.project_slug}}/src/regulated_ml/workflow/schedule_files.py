"""The files that Model Monitor's definitions name, made of the evidence of a version.

Forms: SageMaker Developer Guide, "Model quality metrics" and "Analysis Configuration Files". What
Clarify has from its analysis of the training rows is made of our own evaluation and explanation.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regulated_ml.files import write_json, write_text
from regulated_ml.jobs import auc
from regulated_ml.monitoring.bias import DEFAULT, MEASURES, Bound
from regulated_ml.monitoring.judging import Limits
from regulated_ml.monitoring.model_quality import METRICS, Sample
from regulated_ml.platforms.sagemaker import monitors, record_preprocessor
from regulated_ml.settings import Settings
from regulated_ml.settings.models import Column
from regulated_ml.workflow.watched import Watched

NAMES = "FEATURES: list[str] = []"  # the line of the preprocessor that names stand in


def facets(settings: Settings, seen: Watched) -> list[Column]:
    """The protected attributes that requests hold."""
    return [each for each in settings.dataset.protected if each.name in seen.evidence.features]


def write(settings: Settings, seen: Watched, bounds: Limits, model: str, folder: Path) -> None:
    """Writes every file that definitions name."""
    seen.baseline.write(folder)
    features = list(seen.evidence.features)
    source = Path(record_preprocessor.__file__).read_text(encoding="utf-8")
    named = source.replace(NAMES, f"FEATURES: list[str] = {json.dumps(features)}")
    write_text(folder / monitors.PREPROCESSOR, named)
    content: dict[str, Any] = {
        "model_quality_constraints": _quality(
            seen.evidence.evaluation, settings.model.evaluation.confidence
        ),
        "bias_config": _bias_config(settings, seen),
        "bias_constraints": _bias_constraints(settings, seen, bounds),
        "attribution_config": _attribution_config(settings, seen, model),
        "attribution_constraints": _attribution_constraints(seen.evidence.importance),
    }
    for name, each in content.items():
        write_json(folder / f"{name}.json", each)


def _quality(evaluation: Sample, confidence: float) -> dict[str, Any]:
    """The lower ends of the evaluation's intervals: AWS's analyser knows no chance of its own.

    The form: Developer Guide, "Model quality metrics", constraints of binary classification.
    """
    lowest = {name: share.limits(confidence)[0] for name, share in evaluation.shares.items()}
    if placements := evaluation.placements:
        lowest["auc"] = auc.interval(placements, confidence)["low"]
    return {
        "version": 0.0,
        "binary_classification_constraints": {
            name: {"threshold": round(lowest[name], 6), "comparison_operator": operator}
            for name, operator in METRICS.items()
            if name in lowest
        },
    }


def _config(seen: Watched) -> dict[str, Any]:
    """What both analyses of Clarify are told: Developer Guide, "Analysis Configuration Files"."""
    return {"dataset_type": "text/csv", "headers": list(seen.evidence.features)}


def _bias_config(settings: Settings, seen: Watched) -> dict[str, Any]:
    return {
        **_config(seen),
        "label_values_or_threshold": [1],
        "probability_threshold": settings.model.evaluation.threshold,
        "facet": [{"name_or_index": each.name} for each in facets(settings, seen)],
        "methods": {"post_training_bias": {"methods": [each.clarify for each in MEASURES]}},
    }


def _bias_constraints(settings: Settings, seen: Watched, bounds: Limits) -> dict[str, Any]:
    """The gates of fairness, where Clarify has what its analysis of the training rows found."""
    kept = {**DEFAULT, **bounds.bounds}
    values = [
        {"name": each.clarify, "value": value}
        for each in MEASURES
        if (value := _bound(kept.get(each.gate))) is not None
    ]
    held = {
        column.name: [
            {"value_or_threshold": str(code), "metrics": values} for code in column.values
        ]
        for column in facets(settings, seen)
    }
    label = settings.dataset.label.name
    found = {"label": label, "label_value_or_threshold": "1", "facets": held}
    return {"version": "1.0", "post_training_bias_metrics": found}


def _bound(bound: Bound | None) -> float | None:
    if bound is None:
        return None
    return bound.at_least if bound.at_least is not None else bound.at_most


def _attribution_config(settings: Settings, seen: Watched, model: str) -> dict[str, Any]:
    usual = [
        each.mean if each.kind == "number" else 0.0 for each in seen.evidence.baseline.values()
    ]
    shap = {"baseline": [usual], "num_samples": 100, "agg_method": "mean_abs"}
    machine = settings.model.endpoint.instance.type
    predictor = {"model_name": model, "instance_type": machine, "initial_instance_count": 1}
    kinds = {"accept_type": "text/csv", "content_type": "text/csv"}
    return {**_config(seen), "methods": {"shap": shap}, "predictor": {**predictor, **kinds}}


def _commonest(counts: Mapping[str, int]) -> float:
    """The code of most rows; categories are numbers where the model reads them."""
    return float(max(counts, key=lambda code: counts[code])) if counts else 0.0


def _attribution_constraints(importance: Mapping[str, float]) -> dict[str, Any]:
    """The mean size of each contribution at the explanation, as Clarify's analysis.json has it."""
    found = {"label0": {"global_shap_values": dict(importance)}}
    return {"version": "1.0", "explanations": {"kernel_shap": found}}

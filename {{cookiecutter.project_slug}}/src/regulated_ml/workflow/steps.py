"""The steps from data to explanation, as rows: what each reads, is told and reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.settings import Settings


class Input(NamedTuple):
    """A channel of a job, and the artefact of an earlier step that it is given."""

    channel: str
    step: str
    path: str


class Metric(NamedTuple):
    """A number of the record: its name, and where the job wrote it."""

    name: str
    file: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A row of the workflow."""

    name: str
    module: str  # whose module of model.yaml it runs
    kind: Literal["processing", "training"]
    title: str
    inputs: tuple[Input, ...]
    parameters: Callable[[Settings], dict[str, Any]]
    metrics: tuple[Metric, ...]
    resumes: bool = False  # whether its job goes on from what a killed one has left

    @property
    def parents(self) -> tuple[str, ...]:
        """The steps whose artefacts this one reads, each once, in order."""
        return tuple(dict.fromkeys(item.step for item in self.inputs))


def _prepare_parameters(settings: Settings) -> dict[str, Any]:
    return {
        "dataset": settings.dataset.model_dump(mode="json"),
        "split": settings.model.split.model_dump(mode="json"),
    }


def _sample_parameters(settings: Settings) -> dict[str, Any]:
    return {"dataset": settings.dataset.model_dump(mode="json"), "split": {"sample": True}}


def _train_parameters(settings: Settings) -> dict[str, Any]:
    training = settings.model.training.model_dump(mode="json")
    return {**training.pop("hyperparameters"), **training}


def _evaluate_parameters(settings: Settings) -> dict[str, Any]:
    return {
        **settings.model.evaluation.model_dump(mode="json"),
        "seed": settings.model.split.seed,
        "sample": "test",
        "own_sample": False,
        "fairness": settings.model.fairness.model_dump(mode="json"),
        # Those by which rows are grouped; what features mean is known from the model.
        "columns": [
            column.model_dump(mode="json")
            for column in settings.dataset.columns
            if column.role in ("protected", "time")
        ],
    }


def _explain_parameters(settings: Settings) -> dict[str, Any]:
    return {
        **settings.model.explanation.model_dump(mode="json"),
        "show_identifiers": settings.model.report.show_identifiers,
        "threshold": settings.model.evaluation.threshold,
        "confidence": settings.model.evaluation.confidence,
        "fairness": settings.model.fairness.model_dump(mode="json"),
        "seed": settings.model.split.seed,
        "columns": [column.model_dump(mode="json") for column in settings.dataset.columns],
    }


def _score_parameters(settings: Settings) -> dict[str, Any]:
    return {
        "columns": [column.model_dump(mode="json") for column in settings.dataset.columns],
        "missing_values": list(settings.dataset.missing_values),
        "features": f"{settings.project.package_name}.features",
        "threshold": settings.model.evaluation.threshold,
        "reason_codes": 0,
        "keep_features": False,
        "form": "csv",
    }


_EVALUATION, _EXPLANATION = "evaluation/evaluation.json", "explanation/explanation.json"
_FAIRNESS, _STABILITY = "evaluation/fairness.json", "evaluation/stability.json"
_SENSITIVITY = "evaluation/sensitivity.json"
_MODEL = Input(f"model/{MODEL_ARCHIVE}", "train", MODEL_ARCHIVE)

STEPS = (
    Step(
        "prepare",
        "prepare",
        "processing",
        "preparing the rows",
        (),
        _prepare_parameters,
        (
            Metric("train_rows", "summary/summary.json", ("splits", "train", "rows")),
            Metric("test_rows", "summary/summary.json", ("splits", "test", "rows")),
        ),
    ),
    Step(
        "train",
        "train",
        "training",
        "training the model",
        (Input("train", "prepare", "train"), Input("validation", "prepare", "validation")),
        _train_parameters,
        (
            Metric("rounds", "training.json", ("rounds",)),
            Metric("kept_rounds", "training.json", ("kept_rounds",)),
            Metric("best_round", "training.json", ("best_round",)),
        ),
        resumes=True,
    ),
    Step(
        "evaluate",
        "evaluate",
        "processing",
        "evaluating the model",
        (_MODEL, Input("train", "prepare", "train"), Input("test", "prepare", "test")),
        _evaluate_parameters,
        (
            Metric("auc", _EVALUATION, ("auc", "value")),
            Metric("auc_low", _EVALUATION, ("auc", "low")),
            Metric("auc_high", _EVALUATION, ("auc", "high")),
            Metric("gini", _EVALUATION, ("gini",)),
            Metric("ks", _EVALUATION, ("ks", "value")),
            Metric("average_precision", _EVALUATION, ("average_precision",)),
            Metric("brier", _EVALUATION, ("brier",)),
            Metric("log_loss", _EVALUATION, ("log_loss",)),
            Metric("challenger_auc", _EVALUATION, ("challenger", "auc", "value")),
            *(
                Metric(name, _FAIRNESS, ("summary", name, "value"))
                for name in (
                    "selection_ratio_lowest",
                    "tpr_gap_largest",
                    "fpr_gap_largest",
                    "calibration_gap_largest",
                    "proxy_auc_largest",
                )
            ),
            Metric("psi_scores", _STABILITY, ("scores", "psi", "value")),
            Metric("auc_drop", _STABILITY, ("auc", "drop", "value")),
            Metric("monotone_violations", _SENSITIVITY, ("monotone", "violations")),
        ),
    ),
    Step(
        "explain",
        "explain",
        "processing",
        "explaining the scores",
        (_MODEL, Input("test", "prepare", "test")),
        _explain_parameters,
        (
            Metric("largest_error", _EXPLANATION, ("additivity", "largest_error")),
            Metric("declined", _EXPLANATION, ("declined",)),
        ),
    ),
)
# A validator's own sample: all its rows are prepared as the test rows are.
SAMPLE = Step(
    "sample",
    "prepare",
    "processing",
    "preparing the sample",
    (),
    _sample_parameters,
    (Metric("test_rows", "summary/summary.json", ("splits", "test", "rows")),),
)
# A portfolio of clients, scored by a version of the model.
SCORE = Step(
    "score",
    "score",
    "processing",
    "scoring the rows",
    (_MODEL,),
    _score_parameters,
    (
        Metric("rows", "scores/summary.json", ("rows",)),
        Metric("declined", "scores/summary.json", ("declined",)),
        Metric("mean_score", "scores/summary.json", ("mean_score",)),
    ),
    resumes=True,
)
STEP = {step.name: step for step in (*STEPS, SAMPLE, SCORE)}

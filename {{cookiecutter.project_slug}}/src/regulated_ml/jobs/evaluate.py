"""Evaluate: a model and rows it has not seen in, metrics out (a processing job)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from regulated_ml.jobs import auc, challenger, contract, metrics, parquet
from regulated_ml.jobs.matrices import SampleFile
from regulated_ml.jobs.model import Model

if TYPE_CHECKING:
    import numpy.typing as npt

LEAST = 2  # rows of either label: fewer have no variance


class Scored(NamedTuple):
    """The rows of a sample with their scores."""

    labels: "npt.NDArray[np.int8]"
    scores: "npt.NDArray[np.float32]"
    rival: "npt.NDArray[np.float64]"  # the challenger's scores


def main() -> None:
    """Scores the sample with model and challenger, writes evaluation.json and scores.parquet."""
    parameters = contract.parameters()
    contract.progress("evaluate", 0, 3, "fitting the challenger")
    model = Model.load(contract.processing_input("model"))
    train = SampleFile(contract.processing_input("train"), model.layout)
    test = SampleFile(contract.processing_input("test"), model.layout)
    rival = challenger.fit(train, parameters["seed"])
    contract.progress("evaluate", 1, 3, "scoring")
    scored = _scored(model, rival, test)
    _check(scored.labels)
    contract.progress("evaluate", 2, 3, "measuring")
    folder = contract.processing_output("evaluation")
    contract.write_json(folder / "evaluation.json", evaluation(scored, parameters))
    rows = np.arange(1, len(scored.labels) + 1)
    columns = {"row": rows, "label": scored.labels, "score": scored.scores}
    parquet.write(folder / "scores.parquet", pa.table(columns))
    contract.progress("evaluate", 3, 3)


def evaluation(scored: Scored, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The content of evaluation.json."""
    labels, scores = scored.labels, scored.scores.astype(np.float64)
    confidence = parameters["confidence"]
    champion, rival = (auc.placements(labels, found) for found in (scores, scored.rival))
    found = metrics.curve(labels, scores)
    return {
        "sample": parameters["sample"],
        # Whether the rows are a validator's own, which the model may have been trained on.
        "own_sample": parameters.get("own_sample", False),
        "rows": len(labels),
        "positives": found.positives,
        "label_rate": found.positives / len(labels),
        **_headline(labels, scores, confidence),
        "calibration": metrics.calibration(labels, scores, confidence),
        **metrics.thresholds(found, parameters["threshold"], parameters["costs"]),
        "bands": metrics.bands(labels, scores, parameters["score_bands"]),
        "roc": metrics.roc(found),
        "precision_recall": metrics.precision_recall(found),
        "score_histogram": metrics.histogram(labels, scores),
        "challenger": {
            "name": challenger.NAME,
            **_headline(labels, scored.rival, confidence),
            "auc_difference": auc.difference(champion, rival, confidence),
        },
    }


def _headline(
    labels: "npt.NDArray[Any]", scores: "npt.NDArray[np.float64]", confidence: float
) -> dict[str, Any]:
    """The metrics by which two models are compared."""
    found = metrics.curve(labels, scores)
    area = auc.interval(auc.placements(labels, scores), confidence)
    return {
        "auc": area,
        "gini": 2 * area["value"] - 1,
        "ks": metrics.ks(found),
        "average_precision": metrics.average_precision(found),
        "brier": metrics.brier(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
    }


def _scored(model: Model, rival: Any, sample: SampleFile) -> Scored:
    parts = []
    for done, (block, matrix) in enumerate(model.blocks(sample)):
        contract.progress("evaluate", 1, 3, f"scoring, part {done + 1} of {sample.blocks}")
        labels = block.labels.astype(np.int8)
        parts.append((labels, model.scores(matrix), challenger.scores(rival, block)))
    return Scored(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _check(labels: "npt.NDArray[np.int8]") -> None:
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) < LEAST:
        raise contract.JobError(
            f"the sample has {positives} positive rows among {len(labels)}; a model can be judged "
            f"on {LEAST} or more rows of either label"
        )


if __name__ == "__main__":
    contract.run(main)

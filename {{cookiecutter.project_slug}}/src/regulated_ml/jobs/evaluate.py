"""Evaluate: a model and rows it has not seen in, metrics out (a processing job)."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from regulated_ml.jobs import (
    auc,
    challenger,
    contract,
    fairness,
    groups,
    metrics,
    parquet,
    proxies,
    sensitivity,
    stability,
)
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.drawing import Drawn, draw
from regulated_ml.jobs.fairness import Decided
from regulated_ml.jobs.matrices import SampleFile
from regulated_ml.jobs.model import Model
from regulated_ml.jobs.sensitivity import Probe
from regulated_ml.jobs.stability import Compared

if TYPE_CHECKING:
    import numpy.typing as npt

PARTS = 6  # of the work, for its progress
LEAST = 2  # rows of either label: fewer have no variance


class Scored(NamedTuple):
    """The rows of a sample with their scores."""

    labels: "npt.NDArray[np.int8]"
    scores: "npt.NDArray[np.float32]"
    rival: "npt.NDArray[np.float64]"  # the challenger's scores


def main() -> None:
    """Scores the sample with model and challenger, and writes what was found about the scores.

    evaluation.json, fairness.json, stability.json and sensitivity.json, and scores.parquet.
    """
    parameters = contract.parameters()
    contract.progress("evaluate", 0, PARTS, "fitting the challenger")
    model = Model.load(contract.processing_input("model"))
    train = SampleFile(contract.processing_input("train"), model.layout)
    test = SampleFile(contract.processing_input("test"), model.layout)
    learnt = draw(train, parameters["seed"])
    rival = challenger.fit(model.layout, learnt.block)
    contract.progress("evaluate", 1, PARTS, "scoring")
    scored = _scored(model, rival, test)
    _check(scored.labels)
    contract.progress("evaluate", 2, PARTS, "measuring")
    folder = contract.processing_output("evaluation")
    contract.write_json(folder / "evaluation.json", evaluation(scored, parameters))
    rows = np.arange(1, len(scored.labels) + 1)
    columns = {"row": rows, "label": scored.labels, "score": scored.scores}
    parquet.write(folder / "scores.parquet", pa.table(columns))
    for name, content in _further(model, learnt, test, scored, parameters):
        contract.write_json(folder / f"{name}.json", content)
    contract.progress("evaluate", PARTS, PARTS)


def _further(
    model: Model, learnt: Drawn, test: SampleFile, scored: Scored, parameters: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What validation asks beyond the figures of all rows, by the name of its file."""
    drawn = draw(test, parameters["seed"])
    rows = Decided.by(scored.labels, scored.scores, parameters["threshold"])
    contract.progress("evaluate", 3, PARTS, "comparing groups")
    yield "fairness", _fairness(model, learnt, drawn, rows, parameters)
    contract.progress("evaluate", 4, PARTS, "comparing samples and segments")
    periods = _periods(Columns.from_json(parameters["columns"]))
    train_scores = model.scores_of(learnt.block.values)
    compared = Compared(model.layout.features, learnt, train_scores, drawn, rows, periods)
    yield "stability", stability.content(compared, parameters)
    contract.progress("evaluate", 5, PARTS, "moving features")
    probe = Probe.of(model, learnt, drawn, parameters)
    yield "sensitivity", sensitivity.content(probe, parameters)


def _fairness(
    model: Model, learnt: Drawn, drawn: Drawn, rows: Decided, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of fairness.json."""
    train, test = (contract.processing_input(name) for name in ("train", "test"))
    protected = groups.measured(test, Columns.from_json(parameters["columns"]).having("protected"))
    bands = groups.edges(test, protected, parameters["fairness"]["bands"])
    known, own = (groups.attributes(sample, protected, bands) for sample in (train, test))
    pairs = [
        groups.paired(one.take(learnt.rows), other.take(drawn.rows))
        for one, other in zip(known, own, strict=True)
    ]
    told = proxies.search(model.layout, learnt, drawn, pairs, parameters)
    return fairness.content(rows, own, parameters, told)


def _periods(columns: Columns) -> groups.Attribute | None:
    """The test rows in periods, where the table has a time."""
    test = contract.processing_input("test")
    return groups.periods(test, groups.measured(test, columns.having("time")))


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
        contract.progress("evaluate", 1, PARTS, f"scoring, part {done + 1} of {sample.blocks}")
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

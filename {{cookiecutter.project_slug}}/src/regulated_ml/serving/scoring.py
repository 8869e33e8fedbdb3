"""What an endpoint answers: scores as the managed container prints them, and why, if asked."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs.model import Model
from regulated_ml.serving.rows import RefusedError

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

CSV, JSON = "text/csv; charset=utf-8", "application/json"


FEW = 256  # rows; so many are scored sooner by one thread than others can be woken up


class Scorer:
    """A model that scores rows as they come."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._alone = model.booster.copy()
        self._alone.set_param({"nthread": 1})

    @property
    def columns(self) -> int:
        """How many features a row has."""
        return len(self.model.layout.features)

    def scores(self, rows: "Rows") -> list[float]:
        """The score of each row: float32, as a Python float."""
        # By position, as the container does: the order of the columns is part of the contract.
        booster = self._alone if len(rows) <= FEW else self.model.booster
        found: list[float] = booster.inplace_predict(rows, validate_features=False).tolist()
        return found

    def explanations(self, rows: "Rows", wanted: list[bool]) -> dict[str, Any]:
        """Contributions in the form in which SageMaker Clarify's online explainer answers.

        One list a row, one entry a feature, in the margin (log-odds); null for a row that was not
        asked for. They are TreeSHAP's own, not the estimates that Clarify samples.
        """
        from regulated_ml.jobs.lean import xgboost

        names = self.model.layout.names
        matrix = xgboost.DMatrix(rows, feature_names=names)
        found = self.model.booster.predict(matrix, pred_contribs=True)[:, :-1]
        return {
            "kernel_shap": [
                [
                    {
                        "feature_header": name,
                        "attributions": [{"attribution": [float(value)]}],
                    }
                    for name, value in zip(names, row, strict=True)
                ]
                if is_wanted
                else None
                for row, is_wanted in zip(found, wanted, strict=True)
            ]
        }


def wanted(expression: str, scores: list[float]) -> list[bool]:
    """Which rows are to be explained: where EnableExplanations, a JMESPath, holds of the answer.

    A row's answer is the list of its score, as Clarify reads an answer in CSV: `[0]>`0.5``.

    Raises:
        RefusedError: the expression is none, or says neither true nor false of a row.
    """
    import jmespath

    try:
        compiled = jmespath.compile(expression)
        found = [compiled.search([score]) for score in scores]
    except jmespath.exceptions.JMESPathError as error:
        raise RefusedError(400, f"EnableExplanations is no JMESPath: {error}") from None
    if any(not isinstance(each, bool) for each in found):
        raise RefusedError(400, "EnableExplanations says neither true nor false of a row")
    return found


def as_csv(scores: list[float]) -> bytes:
    """One score a line, each ended by a line feed."""
    return "".join(f"{score!r}\n" for score in scores).encode()


def as_json(scores: list[float]) -> bytes:
    """The container's JSON."""
    return json.dumps({"predictions": [{"score": score} for score in scores]}).encode()


def explained(scores: list[float], kind: str, found: dict[str, Any]) -> bytes:
    """Scores and explanations together, as the explainer's response."""
    data = as_csv(scores) if kind == CSV else as_json(scores)
    predictions = {"content_type": kind, "data": data.decode()}
    return json.dumps(
        {"version": "1.0", "predictions": predictions, "explanations": found}
    ).encode()

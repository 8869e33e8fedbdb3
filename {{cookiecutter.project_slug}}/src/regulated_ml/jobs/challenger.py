"""The challenger: a logistic regression, the plain model that the booster has to beat."""

from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.jobs.features import Layout
from regulated_ml.jobs.matrices import Block

if TYPE_CHECKING:
    import numpy.typing as npt

NAME = "logistic regression"


def fit(layout: Layout, rows: Block) -> Any:
    """Fits it: numbers scaled, missing ones the median, categories one column for each code."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers, categories = _places(layout)
    model = make_pipeline(
        make_column_transformer(
            (
                make_pipeline(
                    SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
                ),
                numbers,
            ),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
        ),
        LogisticRegression(max_iter=1000),
    )
    return model.fit(rows.values.astype(np.float64), rows.labels)


def scores(model: Any, block: Block) -> "npt.NDArray[np.float64]":
    """The probability of the positive label, for each row.

    As exact as the booster's: further digits depend on the versions of SciPy and NumPy.
    """
    found = model.predict_proba(block.values.astype(np.float64))[:, 1]
    return np.asarray(found.astype(np.float32), np.float64)


def _places(layout: Layout) -> tuple[list[int], list[int]]:
    """The positions of numbers, and those of categories."""
    kinds = [feature.type == "category" for feature in layout.features]
    return [n for n, is_code in enumerate(kinds) if not is_code], [
        n for n, is_code in enumerate(kinds) if is_code
    ]

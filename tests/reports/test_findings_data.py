"""The sentences about the table are true: of usual ones, empty ones, and ties."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regulated_ml.reports.findings import data
from regulated_ml.reports.pages.data import explained


@pytest.mark.parametrize(
    ("violations", "remarks", "expected"),
    [
        (0, 0, "The table keeps every rule of config/dataset.yaml, without a remark"),
        (0, 3, "The table keeps every rule of config/dataset.yaml, with 3 remarks"),
        (1, 1, "The table breaks 1 rule of config/dataset.yaml, with 1 remark"),
    ],
)
def test_the_check_is_told_in_one_sentence(violations: int, remarks: int, expected: str) -> None:
    assert data.check({"violations": [{}] * violations, "remarks": [{}] * remarks}) == expected


@pytest.mark.parametrize(
    ("rate", "rows", "expected"),
    [
        (0.2212, 30000, "22.1% of the 30,000 rows are labelled “bad”"),
        (None, 5, "The table has 5 rows, and its label has no value"),
        (None, 0, "The table has no rows"),
        (1.0, 1, "The table has one row, labelled “bad” or not: 100%"),
    ],
)
def test_the_label_rate_is_told(rate: float | None, rows: int, expected: str) -> None:
    assert data.label(rate, rows, "bad") == expected


def span(name: str, share: float) -> data.Span:
    """A column that explains so much of the label."""
    return data.Span(name, 0.13, 0.76, share)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([span("a", 0.2), span("b", 0.1)],
         "The label goes most with a: its rate lies between 13% and 76%"),
        ([span("a", 0.2), span("b", 0.2), span("c", 0.1)],
         "The label goes most, and about equally, with a and b"),
        ([span("a", 0.0)], "The label rate hardly differs along any column"),
        ([], "No column has groups large enough to compare their label rates"),
    ],
)  # fmt: skip
def test_the_column_that_goes_with_the_label_is_named(
    spans: list[data.Span], expected: str
) -> None:
    assert data.label_rates(spans) == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_the_variance_explained_is_that_of_a_regression_on_the_groups(
    rows: list[tuple[int, bool]],
) -> None:
    group = np.array([g for g, _ in rows])
    label = np.array([y for _, y in rows], float)
    assume(0 < label.mean() < 1)
    column = {
        "groups": [
            {"rows": int((group == g).sum()), "label_rate": float(label[group == g].mean())}
            for g in np.unique(group)
        ]
    }
    fitted = np.array([label[group == g].mean() for g in group])
    assert explained(column) == pytest.approx(fitted.var() / label.var(), abs=1e-9)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([], "No value is missing in any of the 24 columns"),
        ([("age", 0.03)], "Only age lacks values: in 3.0% of the rows"),
        (
            [("age", 0.03), ("sex", 0.2)],
            "2 columns of 24 lack values, sex most: in 20.0% of the rows",
        ),
    ],
)
def test_missing_values_are_counted(shares: list[tuple[str, float]], expected: str) -> None:
    assert data.missing(shares, 24) == expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "b", 0.95), ("a", "c", -0.8), ("b", "c", 0.1)],
         "A and b go together most (correlation 0.95); 2 pairs reach 0.8 in either direction"),
        ([("a", "b", -0.95)], "A and b go against each other most (correlation −0.95)"),
        ([("a", "b", 0.3)], "No two columns go together closely: at most 0.30, a and b"),
        ([], "No two columns can be compared"),
    ],
)  # fmt: skip
def test_the_closest_columns_are_named(pairs: list[Any], expected: str) -> None:
    assert data.correlations(pairs) == expected

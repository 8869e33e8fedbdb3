"""Sentences about groups: what is certain is said so, and what chance could make too."""

from typing import Any

import pytest
from sample_site import site

from regulated_ml.reports.findings import fairness as findings
from regulated_ml.reports.pages import fairness, robustness
from regulated_ml.reports.site import render
from regulated_ml.reports.words import ColumnWords, Vocabulary

Json = dict[str, Any]
COLUMNS = {"AGE": ColumnWords("protected", "age"), "LIMIT": ColumnWords("feature", "credit limit")}
WORDS = Vocabulary("defaulted", COLUMNS)


def found(**summary: Json | None) -> Json:
    """fairness.json as far as a sentence reads it."""
    names = ("selection_ratio_lowest", "tpr_gap_largest", "fpr_gap_largest",
             "calibration_gap_largest", "proxy_auc_largest")  # fmt: skip
    features = [{"name": "LIMIT", "auc": 0.76}]
    return {
        "summary": {**dict.fromkeys(names), **summary},
        "four_fifths": 0.8,
        "smallest_group": 100,
        "proxies": [{"name": "AGE", "features": features}],
        "attributes": [],
    }


def ratio(value: float, low: float, high: float) -> Json:
    """The lowest selection ratio."""
    ends = {"value": value, "low": low, "high": high}
    return {**ends, "attribute": "AGE", "group": "young", "reference": "old"}


@pytest.mark.parametrize(
    ("lowest", "said"),
    [
        (
            ratio(0.7, 0.6, 0.78),
            "is 0.70 (interval 0.60 to 0.78) of that of “age: old”, below four",
        ),
        (ratio(0.9, 0.79, 1.0), "above four fifths, though not beyond doubt"),
        (ratio(0.9, 0.86, 0.95), "no group’s ratio is below four fifths"),
        (None, "There are no two groups large enough to be compared"),
    ],
)
def test_the_lowest_ratio_is_held_to_four_fifths(lowest: Json | None, said: str) -> None:
    assert said in findings.headline(found(selection_ratio_lowest=lowest), WORDS)


@pytest.mark.parametrize(
    ("low", "said"), [(-0.01, "which chance alone could have made"), (0.01, "more than chance")]
)
def test_a_gap_that_chance_could_make_is_said_to_be_one(low: float, said: str) -> None:
    gap = {"value": 0.107, "low": low, "high": 0.2, "attribute": "AGE"}
    gap |= {"lowest": "36 to 45", "highest": "25 and under"}
    text = findings.rate(found(tpr_gap_largest=gap), "tpr", WORDS)
    assert "by age: 10.7 points between “36 to 45” and “25 and under”" in text
    assert said in text
    assert "Too few rows" in findings.rate(found(), "fpr", WORDS)


def test_the_side_that_scores_are_off_to_is_said() -> None:
    gap = {"value": 0.05, "difference": 0.05, "low": 0.01, "high": 0.09}
    gap |= {"attribute": "AGE", "group": "young"}
    text = findings.calibration(found(calibration_gap_largest=gap), WORDS)
    assert text.startswith("Scores are too low for “age: young”: 5.0 points off")
    unsure = {**gap, "low": -0.01}
    text = findings.calibration(found(calibration_gap_largest=unsure), WORDS)
    assert "the same rate in every group" in text
    too_high = {**gap, "difference": -0.05, "low": -0.09, "high": -0.01}
    assert "too high" in findings.calibration(found(calibration_gap_largest=too_high), WORDS)


def test_what_gives_an_attribute_away_is_named() -> None:
    best = {"value": 0.78, "low": 0.76, "high": 0.8, "attribute": "AGE", "group": "young"}
    text = findings.proxies(found(proxy_auc_largest=best), WORDS)
    assert "give “age: young” away well, with an AUC of 0.78" in text
    assert "most telling alone is “credit limit” (0.76)" in text
    nothing = {**best, "value": 0.51, "low": 0.49}
    assert "no protected attribute" in findings.proxies(found(proxy_auc_largest=nothing), WORDS)


def test_a_reason_that_one_group_is_told_more_often_is_named() -> None:
    gap = {"text": "Your limit", "value": 0.2, "low": 0.05, "high": 0.3}
    gap |= {"highest": "young", "lowest": "old"}
    attribute = {"name": "AGE", "gaps": [gap, {**gap, "text": "Other", "low": -0.1}]}
    text = findings.reasons([attribute], WORDS)
    assert text.startswith("1 reason is told unequally; “Your limit” most: 20.0 points more often")
    unsure = {"name": "AGE", "gaps": [{**gap, "low": -0.1}]}
    assert "No reason is told" in findings.reasons([unsure], WORDS)
    assert "Too few" in findings.reasons([{"name": "AGE", "gaps": []}], WORDS)


def test_a_small_group_is_named_as_one_that_is_not_judged() -> None:
    page: Any = fairness.page(site())
    assert "Not judged, because fewer than 50 rows would give noise: sex: unknown" in page.lead


def test_a_table_without_protected_columns_is_said_to_have_none() -> None:
    nothing = {**(site().fairness or {}), "attributes": []}
    text = render(site(fairness=nothing))["fairness.html"]
    assert "no column is declared protected" in text


def test_names_of_groups_are_text(texts: dict[str, str]) -> None:
    assert "male &amp; &lt;other&gt;" in texts["fairness.html"]
    assert "<other>" not in texts["fairness.html"]
    assert "The reason | of PAY_0" in texts["fairness.html"]


def test_runs_that_knew_no_such_figures_have_no_such_pages() -> None:
    older = site(fairness=None, stability=None, sensitivity=None)
    assert fairness.page(older) is robustness.page(older) is None
    made = render(older)
    assert "fairness.html" not in made
    assert "<code>rml evaluate</code>" in made["index.html"]

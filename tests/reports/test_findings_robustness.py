"""Sentences about how steady the model is."""

from typing import Any

import pytest

from regulated_ml.reports.findings import robustness as findings
from regulated_ml.reports.words import ColumnWords, Vocabulary

Json = dict[str, Any]
WORDS = Vocabulary("defaulted", {
    "PAY_0": ColumnWords("feature", "payment status", values={2: "two months late"}),
    "LIMIT": ColumnWords("feature", "credit limit", "NT$"),
})  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"), [(0.003, "are spread as on"), (0.2, "are spread otherwise than on")]
)
def test_scores_have_moved_where_chance_would_not_move_them(value: float, said: str) -> None:
    text = findings.scores({"scores": {"psi": {"value": value, "by_chance": 0.0036}}})
    assert said in text
    assert f"PSI {value:.4f}, where chance stays below 0.0036" in text


def test_a_loss_on_new_rows_is_said_with_its_doubt() -> None:
    drop = {"value": 0.034, "low": 0.017, "high": 0.05}
    assert "loses 0.034 (interval 0.017 to 0.050) AUC" in findings.drop({"auc": {"drop": drop}})
    assert "no worse beyond doubt" in findings.drop({"auc": {"drop": {**drop, "low": -0.01}}})


def test_moved_features_are_named_beside_how_many_chance_would_move() -> None:
    moved = {"name": "LIMIT", "psi": {"value": 0.2, "by_chance": 0.01}}
    still = {"name": "PAY_0", "psi": {"value": 0.001, "by_chance": 0.01}}
    text = findings.moved({"features": [moved, still]}, WORDS)
    assert text.startswith("1 feature of 2 has moved further than chance usually does")
    assert text.endswith("credit limit")
    assert "Not one of 1 feature" in findings.moved({"features": [still]}, WORDS)


def segment(low: Any, high: Any, *, off: bool = False, auc: float | None = None) -> Json:
    """A segment of PAY_0."""
    return {
        "feature": "PAY_0", "low": low, "high": high, "off": off, "predicted": 0.2,
        "observed": {"value": 0.4}, "auc": auc and {"value": auc},
    }  # fmt: skip


def test_segments_are_named_in_words() -> None:
    names = [findings.segment(segment(*ends), WORDS) for ends in ((2, 2), (3, 8), (None, None))]
    assert names == [
        "Payment status: two months late",
        "Payment status: 3 to 8",
        "Payment status: missing",
    ]


def test_a_segment_that_is_off_comes_before_one_that_ranks_badly() -> None:
    bad, off = segment(3, 8, auc=0.6), segment(2, 2, off=True)
    text = findings.segments([bad, off], WORDS)
    assert "off in 1 segment of 2, most in “Payment status: two months late”" in text
    text = findings.segments([bad], WORDS)
    assert "ranks worst in “Payment status: 3 to 8”, with an AUC of 0.60" in text
    assert "all 1 segments" in findings.segments([segment(3, 8)], WORDS)


def test_broken_directions_are_named() -> None:
    kept = {"declared": 2, "rows": 200, "violations": 0, "features": []}
    assert "All 2 declared directions are kept for each of 200" in findings.direction(kept, WORDS)
    features = [{"name": "PAY_0", "violations": 3}, {"name": "LIMIT", "violations": 0}]
    broken = {**kept, "violations": 3, "features": features}
    text = findings.direction(broken, WORDS)
    assert text == "1 declared direction of 2 broken: payment status"
    assert "No direction" in findings.direction({**kept, "declared": 0}, WORDS)


def test_the_move_that_turns_most_decisions_is_named() -> None:
    move = {"move": "up", "by": 1.0, "flipped": 0.094}
    other = {"move": "other", "by": None, "flipped": 0.5}
    features = [{"name": "PAY_0", "moves": [move, other]}]
    text = findings.sensitivity({"features": features}, WORDS)
    assert text.startswith("“Payment status” raised by 1 decides 9.4% of the clients otherwise")
    features = [{"name": "PAY_0", "moves": [other]}]
    assert "No feature is a number" in findings.sensitivity({"features": features}, WORDS)

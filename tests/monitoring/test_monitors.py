"""The four monitors, on figures that are worked out elsewhere."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sklearn
from sklearn.metrics import ndcg_score

from regulated_ml.jobs import groups
from regulated_ml.jobs.columns import Column
from regulated_ml.monitoring import attribution, bias, data_quality, model_quality, violations
from regulated_ml.monitoring.bias import Bound, Clients
from regulated_ml.monitoring.constraints import Constraints
from regulated_ml.monitoring.distributions import describe
from regulated_ml.monitoring.drift import Drift
from regulated_ml.monitoring.model_quality import Sample

# constraints.json, in the form of the Developer Guide.
CONSTRAINTS = Constraints.model_validate(
    {
        "version": 0.0,
        "features": [
            {
                "name": "amount",
                "inferred_type": "Integral",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {"name": "rate", "inferred_type": "Fractional", "completeness": 0.5},
            {
                "name": "code",
                "inferred_type": "Integral",
                "completeness": 1.0,
                "string_constraints": {"domains": ["1", "2", "3"]},
            },
        ],
    }
)
KINDS = {"amount": "number", "rate": "number", "code": "category"}


def checked(
    amount: list[str | None], rate: list[str | None], code: list[str | None], **more: object
) -> list[tuple[str, str]]:
    """Feature and check of each violation among such cells."""
    cells = {"amount": amount, "rate": rate, "code": code}
    batch = pa.RecordBatch.from_pydict({n: pa.array(v, pa.string()) for n, v in cells.items()})
    columns = describe([batch], KINDS)  # type: ignore[arg-type]
    fractions = {
        name: sum("." in (cell or "") and not (cell or "").endswith(".0") for cell in cells[name])
        for name in data_quality.whole_columns(CONSTRAINTS, columns)
    }
    seen = data_quality.Observed(columns, fractions, **{"drifts": [], "widths": {}, **more})
    return [(each.column, each.check) for each in data_quality.check(CONSTRAINTS, seen)]


def test_cells_as_in_the_baseline_break_no_constraint() -> None:
    assert checked(["1", "2.0", "0"], ["0.5", "", "3"], ["1", "2.0", "3"]) == []


def test_each_check_of_the_data_quality_has_model_monitors_name() -> None:
    drift = Drift("rate", "ks", 0.3, 0.1, 0.001, True, (100, 100))
    found = checked(
        ["1.5", "-2", None],
        ["", "", "x"],
        ["1", "9", "2"],
        drifts=[drift],
        widths={2: 7, 4: 1},
    )
    assert found == [
        ("Missing columns", "missing_column_check"),
        ("Extra columns", "extra_column_check"),
        ("amount", "data_type_check"),  # 1.5 is no whole number
        ("amount", "data_type_check"),  # -2 is below 0
        ("amount", "completeness_check"),
        ("rate", "data_type_check"),
        ("rate", "completeness_check"),
        ("rate", "baseline_drift_check"),
        ("code", "categorical_values_check"),
    ]
    assert {check for _, check in found} == set(violations.DATA_CHECKS)


def test_features_whose_values_are_not_kept_are_not_judged() -> None:
    assert checked(["masked"], ["0.5"], ["1"], masked=frozenset({"amount"})) == []


def sample(rows: int, seed: int, shift: float = 1.0) -> Sample:
    """Scores of two classes that lie `shift` standard deviations apart."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < 0.22).astype(np.int8)
    margins = rng.normal(size=rows) + shift * labels - 1
    return Sample(labels, 1 / (1 + np.exp(-margins)), 0.5)


def test_metrics_are_those_of_scikit_learn() -> None:
    window = sample(2000, 1)
    (by_name,) = [{each.metric: each for each in model_quality.compare(window, window, 0.01, 0.0)}]
    flagged = window.scores >= 0.5
    expected = {
        "auc": sklearn.roc_auc_score(window.labels, window.scores),
        "accuracy": sklearn.accuracy_score(window.labels, flagged),
        "precision": sklearn.precision_score(window.labels, flagged),
        "recall": sklearn.recall_score(window.labels, flagged),
        "true_negative_rate": sklearn.recall_score(1 - window.labels, ~flagged),
    }
    assert {name: each.now for name, each in by_name.items()} == pytest.approx(expected)
    written = model_quality.statistics(window, {}, 0.95)["binary_classification_metrics"]
    truth = sklearn.confusion_matrix(window.labels, flagged)
    assert written["confusion_matrix"]["1"] == {"0": truth[1][0], "1": truth[1][1]}


def test_noise_is_no_alarm_and_a_worse_model_is_one() -> None:
    evaluation = sample(6000, 0)
    alarms = sum(
        bool(model_quality.check(model_quality.compare(evaluation, window, 0.01, 0.0), 0.0))
        for window in (sample(1000, seed) for seed in range(1, 301))
    )
    assert alarms <= 9  # of 300 runs at 1 %: more have a probability of 0.1 %
    found = model_quality.compare(evaluation, sample(1000, 1, shift=0.4), 0.01, 0.0)
    worse = model_quality.check(found, 0.0)
    assert ("auc", "LessThanThreshold") in [(each.metric, each.check) for each in worse]
    assert not model_quality.check(
        model_quality.compare(evaluation, sample(1000, 1, 0.4), 0.01, 0.5), 0.5
    )
    written = model_quality.constraints(found, 0.02)["binary_classification_constraints"]["auc"]
    auc = sklearn.roc_auc_score(evaluation.labels, evaluation.scores)
    assert written == {
        "threshold": pytest.approx(auc - 0.02),
        "comparison_operator": "LessThanThreshold",
    }


def test_metrics_of_too_few_labels_are_not_compared() -> None:
    few = sample(29, 3)
    assert model_quality.compare(sample(6000, 0), few, 0.01, 0.0) == []


def clients(declined: dict[str, float], labelled: bool) -> Clients:
    """A thousand clients of each group, of whom such shares are declined; half of all default."""
    scores = np.concatenate(
        [np.where(np.arange(1000) < share * 1000, 0.9, 0.1) for share in declined.values()]
    )
    codes = [code for code in declined for _ in range(1000)]
    column = Column("SEX", "category", "protected", values={"1": "male", "2": "female"})
    labels = np.arange(len(scores)) % 2 if labelled else np.full(len(scores), -1)
    attribute = groups.attribute(column, pa.chunked_array([codes]), {})
    return Clients(labels.astype(np.int8), scores, [attribute])


def test_bias_breaks_its_bound_with_its_whole_interval() -> None:
    # Acceptance of 0.4 against 0.8: a ratio of 0.5. Of 0.62: 0.775, which chance allows.
    for share, broken in ((0.6, True), (0.38, False)):
        found = bias.measure(clients({"1": share, "2": 0.2}, False), {}, 0.5, 0.95, 100)
        assert [(each.measure, each.group, each.bound) for each in found] == [
            ("selection_ratio_lowest", "male", 0.8)
        ]
        assert found[0].value == pytest.approx((1 - share) / 0.8)
        assert [each.broken for each in found] == [broken]
    (violation,) = bias.check(
        bias.measure(clients({"1": 0.6, "2": 0.2}, False), {}, 0.5, 0.95, 100)
    )
    assert violations.content([violation], "bias") == {
        "version": "1.0",
        "violations": [
            {
                "facet": "SEX",
                "facet_value": "male",
                "metric_name": "DI",
                "constraint_check_type": "bias_drift_check",
                "description": violation.description,
            }
        ],
    }


def test_gaps_of_rates_wait_for_labels_and_keep_the_gates() -> None:
    bounds = {"fpr_gap_largest": Bound(at_most=0.1), "tpr_gap_largest": Bound(at_most=0.5)}
    found = bias.measure(clients({"1": 0.6, "2": 0.2}, True), bounds, 0.5, 0.95, 100)
    by_name = {each.measure: each for each in found}
    assert by_name["fpr_gap_largest"].value == pytest.approx(0.4)
    assert by_name["fpr_gap_largest"].broken
    assert not by_name["tpr_gap_largest"].broken


def test_the_ranking_of_features_is_scored_as_clarify_does() -> None:
    # The example of the Developer Guide, by hand: 0.05 + 0.5 / log2(3) + 0.7 / 2, over the best.
    before = {"SAT score": 0.70, "GPA": 0.50, "Class rank": 0.05}
    now = {"SAT score": 0.10, "GPA": 0.20, "Class rank": 0.70}
    assert attribution.ndcg(before, now) == pytest.approx(0.7154649 / 1.0404649)
    assert attribution.ndcg(before, before) == 1.0
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = rng.random((2, 21))
        names = [str(place) for place in range(21)]
        mine = attribution.ndcg(
            dict(zip(names, one, strict=True)), dict(zip(names, other, strict=True))
        )
        assert mine == pytest.approx(ndcg_score([one], [other]))
    found = attribution.Compared(0.6876, before, now, 500, 0.9)
    (violation,) = attribution.check(found)
    assert violation.as_json() == {
        "label": "label0",
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": "Feature attribution drift 0.6876 exceeds threshold 0.9",
    }
    assert found.moved == "Class rank"

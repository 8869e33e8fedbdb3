"""From a small table to an explained model: what must hold whatever the features are."""

from conftest import ROWS, Run

from regulated_ml.settings import Settings


def test_every_row_is_in_one_part(run: Run) -> None:
    parts = run.read("prepare", "summary/summary.json")["splits"]
    assert sum(part["rows"] for part in parts.values()) == ROWS


def test_no_feature_is_a_protected_column_or_the_label(run: Run, settings: Settings) -> None:
    features = {
        feature["name"] for feature in run.read("prepare", "train/features.json")["features"]
    }
    measured = {column.name for column in settings.dataset.protected}
    # By name. A feature of your own that is built from a protected column says so in features.py.
    assert features
    assert features.isdisjoint(measured | {settings.dataset.label.name})


def test_the_model_is_better_than_chance(run: Run) -> None:
    # Of a few hundred rows; the AUC of the whole table is for `rml evaluate` to tell.
    assert run.read("evaluate", "evaluation/evaluation.json")["auc"]["value"] > 0.6


def test_contributions_add_up_to_the_score(run: Run) -> None:
    additivity = run.read("explain", "explanation/explanation.json")["additivity"]
    assert additivity["largest_error"] <= additivity["tolerance"]


def test_declined_clients_are_told_reasons_that_somebody_wrote(run: Run) -> None:
    known = {f["reason"] for f in run.read("prepare", "train/features.json")["features"]}
    frequent = run.read("explain", "explanation/explanation.json")["reason_frequency"]
    assert {reason["text"] for reason in frequent} <= known


def test_pages_say_that_the_rows_are_synthetic(run: Run) -> None:
    assert run.pages
    for page in run.pages:
        assert "<strong>SYNTHETIC TWIN</strong>" in page.read_text(encoding="utf-8"), page.name

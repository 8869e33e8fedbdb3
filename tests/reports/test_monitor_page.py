"""The page of monitoring, in a browser: on a screen, on a phone, on paper, read aloud."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_pages_in_browser import CONTRASTS, CUT_TEXTS, TEXT_SIZES

from regulated_ml.reports.monitor import Judged, Watched, write
from regulated_ml.settings import load

Open = Callable[..., Any]
HOSTILE = "<script>alert(1)</script>\u202e"


def judged(number: int, *, version: int = 1, alert: bool = False, empty: bool = False) -> Judged:
    """A window with one of everything; an empty one has nothing."""
    drift = {"statistic": "ks", "critical": 0.07, "p_value": 0.2, "rows": [4200, 1200]}
    columns = {"LIMIT_BAL": 0.5 if alert else 0.03, "PAY_0": 0.02, HOSTILE: 0.01}
    metric = {"before": 0.78, "now": 0.71, "low": -0.1, "high": -0.01, "rows": 900}
    figure = {"attribute": "SEX", "group": "male", "value": 0.7, "low": 0.6, "high": 0.75}
    scores = {"before": {"mean": 0.22, "declined": 0.12}, "now": {"mean": 0.25, "declined": 0.2}}
    cause = {
        "title": f"LIMIT_BAL has drifted {HOSTILE}",
        "columns": ["LIMIT_BAL"],
        "checks": ["baseline_drift_check"],
        "how_much": ["LIMIT_BAL: far off"],
        "clients": "LIMIT_BAL under 690: 49.9% of the clients, 0.0% before",
        "scores": {**scores, "these": scores["now"], "others": None},
        "next": "Look at the source.",
    }
    content: dict[str, Any] = {
        "alerts": [cause] if alert else [],
        "notes": [f"2 lines are no captured request: {HOSTILE}"],
        "drift": [
            {**drift, "column": name, "distance": value, "drifted": value > 0.07}
            for name, value in columns.items()
        ],
        "model_quality": [{**metric, "metric": "auc", "broken": alert}],
        "bias": [
            {**figure, "measure": "selection_ratio_lowest", "bound": 0.8, "broken": alert},
            {**figure, "measure": "tpr_gap_largest", "bound": None, "broken": False},
        ],
        "attribution": {
            "ndcg": 0.97,
            "before": {"LIMIT_BAL": 0.5, "PAY_0": 0.4},
            "now": {"LIMIT_BAL": 0.3, "PAY_0": 0.4},
            "rows": 1200,
            "at_least": 0.9,
            "broken": False,
        },
        "scores": scores,
        "counts": {"lines": 1203, "requests": 1200, "torn": 1, "foreign": {HOSTILE: 2}},
    }
    if empty:
        nothing: dict[str, Any] = {
            name: [] for name in ("alerts", "drift", "model_quality", "bias")
        }
        content |= nothing | {"attribution": None, "scores": {"before": None, "now": None}}
    window = {"number": number, "first": "2026-11-24T09:00:00+00:00", "last": "", "again": False}
    said = {"endpoint": "credit", "version": version, "window": window, "false_alarm_rate": 0.01}
    return Judged("monitor-1", said, {"rows": 1200, "alerts": int(alert)}, content, "")


def written(sample: Path, folder: Path, *found: Watched) -> Path:
    shutil.copytree(sample / "config", folder / "config")
    return write(load(folder), found, ["synthetic"])


@pytest.fixture(scope="module")
def page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two versions, one with an alert."""
    windows = [judged(number, alert=number % 5 == 0) for number in range(1, 21)]
    folder = tmp_path_factory.mktemp("monitor")
    return written(sample, folder, Watched(windows), Watched([judged(1, version=2)]))


def test_the_page_reads_on_every_screen_and_on_paper(page: Path, browser_page: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    shown = browser_page(page)
    assert (shown.requests, shown.complaints) == ([], [])
    assert shown.title().startswith("SYNTHETIC TWIN")
    assert shown.evaluate(CUT_TEXTS) == []
    assert [each for each in shown.evaluate(CONTRASTS) if each[0] < 4.5] == []
    shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (320, 360, 768, 1280):
        shown.set_viewport_size({"width": width, "height": 900})
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.set_viewport_size({"width": 360, "height": 900})
    assert [each for each in shown.evaluate(TEXT_SIZES) if each[0] < 9] == []
    results = axe.Axe().run(shown).response
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in results["violations"]] == []
    ids = shown.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert shown.locator("script").count() == 0
    assert "<U+202E>" in shown.locator("main").inner_text()
    shown.set_viewport_size({"width": 680, "height": 900})
    shown.emulate_media(media="print")
    assert shown.evaluate("document.documentElement.scrollWidth") <= 680


def test_the_page_says_first_what_the_alerts_are(page: Path, browser_page: Open) -> None:
    shown = browser_page(page)
    assert shown.locator("h1").inner_text().startswith("LIMIT_BAL has drifted")
    text = shown.locator("main").inner_text()
    for words in (
        "LIMIT_BAL under 690: 49.9% of the clients, 0.0% before",
        "What to do next: Look at the source.",
        "LIMIT_BAL has drifted, 2 columns not",
        "Worse than at the evaluation: auc",
        "Decisions differ by SEX",
        "4 windows of 20 with an alert",
        "3 lines could not be read",
    ):
        assert words in text, words


def test_a_window_without_anything_has_a_page_too(sample: Path, tmp_path: Path) -> None:
    text = written(sample, tmp_path, Watched([judged(1, empty=True)])).read_text("utf-8")
    assert "No alert: v1 on credit is asked what it was trained on" in text

"""The pages that `rml run` makes of the twin, from its records to the browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_pages_in_browser import CONTRASTS, CUT_TEXTS, TEXT_SIZES

from regulated_ml.files import read_json
from regulated_ml.reports.site import FILES

pytestmark = pytest.mark.slow  # a run of all steps


@pytest.mark.parametrize("name", FILES)
def test_the_pages_of_a_run_can_be_read_by_everybody(
    finished: Path, browser_page: Callable[..., Any], name: str
) -> None:
    page = browser_page(finished / "reports" / name, 360)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.requests == []
    assert page.complaints == []
    assert page.title().startswith("SYNTHETIC TWIN")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(CUT_TEXTS) == []
    assert min(page.evaluate(TEXT_SIZES))[0] >= 9
    assert min(page.evaluate(CONTRASTS))[0] >= 4.5


def test_the_numbers_on_the_pages_are_those_of_the_records(finished: Path) -> None:
    records = [read_json(path) for path in finished.glob("runs/*/record.json")]
    start = (finished / "reports" / "index.html").read_text(encoding="utf-8")
    evaluated = next(record for record in records if record["step"] == "evaluate")
    tiles = dict(re.findall(r'<dt>([^<]+)</dt><dd class="value">([^<]+)</dd>', start))
    for tile, metric in (("AUC", "auc"), ("Gini", "gini"), ("KS", "ks"), ("Brier score", "brier")):
        assert tiles[tile] == f"{evaluated['metrics'][metric]:.3f}"
    for record in records:
        assert record["id"] in start

"""The pages about security, and the exceptions that every page shows."""

import dataclasses
import datetime
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import rml
from sample_site import site
from test_pages_in_browser import CONTRASTS

from regulated_ml.reports.security import write_controls
from regulated_ml.reports.site import FILES, render
from regulated_ml.security.catalogue import standard_controls
from regulated_ml.security.overview import overview
from regulated_ml.settings import load

Open = Callable[..., Any]

EXCEPTION = {
    "control": "RML-VPC-1",
    "environment": "dev",
    "names": ["credit-default-train-2026*", "credit-default-<b>once</b>"],
    "reason": "The vendor's licence server is not reached from the VPC.",
    "requested_by": "data.scientist@example.com",
    "agreed_by": "security.officer@example.com",
    "until": datetime.date.today() + datetime.timedelta(days=30),
}
SHOWN = {**EXCEPTION, "until": str(EXCEPTION["until"]), "title": "Jobs run in the subnets"}


def with_exception(sample: Path, folder: Path) -> Path:
    """A copy of the sample's config/ with one exception in it."""
    shutil.copytree(sample / "config", folder / "config")
    text = yaml.safe_dump({"exceptions": [EXCEPTION]})
    (folder / "config/exceptions.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def controls_page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of controls of an environment with an exception."""
    settings = load(with_exception(sample, tmp_path_factory.mktemp("controls")), "dev")
    return write_controls(settings, overview(settings))


# --- exceptions ---


def told(text: str) -> None:
    """Fails where a page does not tell all of the exception."""
    plain = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert "ONE EXCEPTION In force in the environment" in plain
    for word in ("RML-VPC-1", "credit-default-train-2026*", "data.scientist@example.com"):
        assert word in plain
    for word in ("security.officer@example.com", "licence server", str(EXCEPTION["until"])):
        assert word in plain
    assert "&lt;b&gt;once&lt;/b&gt;" in text


@pytest.mark.parametrize("name", FILES)
def test_every_page_of_the_site_tells_of_an_exception(name: str) -> None:
    told(render(dataclasses.replace(site(), exceptions=[SHOWN]))[name])


def test_no_page_speaks_of_exceptions_where_there_are_none(texts: dict[str, str]) -> None:
    for text in texts.values():
        assert "EXCEPTION" not in text
        assert "exceptions-in-force" not in text


def test_a_start_page_without_any_part_tells_of_it_too() -> None:
    nothing = dict.fromkeys(("description", "training", "evaluation", "explanation"))
    told(render(site(exceptions=[SHOWN], **nothing))["index.html"])


def test_several_exceptions_are_counted() -> None:
    other = {**SHOWN, "control": "RML-ISO-1"}
    text = render(dataclasses.replace(site(), exceptions=[SHOWN, other]))["index.html"]
    assert "2 EXCEPTIONS" in text
    assert text.count('<td class="l">RML-ISO-1: ') == 1


def test_the_page_of_controls_tells_of_it(controls_page: Path) -> None:
    told(controls_page.read_text("utf-8"))


@pytest.mark.slow
def test_the_report_of_an_environment_tells_of_its_exceptions(small: Path) -> None:
    local = {**EXCEPTION, "environment": "local", "control": "RML-KEY-3"}
    (small / "config/exceptions.yaml").write_text(yaml.safe_dump({"exceptions": [local]}))
    result = rml(small, "report")
    assert result.returncode == 0, result.stderr
    pages = [path.read_text("utf-8") for path in (small / "reports").glob("*.html")]
    assert len(pages) == 4
    assert all("ONE EXCEPTION" in page and "licence server" in page for page in pages)


# --- the page of controls ---


def test_the_page_has_every_control_with_its_reason(controls_page: Path) -> None:
    text = controls_page.read_text("utf-8")
    controls = standard_controls().controls
    assert len(re.findall(r'<section id="rml-', text)) == len(controls)
    for control in controls:
        assert f'href="#{control.id.lower()}"' in text
        assert " ".join(control.title.replace("'", "&#39;").split()) in text


def test_the_page_counts_what_the_catalogue_has(controls_page: Path) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", controls_page.read_text("utf-8")).split())
    controls = standard_controls()
    pairs = list(controls.pairs())
    operations = {pair.operation for pair in pairs if "*" not in pair.operation}
    assert f"{len(controls.controls)} controls hold {len(operations)} operations" in text
    assert f"Pairs {len(pairs)} of a requirement" in text


@pytest.mark.slow
def test_it_stands_beside_the_site_and_survives_it(small: Path) -> None:
    assert rml(small, "security", "controls", "--page").returncode == 0
    assert rml(small, "report").returncode == 0
    assert (small / "reports/controls-local.html").is_file()


@pytest.mark.parametrize("width", [320, 768, 1200])
def test_it_does_not_scroll_sideways(controls_page: Path, browser_page: Open, width: int) -> None:
    page = browser_page(controls_page, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_needs_no_network_and_no_script(controls_page: Path, browser_page: Open) -> None:
    page = browser_page(controls_page, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.requests == []
    assert page.complaints == []


def test_the_audit_for_accessibility_finds_nothing(controls_page: Path, browser_page: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser_page(controls_page, width=390)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    results = axe.Axe().run(page).response
    assert results["passes"], "the audit did not run"
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in results["violations"]] == []
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []


def test_links_on_it_lead_somewhere(controls_page: Path, browser_page: Open) -> None:
    page = browser_page(controls_page)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    links = page.evaluate(
        "[...document.querySelectorAll('a')].map(node => node.getAttribute('href'))"
    )
    assert len(ids) == len(set(ids))
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (controls_page.parent / link).is_file()

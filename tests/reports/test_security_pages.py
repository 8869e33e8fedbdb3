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

from regulated_ml.reports.security import write_audit, write_controls
from regulated_ml.reports.site import FILES, render
from regulated_ml.security.audit.findings import Audit, Audited, Finding, Hidden
from regulated_ml.security.catalogue import standard_controls
from regulated_ml.security.overview import overview
from regulated_ml.settings import load

Open = Callable[..., Any]
UNFOLD = "document.querySelectorAll('details').forEach(d => d.open = true)"

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


FINDING = Finding(
    control="RML-ISO-1",
    title="Containers are isolated from every network",
    severity="critical",
    kind="training job",
    name="credit-default-<script>alert(1)</script>",
    arn="arn:aws:sagemaker:eu-central-1:123456789012:training-job/x",
    field="EnableNetworkIsolation",
    value="false",
    required="true",
    fix="make it anew: write true, or leave the field out",
)


def audit(**changes: Any) -> Audit:
    """An audit with one of everything; `changes` replace fields of it."""
    audited = Audited(FINDING.kind, FINDING.name, FINDING.arn, "name")
    whole = Audit(
        environment="dev",
        account="123456789012",
        region="eu-central-1",
        identity="arn:aws:sts::123456789012:assumed-role/auditor/someone",
        started="2026-11-24T09:12:03+00:00",
        finished="2026-11-24T09:13:03+00:00",
        scope="project",
        since="2026-11-01T00:00:00+00:00",
        standard="0.2.0",
        catalogue={"config/controls.yaml": "ab" * 32},
        exceptions=(SHOWN,),
        resources=(audited, Audited("model", "credit-default-model", "arn:aws:x", "tag")),
        findings=(
            FINDING,
            FINDING._replace(control="PRE-KEY-5", title="The key rotates", field=""),
        ),
        excepted=(FINDING._replace(control="RML-VPC-1", field="VpcConfig.Subnets"),),
        could_not_look=({"what": "ListClusters", "reason": "AWS denies the call"},),
        not_offered=("ListAIBenchmarkJobs",),
        not_visible=(Hidden("RML-PIPE-1", "pipeline", "PipelineDefinitionS3Location"),),
    )
    return dataclasses.replace(whole, **changes)


@pytest.fixture(scope="session")
def written(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of controls and of an audit, of an environment with an exception."""
    settings = load(with_exception(sample, tmp_path_factory.mktemp("security")), "dev")
    controls = write_controls(settings, overview(settings))
    return {"audit": write_audit(settings, audit()), "controls": controls}


@pytest.fixture(scope="session")
def controls_page(written: dict[str, Path]) -> Path:
    """The page of controls."""
    return written["controls"]


both_pages = pytest.mark.parametrize("name", ["audit", "controls"])


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


@both_pages
def test_the_pages_about_security_tell_of_it(written: dict[str, Path], name: str) -> None:
    told(written[name].read_text("utf-8"))


@pytest.mark.slow
def test_the_report_of_an_environment_tells_of_its_exceptions(small: Path) -> None:
    local = {**EXCEPTION, "environment": "local", "control": "RML-KEY-3"}
    (small / "config/exceptions.yaml").write_text(yaml.safe_dump({"exceptions": [local]}))
    result = rml(small, "report")
    assert result.returncode == 0, result.stderr
    pages = [path.read_text("utf-8") for path in (small / "reports").glob("*.html")]
    assert len(pages) == 6
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


# --- the page of an audit ---


def words(page: Path) -> str:
    """The text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")).split())


def test_an_audit_tells_all_that_it_found(written: dict[str, Path]) -> None:
    text = words(written["audit"])
    for said in (
        "2 findings on 1 of 2 resources",
        "24 Nov 2026, 09:13 UTC",
        "Jobs made since 2026-11-01",
        "Not all could be looked at",
        "ListClusters AWS denies the call",
        "Let pass by an exception in force",
        "PipelineDefinitionS3Location",
        "arn:aws:sts::123456789012:assumed-role/auditor/someone",
        f"SHA-256 of config/controls.yaml {'ab' * 32}",
        f"SHA-256 of the report {audit().as_json()['sha256']}",
    ):
        assert said in text
    assert "<script" not in written["audit"].read_text("utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"findings": (), "could_not_look": ()}, "No control is broken by the 2 resources"),
        ({"findings": ()}, "Nothing was found on the 2 resources that could be looked at"),
        ({"resources": (), "findings": (), "could_not_look": ()}, "by the 0 resources"),
    ],
)
def test_nothing_found_is_said_for_what_it_is(
    sample: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    settings = load(with_exception(sample, tmp_path), "dev")
    assert said in words(write_audit(settings, audit(**changes)))


# --- both of them, as people meet them ---


@both_pages
@pytest.mark.parametrize("width", [320, 768, 1200])
def test_they_do_not_scroll_sideways(
    written: dict[str, Path], browser_page: Open, name: str, width: int
) -> None:
    page = browser_page(written[name], width=width)
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@both_pages
def test_they_need_no_network_and_no_script(
    written: dict[str, Path], browser_page: Open, name: str
) -> None:
    page = browser_page(written[name], java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator("script").count() == 0
    assert page.requests == []
    assert page.complaints == []


@both_pages
def test_the_audit_for_accessibility_finds_nothing(
    written: dict[str, Path], browser_page: Open, name: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser_page(written[name], width=390)
    page.evaluate(UNFOLD)
    results = axe.Axe().run(page).response
    assert results["passes"], "the audit did not run"
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in results["violations"]] == []
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []


@both_pages
def test_links_on_them_lead_somewhere(
    written: dict[str, Path], browser_page: Open, name: str
) -> None:
    page = browser_page(written[name])
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    links = page.evaluate(
        "[...document.querySelectorAll('a')].map(node => node.getAttribute('href'))"
    )
    assert len(ids) == len(set(ids))
    assert len(links) > 2
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (written[name].parent / link).is_file()


@both_pages
def test_every_sheet_of_paper_names_the_environment(
    written: dict[str, Path], browser_page: Open, name: str
) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(browser_page(written[name]).pdf(format="A4"))
    sheets = [sheet.get_textpage().get_text_bounded() for sheet in document]
    assert all("Environment dev" in sheet for sheet in sheets)

"""The pages as people meet them: in a window, on a phone, on paper, by keyboard, read aloud."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sample_site import site

from regulated_ml.reports.site import FILES, build_site

Open = Callable[..., Any]
every_page = pytest.mark.parametrize("name", FILES)

# Run in the page. Colours are those that the browser has computed; a text on no background of its
# own stands on that of its nearest ancestor with one.
CONTRASTS = """() => {
  const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
  const parse = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const paper = node => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), node = walker.currentNode.parentElement;
    if (!text || node.tagName === "title" || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const ink = parse(node.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(paper(node))].sort((x, y) => y - x);
    found.push([Math.round((a + 0.05) / (b + 0.05) * 100) / 100, text.slice(0, 40)]);
  }
  return found;
}"""

# The height in CSS pixels of each text in a picture, as shown.
TEXT_SIZES = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return [...svg.querySelectorAll("text")].map(text =>
    [parseFloat(getComputedStyle(text).fontSize) * scale, text.textContent]);
})"""

# Texts in pictures that reach over the edge of their picture, where they would be cut.
CUT_TEXTS = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1
      || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""

FOCUS = """() => {
  const node = document.activeElement;
  return [node.tagName, node.textContent, getComputedStyle(node).outlineStyle];
}"""


@every_page
def test_nothing_is_asked_for_and_nothing_is_complained_about(shown: Open, name: str) -> None:
    page = shown(name)
    assert page.requests == []
    assert page.complaints == []


@every_page
def test_the_page_reads_without_scripts(pages: Path, browser_page: Open, name: str) -> None:
    page = browser_page(pages / name, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator("script").count() == 0


@every_page
def test_no_page_scrolls_sideways(unfolded: Open, name: str) -> None:
    page = unfolded(name)
    for width in (320, 360, 768, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@every_page
def test_the_audit_for_accessibility_finds_nothing(unfolded: Open, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = unfolded(name)  # on a phone, where tables are wider than the window
    results = axe.Axe().run(page).response
    assert results["passes"], "the audit did not run"
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in results["violations"]] == []


@every_page
def test_texts_are_dark_enough_in_pictures_too(shown: Open, name: str) -> None:
    page = shown(name)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 20
    assert [found for found in contrasts if found[0] < 4.5] == []


@every_page
def test_pictures_can_be_read_on_a_phone(unfolded: Open, name: str) -> None:
    sizes = unfolded(name).evaluate(TEXT_SIZES)
    assert sizes
    assert [found for found in sizes if found[0] < 9] == []


@every_page
def test_no_text_of_a_picture_is_cut(shown: Open, name: str) -> None:
    assert shown(name).evaluate(CUT_TEXTS) == []


@every_page
def test_every_picture_says_what_it_shows(shown: Open, name: str) -> None:
    page = shown(name)
    pictures = page.locator("figure svg")
    assert pictures.count() > 0
    for picture in pictures.all():
        title = picture.get_attribute("aria-labelledby")
        assert picture.get_attribute("role") == "img"
        assert len(page.locator(f"[id='{title}']").text_content()) > 30


@every_page
def test_ids_are_unique_and_links_lead_somewhere(pages: Path, shown: Open, name: str) -> None:
    page = shown(name)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    links = page.evaluate(
        "[...document.querySelectorAll('a, use')]"
        ".map(node => node.getAttribute('href') || node.getAttribute('xlink:href'))"
    )
    assert len(ids) == len(set(ids))
    for link in links:
        assert link[1:] in ids if link.startswith("#") else (pages / link).is_file()


@every_page
def test_headings_are_in_order(shown: Open, name: str) -> None:
    headings = shown(name).locator("h1, h2, h3, h4").all()
    levels = [int(heading.evaluate("node => node.tagName[1]")) for heading in headings]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_page
def test_paper_shows_every_table_and_no_navigation(printed: Open, name: str) -> None:
    page = printed(name)
    closed = page.locator("details:not([open]) table")
    assert closed.count() > 0
    assert all(table.bounding_box()["height"] > 20 for table in closed.all())
    assert not page.locator("header nav").is_visible()
    assert not page.locator("summary").first.is_visible()


@every_page
def test_nothing_is_cut_on_paper(printed: Open, name: str) -> None:
    page = printed(name)
    over = page.evaluate(
        "[...document.querySelectorAll('main *')]"
        ".filter(node => node.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert over == 0
    assert page.evaluate(CUT_TEXTS) == []


@every_page
def test_every_sheet_of_paper_names_the_state_of_the_data(shown: Open, name: str) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(shown(name).pdf(format="A4"))
    sheets = [sheet.get_textpage().get_text_bounded() for sheet in document]
    assert len(sheets) > 1
    assert all("SYNTHETIC TWIN" in sheet for sheet in sheets)


@every_page
def test_the_first_tab_skips_to_the_content(pages: Path, browser_page: Open, name: str) -> None:
    page = browser_page(pages / name)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@every_page
def test_the_keyboard_reaches_and_opens_every_table(
    pages: Path, browser_page: Open, name: str
) -> None:
    page = browser_page(pages / name)
    tables = page.locator("details").count()
    opened: set[str] = set()
    for _ in range(6 * tables + 60):
        page.keyboard.press("Tab")
        name, words, outline = page.evaluate(FOCUS)
        if name == "SUMMARY" and words not in opened:
            assert outline == "solid"
            page.keyboard.press("Enter")
            opened.add(words)
        if len(opened) == tables:
            break
    assert tables > 0
    assert page.locator("details[open]").count() == tables
    assert len(opened) == tables, "two tables are announced by the same words"


def test_a_name_cannot_become_markup(tmp_path: Path, browser_page: Open) -> None:
    hostile = [
        "<script>document.title='x'</script>",
        '"><img src=x onerror=alert(1)>',
        "]]></style></svg><b>",
        "\u202egnp.exe",
        "{{ 7 * 7 }} $\\frac{1}{0}$",
    ]
    build_site(site(hostile, project_name=hostile[1], owner=hostile[0]), tmp_path / "reports")
    page = browser_page(tmp_path / "reports" / FILES[0])
    for name in FILES:
        page.goto((tmp_path / "reports" / name).as_uri())
        assert page.title().startswith("SYNTHETIC TWIN")
        assert page.locator("script, img, b, [onerror]").count() == 0
        assert page.complaints == []
        assert "\u202e" not in page.content()
    text = page.locator("main").inner_text()
    assert "<U+202E>gnp.exe" in text
    assert "{{ 7 * 7 }}" in text


def test_the_tests_of_pages_look_at_every_page(pages: Path) -> None:
    assert sorted(path.name for path in pages.iterdir()) == sorted(FILES)
    for path in pages.iterdir():
        assert not re.search(r"https?://(?!www\.w3\.org)", path.read_text(encoding="utf-8"))

"""The documents as a validator opens them: in a window, on a phone, without the network."""

from pathlib import Path
from typing import Any

import pytest

NAMES = ("model-card", "data-sheet", "validation-report", "inventory-entry", "change-log")
# What reaches over the right edge of the window and does not scroll in a frame of its own.
OVER_THE_EDGE = """() => [...document.querySelectorAll("body *")].filter(node =>
  node.getClientRects().length && !node.closest(".scroll, svg, .hidden, .skip")
  && node.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(node => node.outerHTML.slice(0, 120))"""
# Tables of which a part can only be seen by scrolling.
CUT = """() => [...document.querySelectorAll(".scroll")].filter(frame =>
  frame.scrollWidth > frame.clientWidth + 1).map(frame => frame.textContent.trim().slice(0, 60))"""


@pytest.mark.parametrize("name", NAMES)
def test_a_document_fits_is_accessible_and_asks_nobody(
    name: str, browser: Any, unwritten: Path
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = (unwritten / f"{name}.html").as_uri()
    page.goto(address)
    assert [url for url in asked if url != address and not url.startswith("data:")] == []
    assert page.evaluate(OVER_THE_EDGE) == []
    if name == "change-log":
        assert page.locator(".scroll table").count() >= 3
        assert page.evaluate(CUT) == []
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found] == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(OVER_THE_EDGE) == []
    page.close()

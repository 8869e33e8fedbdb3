"""The pages of a whole site, and their windows in the headless browser."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from sample_site import site

from regulated_ml.reports.site import FILES, build_site


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole site, of a twin; only read it."""
    folder = tmp_path_factory.mktemp("site") / "reports"
    build_site(site(), folder)
    return folder


@pytest.fixture(scope="session")
def texts(pages: Path) -> dict[str, str]:
    """The pages of that site by their names."""
    return {name: (pages / name).read_text(encoding="utf-8") for name in FILES}


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a file in a window of its own: `browser_page(path, width=360)`."""
    contexts: list[Any] = []
    yield partial(_opened, browser, contexts)
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def shown(browser: Any, pages: Path) -> Iterator[Callable[[str], Any]]:
    """A page of the site by its name, opened once for all tests that only look at it."""
    contexts: list[Any] = []
    yield cache(lambda name: _opened(browser, contexts, pages / name))
    for context in contexts:
        context.close()


@pytest.fixture
def unfolded(shown: Callable[[str], Any]) -> Iterator[Callable[..., Any]]:
    """The same pages with every table open, in a window of the given width: a phone's."""
    left: list[Any] = []

    def unfold(name: str, width: int = 360) -> Any:
        page = shown(name)
        left.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return page

    yield unfold
    for page in left:
        page.set_viewport_size({"width": 1200, "height": 900})
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")


@pytest.fixture
def printed(shown: Callable[[str], Any]) -> Iterator[Callable[[str], Any]]:
    """The same pages as they are on paper, between the margins of A4."""
    left: list[Any] = []

    def put_on_paper(name: str) -> Any:
        page = shown(name)
        left.append(page)
        page.set_viewport_size({"width": 680, "height": 900})
        page.emulate_media(media="print")
        return page

    yield put_on_paper
    for page in left:
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1200, "height": 900})


def _opened(
    browser: Any, contexts: list[Any], path: Path, width: int = 1200, **options: Any
) -> Any:
    """A page with two lists more: `requests`, what it asked for besides itself, and `complaints`,
    what the browser's console said.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    contexts.append(context)
    page = context.new_page()
    page.requests, page.complaints = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    page.requests.remove(path.as_uri())
    return page

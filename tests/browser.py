"""One headless browser a process: Playwright can be started only once in it.

On a machine without one the tests say that it is missing.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = (
    "Chromium is missing: install it (Debian: apt-get install chromium), or name it in CHROMIUM"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, started once."""
    sync = pytest.importorskip("playwright.sync_api", reason="the package playwright is missing")
    command = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)
    if command is None:
        pytest.skip(MISSING)
    # Chromium's own sandbox needs rights that containers and root do not have.
    with sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        yield chromium
        chromium.close()

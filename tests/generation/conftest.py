"""The fixture of the tests of generation, and the marker of those that run for half an hour."""

from pathlib import Path

import pytest

from generation.place import Place

MARKER = "exhaustive: 20,000 examples for each prompt; runs only with -m exhaustive"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "exhaustive" in config.getoption("-m"):
        return
    for item in items:
        if item.get_closest_marker("exhaustive"):
            item.add_marker(pytest.mark.skip(reason=MARKER))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty output folder and an empty home."""
    return Place(tmp_path)

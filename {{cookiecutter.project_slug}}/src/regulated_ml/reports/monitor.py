"""The page of monitoring, written by its own command beside the site's pages."""

from collections.abc import Sequence
from pathlib import Path

from regulated_ml.files import write_text
from regulated_ml.reports.inputs import weakest
from regulated_ml.reports.pages import monitor
from regulated_ml.reports.pages.monitor import Judged, Watched
from regulated_ml.reports.rendering import templates
from regulated_ml.reports.security import FOLDER, frame
from regulated_ml.reports.site import INDEX
from regulated_ml.settings import Settings

__all__ = ["FILE", "WINDOWS", "Judged", "Watched", "write"]

FILE = "monitor.html"
WINDOWS = 200  # of a version, that are read for its page


def write(settings: Settings, found: Sequence[Watched], states: Sequence[str]) -> Path:
    """Writes the page; raises OSError when it cannot be written.

    Args:
        settings: of the repository.
        found: every version that is monitored, one at least.
        states: of the tables that their models were trained on.
    """
    path = settings.root / FOLDER / FILE
    page = monitor.page(path.name, found)
    links = [(INDEX, "Overview")] if path.with_name(INDEX).is_file() else []
    text = (
        templates()
        .get_template("page.html.j2")
        .render(
            site=frame(settings),
            state=weakest(states),
            here=path.name,
            links=[*links, (path.name, page.label)],
            page=page,
        )
    )
    write_text(path, text)
    return path

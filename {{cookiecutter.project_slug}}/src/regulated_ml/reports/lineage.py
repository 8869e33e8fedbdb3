"""The page of a lineage, written by its own command beside the site's pages."""

from collections.abc import Sequence
from pathlib import Path

from regulated_ml.files import write_text
from regulated_ml.reports.pages import lineage
from regulated_ml.reports.rendering import templates
from regulated_ml.reports.security import FOLDER, frame
from regulated_ml.reports.site import INDEX
from regulated_ml.settings import Settings
from regulated_ml.tracking.lineage import Row


def write(settings: Settings, run_id: str, rows: Sequence[Row]) -> Path:
    """Writes the page of a run's lineage; raises OSError when it cannot be written."""
    path = settings.root / FOLDER / f"lineage-{run_id}.html"
    page = lineage.page(path.name, run_id, rows)
    links = [(INDEX, "Overview")] if path.with_name(INDEX).is_file() else []
    template = templates().get_template("page.html.j2")
    text = template.render(
        site=frame(settings),
        state=None,
        here=path.name,
        links=[*links, (path.name, page.label)],
        page=page,
    )
    write_text(path, text)
    return path

"""The page of a lineage, written by its own command beside the site's pages."""

import re
from collections.abc import Sequence
from pathlib import Path

from regulated_ml.files import write_text
from regulated_ml.reports.inputs import weakest
from regulated_ml.reports.pages import lineage
from regulated_ml.reports.rendering import templates
from regulated_ml.reports.security import FOLDER, frame
from regulated_ml.reports.site import INDEX
from regulated_ml.settings import Settings
from regulated_ml.tracking.lineage import SOURCE, Row
from regulated_ml.tracking.predictions import Prediction

LONGEST = 100  # letters of a name in a file's name


def write(
    settings: Settings,
    name: str,
    target: str,
    rows: Sequence[Row],
    prediction: Prediction | None = None,
) -> Path:
    """Writes the page of the lineage of something; raises OSError when it cannot be written.

    Args:
        settings: of the repository.
        name: what it is the lineage of: a run, a version, an endpoint, a prediction.
        target: the id of its row.
        rows: the lineage.
        prediction: what was sent and answered, where it is the lineage of one.
    """
    # A prediction's id is whatever the caller of the endpoint has made up.
    word = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:LONGEST]
    path = settings.root / FOLDER / f"lineage-{word}.html"
    page = lineage.page(path.name, name, target, rows, prediction)
    tables = [str(row.parameters["state"]) for row in rows if row.step == SOURCE]
    links = [(INDEX, "Overview")] if path.with_name(INDEX).is_file() else []
    template = templates().get_template("page.html.j2")
    text = template.render(
        site=frame(settings),
        state=weakest(tables) if tables else None,
        here=path.name,
        links=[*links, (path.name, page.label)],
        page=page,
    )
    write_text(path, text)
    return path

"""The pages about security: of the controls, and of an audit. Each stands for itself.

They lie beside the site's pages, are written by their own commands, and stay when the site is built
anew. Their names carry the environment, so that one environment's page does not replace another's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regulated_ml.files import write_text
from regulated_ml.reports.pages import audit, controls
from regulated_ml.reports.rendering import templates
from regulated_ml.reports.site import INDEX
from regulated_ml.security import exceptions
from regulated_ml.security.audit.findings import Audit
from regulated_ml.security.overview import Overview
from regulated_ml.settings import Settings

FOLDER = "reports"


@dataclass(frozen=True)
class Frame:
    """What the frame of a page says; the names are those of `SiteInput`."""

    project_name: str
    owner: str
    classification: str
    environment: str
    exceptions: list[dict[str, Any]]


def write_controls(settings: Settings, found: Overview) -> Path:
    """Writes the page of controls; raises OSError when it cannot be written."""
    return _write(settings, "controls", {"page": controls.page(found)})


def write_audit(settings: Settings, found: Audit) -> Path:
    """Writes the page of an audit; raises OSError when it cannot be written."""
    return _write(settings, "audit", {"page": audit.page(found)})


def _write(settings: Settings, kind: str, content: Mapping[str, Any]) -> Path:
    folder = settings.root / FOLDER
    file = name(kind, settings.environment)
    template = templates().get_template(f"{kind}.html.j2")
    links = _links(folder, settings.environment, file)
    around = frame(settings)
    write_text(
        folder / file, template.render(site=around, state=None, here=file, links=links, **content)
    )
    return folder / file


def name(kind: str, environment: str) -> str:
    """The file of a page: audit-dev.html."""
    return f"{kind}-{environment}.html"


def _links(folder: Path, environment: str, here: str) -> list[tuple[str, str]]:
    """This page, and those of the others that are there."""
    pages = [
        (INDEX, "Overview"),
        (name("controls", environment), "Controls"),
        (name("audit", environment), "Audit"),
    ]
    return [(file, label) for file, label in pages if file == here or (folder / file).is_file()]


def frame(settings: Settings) -> Frame:
    """What the frame of a page of this repository says."""
    project = settings.project
    return Frame(
        project_name=project.project_name,
        owner=project.owner_name,
        classification=project.data_classification,
        environment=settings.environment,
        exceptions=exceptions.in_force(settings),
    )

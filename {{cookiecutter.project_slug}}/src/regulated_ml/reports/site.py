"""Builds the site: pages rendered from templates, written beside the old site, swapped in."""

from collections.abc import Callable, Mapping
from pathlib import Path

from regulated_ml.reports.elements import Page
from regulated_ml.reports.folder import replacing_folder
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages import data, explanation, fairness, model, robustness
from regulated_ml.reports.pages.start import PARTS, start
from regulated_ml.reports.rendering import templates

__all__ = ["SiteInput", "build_site", "render"]

Progress = Callable[[float, float | None, str | None], None]

INDEX = "index.html"
PAGES = (
    ("the data", data.page),
    ("the model", model.page),
    ("robustness", robustness.page),
    ("fairness", fairness.page),
    ("the explanation", explanation.page),
)
FILES = (INDEX, *(part.file for part in PARTS))


def build_site(
    site: SiteInput,
    destination: Path,
    progress: Progress | None = None,
    *,
    notes: Mapping[str, str] | None = None,
) -> list[Path]:
    """Builds all pages of the site in the folder `destination`; returns them, start page first.

    All pages are rendered before the first is written. They are written to a folder beside
    `destination`, which takes its place as a whole; a site that was there stays when anything
    fails. Files in `destination` that are no page of a site are kept.

    `notes` are texts by file name that belong to these very pages, as what they were made from:
    they come and go with the pages, given the same names at each build.

    Raises OSError when the folder cannot be written.
    """
    pages = render(site, progress)
    content = {**(notes or {}), **pages}
    with replacing_folder(destination, {*FILES, *content}) as folder:
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    return [destination / name for name in pages]


def render(site: SiteInput, progress: Progress | None = None) -> dict[str, str]:
    """The HTML of each page by its file name, the start page first."""
    made: list[Page] = []
    total = len(PAGES) + 1
    for done, (name, make) in enumerate(PAGES):
        _tell(progress, done, total, f"drawing {name}")
        if page := make(site):
            made.append(page)
    _tell(progress, len(PAGES), total, "writing the pages")
    links = [(INDEX, "Overview"), *((page.file, page.label) for page in made)]
    common = {"site": site, "state": site.state, "links": links}
    index = templates().get_template("index.html.j2")
    texts = {INDEX: index.render(start=start(site, made), here=INDEX, **common)}
    template = templates().get_template("page.html.j2")
    texts |= {page.file: template.render(page=page, here=page.file, **common) for page in made}
    _tell(progress, total, total, "pages written")
    return texts


def _tell(progress: Progress | None, done: int, total: int, text: str) -> None:
    if progress is not None:
        progress(done, total, text)

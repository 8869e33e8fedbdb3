"""The templates, ready to render: all texts escaped and cleaned."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from regulated_ml.reports.words import clean

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates() -> jinja2.Environment:
    """Templates that escape whatever they are given, and that fail on a name they do not know."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["stylesheet"] = Markup((TEMPLATES / "style.css").read_text("utf-8"))
    return environment


def _visible(value: Any) -> Any:
    """No text reaches a page with characters that hide or reorder what stands beside them."""
    return value if hasattr(value, "__html__") else clean(value)

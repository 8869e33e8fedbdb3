"""A picture as part of a page: inline SVG with ids of its own and a text for who cannot see it."""

import re
import xml.etree.ElementTree as ET

from markupsafe import Markup

from regulated_ml.reports.words import clean

SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
PROSE = (f"{SVG}metadata", f"{SVG}style")
COORDINATES = ("d", "x", "y", "width", "height", "transform", "points", "cx", "cy", "r")
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
REFERENCE = re.compile(r"url\(#([^)]+)\)")

ET.register_namespace("", SVG.strip("{}"))
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def embed(svg: str, name: str, alternative: str) -> Markup:
    """The SVG as part of a page: scales with its column, is announced by its alternative text.

    `name` is unique on the page; it becomes the beginning of every id inside.
    """
    root = ET.fromstring(svg)
    for parent in root.iter():
        for child in [c for c in parent if c.tag in PROSE]:
            parent.remove(child)
        if parent.tag != f"{SVG}text":
            parent.text = parent.tail = None
    for node in root.iter():
        _shorten(node)
        _rename(node, name)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.attrib.pop("version", None)
    title = ET.Element(f"{SVG}title", {"id": f"{name}-title"})
    title.text = clean(alternative)
    root.insert(0, title)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    return Markup(ET.tostring(root, encoding="unicode"))


def _shorten(node: ET.Element) -> None:
    """A hundredth of a point is finer than any screen."""
    for key in COORDINATES:
        if key in node.attrib:
            node.attrib[key] = LONG_NUMBER.sub(lambda m: f"{float(m[0]):.2f}", node.attrib[key])


def _rename(node: ET.Element, name: str) -> None:
    for key, value in node.attrib.items():
        if key == "id":
            node.attrib[key] = f"{name}-{value}"
        elif key == XLINK_HREF and value.startswith("#"):
            node.attrib[key] = f"#{name}-{value[1:]}"
        elif "url(#" in value:
            node.attrib[key] = REFERENCE.sub(rf"url(#{name}-\1)", value)

"""The table of controls in docs/controls.md; run as a program it writes the table anew."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from regulated_ml.security.overview import Overview, overview
from regulated_ml.settings import load

TEMPLATE = Path(__file__).parents[2]
DOCUMENT = TEMPLATE / "docs/controls.md"
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->\n"
HEAD = ("control", "title", "severity", "operations", "pairs")


def table(found: Overview) -> str:
    """The table in Markdown, and the sums below it."""
    barriers = ("fills", "refuses", "denies", "stops", "finds")
    lines = [_line((*HEAD, *barriers, "exception")), _line(["---"] * (len(HEAD) + 6))]
    for entry in found.entries:
        control = entry.control
        counts = (len(entry.operations), len(entry.pairs), *entry.barriers)
        excepted = "possible" if control.can_be_excepted else "never"
        cells = (control.id, control.title, control.severity, *(n or "–" for n in counts), excepted)
        lines.append(_line(cells))
    sums = found.counts
    lines.append(
        f"\n{sums['controls']} controls, {sums['operations']} operations, {sums['pairs']} pairs.\n"
    )
    return "\n".join(lines)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def written() -> str:
    """The table that stands in the document."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    return rest.partition(END)[0]


def main() -> None:
    """Writes the table anew."""
    from commands import ANSWERS, cookiecutter

    with tempfile.TemporaryDirectory() as folder:
        cookiecutter(Path(folder), "--config-file", str(ANSWERS))
        (repository,) = Path(folder).iterdir()
        found = overview(load(repository))
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}{table(found)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

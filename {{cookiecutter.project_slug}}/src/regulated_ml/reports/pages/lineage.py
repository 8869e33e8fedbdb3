"""The page of a lineage: the picture, a row for each step, and every file with its hash."""

from collections.abc import Sequence

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.plots import lineage as plots
from regulated_ml.reports.words import NOTHING, plural
from regulated_ml.tracking.lineage import SOURCE, Row, broken


def page(file: str, target: str, rows: Sequence[Row]) -> Page:
    """The page of the lineage of a run."""
    steps = [row for row in rows if row.step != SOURCE]
    mistakes = broken(rows)
    finding = (
        f"{plural(len(steps), 'step')} from one table, each file by its hash"
        if not mistakes
        else f"The chain does not close in {plural(len(mistakes), 'place')}"
    )
    return Page(
        file=file,
        label="Lineage",
        finding=finding,
        lead=f"Where {target} comes from, and what was made from it.",
        sections=(
            Section(
                topic="Graph",
                finding="From the table to what was found about the model",
                text=tuple(f"{sentence}." for sentence in mistakes),
                figure=Figure(
                    name="lineage",
                    svg=plots.graph(rows, target),
                    alternative=" from ".join(row.step for row in reversed(rows)),
                    reading="An arrow leads from what was made to what was made from it.",
                    table=_steps(rows),
                ),
            ),
            Section(
                topic="Files",
                finding="What each step has read and made",
                tables=tuple(_files(row) for row in rows),
            ),
        ),
    )


def _steps(rows: Sequence[Row]) -> Table:
    head = ("Step", "Id", "Started", "Seconds", "Who", "Commit", "Job on AWS")
    return Table(
        caption="Steps",
        align="lllrlll",
        head=head,
        rows=tuple(
            (
                row.step,
                row.id,
                row.started[:19].replace("T", " "),
                NOTHING if row.seconds is None else f"{row.seconds:.1f}",
                row.user,
                _commit(row),
                row.job or NOTHING,
            )
            for row in rows
        ),
    )


def _commit(row: Row) -> str:
    if row.dirty is None:
        return NOTHING
    return f"{(row.commit or 'none')[:12]}{' and changes' if row.dirty else ''}"


def _files(row: Row) -> Table:
    return Table(
        caption=f"{row.step}, {row.id}",
        align="lll",
        head=("", "File", "SHA-256"),
        rows=(
            *(("read", place, digest) for place, digest in row.inputs.items()),
            *(("made", place, digest) for place, digest in row.outputs.items()),
        ),
    )

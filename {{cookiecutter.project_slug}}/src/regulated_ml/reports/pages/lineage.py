"""The page of a lineage: the picture, who did what, and every file with its hash."""

from collections.abc import Iterator, Sequence

from regulated_ml.reports.elements import Figure, Page, Section, Table
from regulated_ml.reports.plots import lineage as plots
from regulated_ml.reports.words import NOTHING, capital, plural
from regulated_ml.tracking.lineage import PREDICTION, SOURCE, Row, broken
from regulated_ml.tracking.predictions import Prediction
from regulated_ml.tracking.registry import ACTS, VERSION


def page(
    file: str, name: str, target: str, rows: Sequence[Row], prediction: Prediction | None = None
) -> Page:
    """The page of the lineage of what is called so; `target` is the id of its row."""
    acts = [row for row in rows if row.step in ACTS]
    return Page(
        file=file,
        label="Lineage",
        finding=_finding(rows),
        lead=f"Where {name} comes from, and what was made from it.",
        sections=(
            Section(
                topic="Graph",
                finding="From the table to what was made of it",
                text=tuple(f"{sentence}." for sentence in (*_marks(rows), *broken(rows))),
                figure=Figure(
                    name="lineage",
                    svg=plots.graph(rows, target),
                    alternative=" from ".join(row.title for row in reversed(rows)),
                    reading="An arrow leads from what was made to what was made from it.",
                    table=_steps(rows),
                ),
            ),
            *([_asked(prediction)] if prediction else []),
            *([_decided(acts)] if acts else []),
            Section(
                topic="Files",
                finding="What each step has read and made",
                tables=tuple(_files(row) for row in rows if row.inputs or row.outputs),
            ),
        ),
    )


def _finding(rows: Sequence[Row]) -> str:
    """How far the chain goes, or that it does not close."""
    if marks := _marks(rows):
        return f"The audit trail does not have {plural(len(marks), 'record')} as it is here"
    if mistakes := broken(rows):
        return f"The chain does not close in {plural(len(mistakes), 'place')}"
    acts = sum(row.step in ACTS for row in rows)
    jobs = sum(row.step not in (*ACTS, SOURCE, PREDICTION) for row in rows)
    done = f" and {plural(acts, 'act')} on the model" if acts else ""
    return f"{plural(jobs, 'step')} from one table{done}, each file by its hash"


def _marks(rows: Sequence[Row]) -> list[str]:
    """What the audit trail says against records of these rows."""
    return [
        f"{row.id} is not as the audit trail has it: {row.finding}" for row in rows if row.finding
    ]


def _asked(prediction: Prediction) -> Section:
    """What was sent, and what was answered."""
    facts = Table("The request", "ll", ("Fact", "Value"), prediction.facts)
    head = tuple(capital(word) for word in prediction.head)
    values = Table("Score, decision and features", "l" + "r" * len(head[1:]), head, prediction.rows)
    finding = "What was asked, and what was answered"
    notes = tuple(f"{capital(note)}." for note in prediction.notes)
    return Section(topic="Prediction", finding=finding, text=notes, tables=(facts, values))


def _decided(acts: Sequence[Row]) -> Section:
    """What persons did with the model, and on what grounds."""
    table = Table(
        caption="Acts",
        align="lllll",
        head=("Act", "Environment", "When", "Who", "What was said"),
        rows=tuple(
            (
                row.title,
                row.environment,
                row.started[:19].replace("T", " "),
                row.user,
                "; ".join(_said(row)) or NOTHING,
            )
            for row in acts
        ),
    )
    return Section(topic="Acts", finding="Who did what with the model", tables=(table,))


def _said(row: Row) -> Iterator[str]:
    """What was said in words, such as a reason; all of it is in the record."""
    for name, value in row.parameters.items():
        if name != VERSION and isinstance(value, str) and value:
            yield f"{name}: {value}"


def _steps(rows: Sequence[Row]) -> Table:
    head = ("Step", "Id", "Started", "Seconds", "Who", "Commit", "Job on AWS")
    return Table(
        caption="Steps",
        align="lllrlll",
        head=head,
        rows=tuple(
            (
                row.title,
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
        caption=f"{row.title}, {row.id}",
        align="lll",
        head=("", "File", "SHA-256"),
        rows=(
            *(("read", place, digest) for place, digest in row.inputs.items()),
            *(("made", place, digest) for place, digest in row.outputs.items()),
        ),
    )

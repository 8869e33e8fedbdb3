"""What each test has found, in the words, pictures and tables of the report's pages.

So that a document and a page never say two things, a test is a list of sections of those pages.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from regulated_ml.documents import checks
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.shared import commit
from regulated_ml.reports.elements import Card, Section, Table
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.pages import model as model_page
from regulated_ml.reports.words import decimal, plural, whole


@dataclass(frozen=True)
class Result:
    """What a test has found."""

    finding: str
    signs: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    tables: tuple[Table, ...] = ()


class Shown(NamedTuple):
    """The sections of a page that tell what a test has found, the first one in its headline."""

    page: str
    topics: tuple[str, ...]
    signs: Callable[[Evidence], Iterator[str]]


PAGES: Mapping[str, Shown] = {
    "calibration": Shown("Model", ("Calibration",), checks.calibration),
    "decisions": Shown("Model", ("Thresholds and costs",), checks.decisions),
    "bands": Shown("Model", ("Score bands",), checks.bands),
    "challenger": Shown("Model", ("Challenger",), checks.challenger),
    "training": Shown("Model", ("Training",), checks.training),
    "stability": Shown(
        "Robustness",
        (
            "Training and test",
            "Distribution of scores",
            "Distribution of features",
            "Segments",
            "Periods",
        ),
        checks.stability,
    ),
    "sensitivity": Shown("Robustness", ("Sensitivity", "Declared directions"), checks.sensitivity),
    "explanation": Shown(
        "Explanation", ("Additivity", "Importance", "Reason codes"), checks.explanation
    ),
    "fairness": Shown(
        "Fairness",
        (
            "Selection rate",
            "True positive rate",
            "False positive rate",
            "Calibration by group",
            "AUC by group",
            "Proxies",
            "Reason codes by group",
        ),
        checks.fairness,
    ),
}
# Tables that the document has at another test, or points that the picture shows as well.
DRAWN_ONLY = {"Ranking", "Challenger", "Training", "Thresholds and costs", "Distribution of scores"}
LONGEST = 40  # rows of a table; the run's own files and the report's pages have them all


def result(key: str, evidence: Evidence) -> Result | None:
    """What the test of this key has found, or None where it was not made."""
    if key in OTHERS:
        return OTHERS[key](evidence)
    shown = PAGES[key]
    page = evidence.sections.get(shown.page, {})
    found = [page[topic] for topic in shown.topics if topic in page]
    return _joined(key, found, tuple(shown.signs(evidence))) if found else None


def _joined(key: str, found: list[Section], signs: tuple[str, ...]) -> Result:
    first, *others = found
    plain = [
        sentence
        for section in others
        if section.figure is None
        for sentence in (f"{section.finding}.", *section.text)
    ]
    return Result(
        finding=first.finding,
        signs=signs,
        text=(*(first.text if first.figure is None else ()), *plain),
        cards=tuple(card for section in found for card in _cards(key, section)),
        tables=tuple(table for section in found for table in _tables(section)),
    )


def _cards(key: str, section: Section) -> Iterator[Card]:
    """The picture under its finding; its table stands with the other tables of the test."""
    if section.figure:
        name = f"{key}-{section.figure.name}"  # several pages' pictures meet in one document
        figure = replace(section.figure, name=name, table=None)
        yield Card(section.finding, figure, " ".join(section.text))


def _tables(section: Section) -> Iterator[Table]:
    """The tables, each as long as a reader of paper has patience for."""
    drawn = section.figure.table if section.figure else None
    for table in (*section.tables, *([drawn] if drawn else [])):
        if table is not drawn or section.topic not in DRAWN_ONLY:
            count = len(table.rows)
            cut = f"{table.caption} (the first {LONGEST} of {count})"
            yield (
                table
                if count <= LONGEST
                else replace(table, caption=cut, rows=table.rows[:LONGEST])
            )


def _discrimination(evidence: Evidence) -> Result | None:
    """The headline is the AUC with its interval, and a validator's own samples stand beside."""
    found, page = evidence.site.evaluation, evidence.sections.get("Model", {})
    if found is None:
        return None
    ranking = _joined("discrimination", [page["Ranking"]], ())
    return replace(
        ranking,
        finding=findings.auc(found, evidence.site.vocabulary.event),
        signs=tuple(checks.discrimination(evidence)),
        text=(
            *(_own_sample(run.parameters.get("sample"), run.metrics) for run in evidence.others),
        ),
        tables=(model_page.metrics_table(found),),
    )


def _own_sample(name: Any, metrics: Mapping[str, Any]) -> str:
    value, low, high = (decimal(metrics.get(key)) for key in ("auc", "auc_low", "auc_high"))
    return f"On the validator’s own sample “{name}” the AUC is {value} ({low} to {high})."


def _data(evidence: Evidence) -> Result:
    data = evidence.runs["prepare"].data
    missing = (evidence.summary or {}).get("missing") or {}
    rows = tuple((name, whole(count)) for name, count in missing.items())
    finding = (
        f"{plural(data.rows, 'row')}, {plural(data.violations, 'violation')}, "
        f"{plural(len(missing), 'feature')} with missing values"
    )
    table = Table("Missing values", "lr", ("Feature", "Rows"), rows)
    signs = tuple(checks.data(evidence))
    return Result(finding, signs, tables=(table,) if rows else ())


def _reproducibility(evidence: Evidence) -> Result:
    model = evidence.model
    locked = "with a lock file" if model.dependencies.lock else "without a lock file"
    files = sum(len(run.artifacts) for run in evidence.runs.values())
    return Result(
        f"Made from commit {commit(model.commit)}, {locked}; {plural(files, 'file')} by hash",
        tuple(checks.reproducibility(evidence)),
    )


OTHERS: Mapping[str, Callable[[Evidence], Result | None]] = {
    "data": _data,
    "discrimination": _discrimination,
    "reproducibility": _reproducibility,
}

"""The data sheet: where the rows come from, what is in them, how they were divided."""

from regulated_ml.documents import persons, shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.results import result
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Document, Part, present
from regulated_ml.reports.elements import Card, Table
from regulated_ml.reports.pages import data as data_page
from regulated_ml.reports.words import NOTHING, percent, plural, quantity, whole
from regulated_ml.settings import Column

NAME = "data-sheet"


def document(evidence: Evidence) -> Document:
    """The data sheet of a version's table."""
    data = evidence.model.data
    return Document(
        name=NAME,
        label="Data sheet",
        title=data.name,
        lead=evidence.settings.dataset.description,
        open=evidence.open,
        parts=present(
            [
                _source(evidence),
                _collection(evidence),
                _columns(evidence),
                _split(evidence),
                _quality(evidence),
                *_sections(evidence),
                _protected(evidence),
                shared.regulations(evidence),
            ]
        ),
    )


def _source(evidence: Evidence) -> Part:
    data, dataset = evidence.model.data, evidence.settings.dataset
    return Part(
        topic="Source",
        finding=evidence.site.state.sentence.rstrip("."),
        clauses=shared.clauses(evidence, "data", "lineage"),
        facts=(
            ("Table", data.name),
            ("File", data.file),
            ("Rows", whole(data.rows)),
            ("State", data.state),
            ("Fingerprint", f"SHA-256 {data.fingerprint}"),
            ("Agreed fingerprint", dataset.source.sha256 or "none in dataset.yaml"),
            ("Addresses", ", ".join(dataset.source.addresses) or "none"),
            ("Licence", dataset.license or NOTHING),
            ("Citation", dataset.citation or NOTHING),
            ("Classification", evidence.settings.project.data_classification),
        ),
    )


def _collection(evidence: Evidence) -> Part:
    written = evidence.written.data
    return Part(
        topic="Collection",
        finding="How the rows came to be, and whom they stand for",
        clauses=shared.clauses(evidence, "data", "impact"),
        facts=(
            ("Collection", persons.word(written.collection)),
            ("Legal basis", persons.word(written.legal_basis)),
            ("Representativeness", persons.word(written.representativeness)),
        ),
    )


def _columns(evidence: Evidence) -> Part:
    columns = evidence.settings.dataset.columns
    rows = tuple(
        (
            column.name,
            column.role,
            column.type,
            column.description,
            _allowed(column),
            "never" if column.required else "may be",
        )
        for column in columns
    )
    head = ("Column", "Role", "Type", "Meaning", "Allowed", "Missing")
    undocumented = [column.name for column in columns if column.undocumented]
    return Part(
        topic="Columns",
        finding=f"{plural(len(columns), 'column')}, each with its meaning and what it may hold",
        clauses=shared.clauses(evidence, "data"),
        signs=(
            (
                Sign(
                    "data.undocumented",
                    f"Codes occur that nobody has documented in {', '.join(undocumented)}.",
                ),
            )
            if undocumented
            else ()
        ),
        tables=(Table("Columns", "llllll", head, rows),),
    )


def _allowed(column: Column) -> str:
    if column.values:
        codes = [f"{code} {words}" for code, words in column.values.items()]
        unknown = [f"{code} undocumented" for code in column.undocumented]
        return ", ".join([*codes, *unknown])
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        return NOTHING
    ends = " to ".join(quantity(end) if end is not None else "any" for end in (low, high))
    return f"{ends} {column.unit}".rstrip()


def _split(evidence: Evidence) -> Part | None:
    found = evidence.summary
    if found is None:
        return None
    split = evidence.settings.model.split
    rows = tuple(
        (name, whole(part["rows"]), percent(part["label_rate"]))
        for name, part in found["splits"].items()
    )
    left = tuple((each["column"], each["reason"]) for each in found.get("left_out", ()))
    way = f"by time, in {split.time_column}" if split.time_column else "at random"
    tables = [Table("Samples", "lrr", ("Sample", "Rows", "Label rate"), rows)]
    if left:
        tables.append(Table("Columns left out", "ll", ("Column", "Why"), left))
    return Part(
        topic="Preparation",
        finding=f"{whole(found['rows'])} rows were divided {way}, with seed {split.seed}",
        clauses=shared.clauses(evidence, "data", "development"),
        tables=tuple(tables),
    )


def _quality(evidence: Evidence) -> Part | None:
    found = result("data", evidence)
    if found is None:
        return None
    return Part(
        topic="Quality",
        finding=found.finding,
        clauses=shared.clauses(evidence, "data"),
        text=found.text,
        signs=found.signs,
        tables=found.tables,
    )


def _sections(evidence: Evidence) -> list[Part]:
    """What the page about the table says, where the table is still there to be described."""
    site, found = evidence.site, evidence.site.description
    if found is None:
        return [
            Part(
                topic="Description",
                finding="The table is not here, or is another one, so it is not described",
                clauses=shared.clauses(evidence, "data"),
                text=("“rml data fetch” brings it back by its hash.",),
            )
        ]
    rate = found["label"]["rate"] if found.get("label") else None
    sections = (
        data_page.schema(site),
        data_page.label_rates(found, site.vocabulary, rate),
        data_page.missing(found, site.vocabulary),
    )
    return [
        Part(
            topic=section.topic,
            finding=section.finding,
            clauses=shared.clauses(evidence, "data"),
            text=section.text,
            cards=(Card(section.finding, section.figure),) if section.figure else (),
            tables=section.tables,
        )
        for section in sections
        if section
    ]


def _protected(evidence: Evidence) -> Part:
    columns = evidence.settings.dataset.protected
    names = ", ".join(column.name for column in columns)
    return Part(
        topic="Protected attributes",
        finding=f"{names} are measured and not learnt from" if names else "None are in the table",
        clauses=shared.clauses(evidence, "proxies", "data"),
        text=("The role “protected” in dataset.yaml keeps a column from the features.",),
        signs=()
        if names
        else (
            Sign(
                "fairness.no-attributes",
                "Without protected attributes, fairness cannot be measured.",
            ),
        ),
    )

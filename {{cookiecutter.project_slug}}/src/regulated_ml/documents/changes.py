"""The change log between two versions: code, data, configuration, figures, environment."""

from collections.abc import Iterator, Mapping
from typing import Any

from regulated_ml.documents import persons, shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.structure import Document, Part, present
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import NOTHING, is_number, moment, plural, quantity, signed

NAME = "change-log"


def document(evidence: Evidence, before: Evidence | None) -> Document:
    """What has changed since another version; the first version has changed nothing."""
    version = evidence.version
    title = (
        f"{version.name} since {before.version.name}" if before else f"{version.name}, the first"
    )
    return Document(
        name=NAME,
        label="Change log",
        title=f"{evidence.settings.project.project_name} {title}",
        lead="What differs between the records of the two versions.",
        open=evidence.open,
        parts=present(
            [
                _versions(evidence, before),
                *(_compared(evidence, before) if before else ()),
                persons.monitoring(evidence),
            ]
        ),
    )


def _versions(evidence: Evidence, before: Evidence | None) -> Part:
    rows = tuple(
        (
            each.version.name,
            shared.status(each),
            moment(each.version.registered.ended),
            shared.who(each.version.registered.identity),
            shared.commit(each.model.commit),
        )
        for each in (before, evidence)
        if each
    )
    head = ("Version", "Status", "Registered", "By", "Commit")
    return Part(
        topic="Versions",
        finding="Two versions are compared" if before else "There is no version before this one",
        clauses=shared.clauses(evidence, "changes"),
        tables=(Table("Versions", "lllll", head, rows),),
    )


def _compared(now: Evidence, before: Evidence) -> Iterator[Part]:
    answers = shared.clauses(now, "changes")
    sources: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("Code and data", "What the version is made from", _sources(before), _sources(now)),
        ("Configuration", "What the jobs were told", _parameters(before), _parameters(now)),
        ("Environment", "What was installed", _packages(before), _packages(now)),
        ("Figures", "What was found", _metrics(before), _metrics(now)),
    ]
    for topic, what, old, new in sources:
        rows = tuple(_differences(old, new))
        yield Part(
            topic=topic,
            finding=f"{what}: {plural(len(rows), 'difference') if rows else 'no difference'}",
            clauses=answers,
            tables=(
                Table(
                    f"{topic}: {before.version.name} and {now.version.name}",
                    "lwwr",
                    ("What", before.version.name, now.version.name, "Change"),
                    rows,
                ),
            )
            if rows
            else (),
        )


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in sorted({*old, *new}):
        first, second = old.get(name), new.get(name)
        if first != second:
            cells = (NOTHING if value is None else quantity(value) for value in (first, second))
            yield name, *cells, _change(first, second)


def _change(first: Any, second: Any) -> str:
    if not (is_number(first) and is_number(second)):
        return ""
    difference = second - first
    return signed(difference, 0 if float(difference).is_integer() else 4)


def _sources(evidence: Evidence) -> dict[str, Any]:
    model = evidence.model
    archive = model.artifact("model.tar.gz")
    return {
        "commit": model.commit.sha,
        "source files of the jobs (SHA-256)": model.code,
        "data (SHA-256)": model.data.fingerprint,
        "state of the data": model.data.state,
        "rows": model.data.rows,
        "lock file (SHA-256)": model.dependencies.lock,
        "container image": model.dependencies.image_digest,
        "Python": model.dependencies.python,
        "standard": model.standard,
        "model (SHA-256)": archive.sha256 if archive else None,
    }


def _parameters(evidence: Evidence) -> dict[str, Any]:
    return {
        f"{step}: {name}": value
        for step, run in evidence.runs.items()
        for name, value in _flat(run.parameters)
    }


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its path; of a list of columns, those of each name."""
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            named = {str(each.get("name", place)): each for place, each in enumerate(value)}
            yield from _flat(named, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _metrics(evidence: Evidence) -> dict[str, Any]:
    return {name: v for run in evidence.runs.values() for name, v in run.metrics.items()}


def _packages(evidence: Evidence) -> dict[str, Any]:
    return dict(evidence.model.dependencies.packages)

"""What each test has found, in the words, figures and tables that a validation report shows.

Pictures and headlines are those of the report's pages, so that both say the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regulated_ml.documents import checks
from regulated_ml.documents.evidence import Evidence, Json
from regulated_ml.documents.shared import commit
from regulated_ml.reports.elements import Figure, Table
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.pages import model as model_page
from regulated_ml.reports.words import decimal, interval, is_number, percent, plural, whole


@dataclass(frozen=True)
class Result:
    """What a test has found."""

    finding: str
    signs: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


def result(key: str, evidence: Evidence) -> Result | None:
    """What the test of this key has found, or None where it was not made."""
    return RESULTS[key](evidence)


def _data(evidence: Evidence) -> Result:
    site, data = evidence.site, evidence.runs["prepare"].data
    signs = []
    if data.state != "real":
        signs.append(site.state.sentence)
    if data.violations:
        signs.append(f"The table breaks rules of dataset.yaml in {whole(data.violations)} places.")
    unknown = (evidence.summary or {}).get("unknown_codes") or {}
    if unknown:
        signs.append(f"Codes that dataset.yaml does not know occur in {', '.join(unknown)}.")
    missing = (evidence.summary or {}).get("missing") or {}
    rows = tuple((name, whole(count)) for name, count in missing.items())
    finding = (
        f"{plural(data.rows, 'row')}, {plural(data.violations, 'violation')}, "
        f"{plural(len(missing), 'feature')} with missing values"
    )
    table = Table("Missing values", "lr", ("Feature", "Rows"), rows)
    return Result(finding, tuple(signs), tables=(table,) if rows else ())


def _shown(
    topic: str, signs: Callable[[Evidence], Iterator[str]] = checks.nothing
) -> Callable[[Evidence], Result | None]:
    """A test whose picture and headline are those of a section of the pages."""

    def made(evidence: Evidence) -> Result | None:
        section = evidence.sections.get(topic)
        if section is None:
            return None
        figures = (section.figure,) if section.figure else ()
        found = tuple(signs(evidence))
        return Result(section.finding, found, section.text, figures, section.tables)

    return made


def _discrimination(evidence: Evidence) -> Result | None:
    found = evidence.site.evaluation
    section = evidence.sections.get("Ranking")
    if found is None or section is None or section.figure is None:
        return None
    others = [_own_sample(run.parameters.get("sample"), run.metrics) for run in evidence.others]
    return Result(
        findings.auc(found, evidence.site.vocabulary.event),
        tuple(checks.discrimination(evidence)),
        (section.finding + ".", *others),
        (section.figure,),
        (model_page.metrics_table(found),),
    )


def _own_sample(name: Any, metrics: Mapping[str, Any]) -> str:
    low, high = decimal(metrics.get("auc_low")), decimal(metrics.get("auc_high"))
    return (
        f"On the validator's own sample “{name}” the AUC is {decimal(metrics.get('auc'))} "
        f"({low} to {high})."
    )


def _stability(evidence: Evidence) -> Result | None:
    found = evidence.site.stability
    if found is None:
        return None
    scores, auc = found["scores"], found["auc"]
    finding = (
        f"PSI of the scores {_value(scores['psi'])}; the AUC falls by "
        f"{_value(auc['drop'])} from training to test rows"
    )
    tables = [
        Table(
            "AUC by sample",
            "lrr",
            ("Sample", "AUC", "Interval"),
            tuple(
                (name, decimal(auc[key]["value"]), interval(auc[key]))
                for name, key in (("Training rows", "train"), ("Test rows", "test"))
                if auc.get(key)
            ),
        ),
        Table(
            "Features by how far they moved between training and test rows",
            "lrr",
            ("Feature", "PSI", "KS"),
            tuple(
                (each["description"], _value(each["psi"]), _value(each["ks"]))
                for each in found["features"]
            ),
        ),
        *_grouped("AUC by segment", found.get("segments")),
        *_grouped("AUC by period", found.get("periods")),
    ]
    resampled = found.get("bootstrap")
    text = (_resampled(resampled),) if resampled else ()
    return Result(finding, tuple(checks.stability(evidence)), text, tables=tuple(tables))


def _resampled(found: Json) -> str:
    spread = found["auc"]
    return (
        f"Over {whole(found['resamples'])} resamples of {whole(found['rows'])} rows the AUC lies "
        f"between {interval(spread)}, with a standard deviation of {decimal(spread['deviation'])}."
    )


def _grouped(caption: str, entries: Any) -> Iterator[Table]:
    """Segments or periods, whose groups have an AUC where there are rows enough."""
    rows = tuple(
        (
            entry.get("description") or entry["name"],
            group["name"],
            whole(group["rows"]),
            decimal((group.get("auc") or {}).get("value")),
            interval(group.get("auc")),
        )
        for entry in entries or ()
        for group in entry.get("groups", ())
    )
    if rows:
        yield Table(caption, "llrrr", ("Column", "Group", "Rows", "AUC", "Interval"), rows)


def _value(estimate: Any) -> str:
    return decimal(estimate.get("value") if isinstance(estimate, Mapping) else estimate)


def _sensitivity(evidence: Evidence) -> Result | None:
    found = evidence.site.sensitivity
    if found is None:
        return None
    rows = tuple(
        (
            each["description"],
            move["move"] + (f" by {decimal(move['by'], 1)}" if is_number(move["by"]) else ""),
            decimal(move["mean_absolute_change"]),
            percent(move["flipped"]),
        )
        for each in found["features"]
        for move in each["moves"]
    )
    monotone = found["monotone"]
    finding = (
        f"{plural(monotone['violations'], 'score')} of {whole(monotone['rows'])} go against one of "
        f"{plural(monotone['declared'], 'promised direction')}"
    )
    head = ("Feature", "Move", "Mean |change|", "Decisions that flip")
    table = Table("What moving one feature does", "llrr", head, rows)
    return Result(finding, tuple(checks.sensitivity(evidence)), tables=(table,))


def _explanation(evidence: Evidence) -> Result | None:
    sections = evidence.sections
    if "Additivity" not in sections:
        return None
    reasons, importance = sections["Reason codes"], sections["Importance"]
    figures = tuple(each.figure for each in (importance, reasons) if each.figure)
    text = (f"{reasons.finding}.", *reasons.text, f"{importance.finding}.")
    return Result(
        sections["Additivity"].finding, tuple(checks.explanation(evidence)), text, figures
    )


def _fairness(evidence: Evidence) -> Result | None:
    found = evidence.site.fairness
    if found is None:
        return None
    lowest = found["summary"]["selection_ratio_lowest"]
    finding = (
        f"The lowest ratio of selection rates is {_value(lowest)} "
        f"({lowest.get('attribute') or lowest.get('group')})"
        if lowest
        else "No protected attribute has two groups that are large enough to compare"
    )
    tables = [_groups(attribute) for attribute in found["attributes"]]
    if found["proxies"]:
        tables.append(_proxies(found["proxies"]))
    return Result(finding, tuple(checks.fairness(evidence)), tables=tuple(tables))


def _groups(attribute: Json) -> Table:
    rates = ("selection_rate", "tpr", "fpr", "precision")
    rows = tuple(
        (
            group["name"],
            whole(group["rows"]),
            *(
                (
                    *(_rate(group.get(rate)) for rate in rates),
                    _value(group.get("selection_ratio")),
                    _value(group.get("auc")),
                )
                if group["enough"]
                else ("too few rows", *[""] * 5)
            ),
        )
        for group in attribute["groups"]
    )
    head = ("Group", "Rows", "Accepted", "TPR", "FPR", "Precision", "Ratio", "AUC")
    return Table(f"{attribute['description']}, by group", "lrrrrrrr", head, rows)


def _rate(estimate: Json | None) -> str:
    if estimate is None:
        return "–"
    ends = f"{percent(estimate['low'])} to {percent(estimate['high'])}"
    return f"{percent(estimate['value'])} ({ends})"


def _proxies(entries: Any) -> Table:
    rows = tuple(
        (
            entry["description"],
            _value(entry.get("auc")),
            interval(entry.get("auc")),
            ", ".join(each["name"] for each in entry.get("features", ())[:3]) or "–",
        )
        for entry in entries
    )
    head = ("Protected attribute", "AUC", "Interval", "Most telling features")
    return Table("How well the features tell a protected attribute", "lrrl", head, rows)


def _reproducibility(evidence: Evidence) -> Result:
    model = evidence.model
    state = f"commit {commit(model)}"
    locked = "with a lock file" if model.dependencies.lock else "without a lock file"
    files = sum(len(run.artifacts) for run in evidence.runs.values())
    return Result(
        f"Made from {state}, {locked}; {plural(files, 'file')} by hash",
        tuple(checks.reproducibility(evidence)),
    )


RESULTS: Mapping[str, Callable[[Evidence], Result | None]] = {
    "data": _data,
    "discrimination": _discrimination,
    "calibration": _shown("Calibration", checks.calibration),
    "decisions": _shown("Thresholds and costs", checks.decisions),
    "bands": _shown("Score bands", checks.bands),
    "challenger": _shown("Challenger", checks.challenger),
    "training": _shown("Training", checks.training),
    "stability": _stability,
    "sensitivity": _sensitivity,
    "explanation": _explanation,
    "fairness": _fairness,
    "reproducibility": _reproducibility,
}

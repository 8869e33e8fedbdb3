"""The start page: the headline, what the other pages found, and where all of it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from regulated_ml.reports.elements import Figure, Page, Table
from regulated_ml.reports.findings import model as findings
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.plots import model as plots
from regulated_ml.reports.words import (
    NOTHING,
    capital,
    clean,
    decimal,
    duration,
    interval,
    listing,
    moment,
    percent,
    short,
    whole,
)

Json = Mapping[str, Any]


class Part(NamedTuple):
    """A page that the site can have, and the command that makes what it shows."""

    file: str
    label: str
    verb: str


PARTS = (
    Part("data.html", "Data", "rml data describe"),
    Part("model.html", "Model", "rml evaluate"),
    Part("robustness.html", "Robustness", "rml evaluate"),
    Part("fairness.html", "Fairness", "rml evaluate"),
    Part("explanation.html", "Explanation", "rml explain"),
)
# The page on which a step's results stand.
STEP_PAGES = {"evaluate": "model.html", "train": "model.html", "explain": "explanation.html"}


class Tile(NamedTuple):
    """A number of the headline."""

    name: str
    value: str
    note: str


class Run(NamedTuple):
    """A line in the table of runs."""

    step: str
    id: str
    page: str  # empty: no page of its own
    started: str
    took: str
    commit: str


@dataclass(frozen=True)
class Start:
    """The content of the start page."""

    finding: str
    lead: str
    tiles: tuple[Tile, ...]
    figure: Figure | None
    pages: tuple[Page, ...]
    missing: tuple[Part, ...]
    warnings: tuple[str, ...]
    runs: tuple[Run, ...]
    facts: tuple[tuple[str, str], ...]


def start(site: SiteInput, pages: Sequence[Page]) -> Start:
    """The start page of a site that has the given other pages."""
    made = {page.file for page in pages}
    return Start(
        finding=next(
            (page.finding for page in pages if page.file == "model.html"),
            "No model has been evaluated yet",
        ),
        lead=_lead(site),
        tiles=_tiles(site.evaluation) if site.evaluation else (),
        figure=_figure(site.evaluation) if site.evaluation else None,
        pages=tuple(pages),
        missing=tuple(part for part in PARTS if part.file not in made),
        warnings=_warnings(site.records),
        runs=tuple(_run(record, made) for record in site.records),
        facts=_facts(site),
    )


def _lead(site: SiteInput) -> str:
    name, rows = clean(site.data["name"]), site.data.get("rows")
    size = f", {whole(rows)} rows" if rows is not None else ""
    return f"{clean(site.project_name)}, on the table {name}{size}."


def _tiles(found: Json) -> tuple[Tile, ...]:
    level = percent(found["auc"].get("confidence", 0.95), 0)
    rows = f"{whole(found['rows'])} rows"
    return (
        Tile("AUC", decimal(found["auc"]["value"]), f"{level} interval {interval(found['auc'])}"),
        Tile("Gini", decimal(found["gini"]), "2 AUC − 1; chance: 0"),
        Tile("KS", decimal(found["ks"]["value"]), "largest distance between the classes"),
        Tile("Brier score", decimal(found["brier"]), "mean squared error of the scores"),
        Tile("Label rate", percent(found["label_rate"]), f"in the sample of {rows}"),
    )


def _figure(found: Json) -> Figure | None:
    rival = found.get("challenger")
    estimates = [("Model", found["auc"])]
    if rival:
        estimates.append((short(rival["name"]).capitalize(), rival["auc"]))
    if any(auc.get(key) is None for _, auc in estimates for key in ("value", "low", "high")):
        return None
    finding = findings.challenger(found) if rival else findings.auc(found, "positive")
    rows = tuple((name, decimal(auc["value"]), interval(auc)) for name, auc in estimates)
    return Figure(
        "headline",
        plots.auc_intervals(estimates),
        f"AUC with interval: {finding}.",
        finding + ".",
        Table("AUC", "lrr", ("Model", "AUC", "Interval"), rows),
    )


def _warnings(records: Sequence[Json]) -> tuple[str, ...]:
    """Each warning once, with the steps that gave it where not all did."""
    steps: dict[str, list[str]] = {}
    for record in records:
        for warning in record.get("warnings") or ():
            steps.setdefault(clean(warning), []).append(clean(record["step"]))
    every = len(records)
    return tuple(
        warning if len(given) == every else f"{capital(listing(given))}: {warning}"
        for warning, given in steps.items()
    )


def _run(record: Json, made: set[str]) -> Run:
    page = STEP_PAGES.get(record["step"], "")
    return Run(
        step=clean(record["step"]),
        id=clean(record["id"]),
        page=page if page in made else "",
        started=moment(record.get("started", NOTHING)),
        took=duration(record.get("seconds")),
        commit=commit_words(record.get("commit") or {}),
    )


def commit_words(commit: Json) -> str:
    """The commit of a run, and whether the code was exactly that."""
    sha = commit.get("sha")
    if not sha:
        note = clean(commit.get("note") or "")
        return f"in no commit: {note}" if note else "in no commit"
    return f"{clean(sha)[:12]}, changed since" if commit.get("dirty") else clean(sha)[:12]


def _facts(site: SiteInput) -> tuple[tuple[str, str], ...]:
    """What a reader must know to trace the site back; rows without a value are left out."""
    commits = list(dict.fromkeys(commit_words(r.get("commit") or {}) for r in site.records))
    rows = (
        ("Project", site.project_name),
        ("Owner", site.owner),
        ("Classification", site.classification),
        ("Environment", site.environment),
        ("Table", site.data.get("name", "")),
        ("State of the data", f"{site.state.label.lower()}. {site.state.sentence}"),
        ("Rows", whole(site.data.get("rows"))),
        ("Fingerprint of the table (SHA-256)", site.data.get("fingerprint") or ""),
        ("License", site.data.get("license") or ""),
        ("Citation", site.data.get("citation") or ""),
        ("Code", "; ".join(commits)),
    )
    return tuple((name, clean(value)) for name, value in rows if value)

"""The page of monitoring: the alerts of the newest window, what they rest on, and the trend."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from regulated_ml.reports.elements import Figure, Page, Section, Table, thinned
from regulated_ml.reports.pages import judged
from regulated_ml.reports.plots import monitor
from regulated_ml.reports.words import (
    NOTHING,
    decimal,
    listing,
    moment,
    percent,
    plural,
    whole,
)

Json = Mapping[str, Any]
SHOWN = 60  # windows of the trend
# Whose scores an alert tells, in the order of its table.
CLIENTS = {
    "before": "At the evaluation",
    "now": "In this window",
    "these": "Those who have changed",
    "others": "The others",
}


class Judged(NamedTuple):
    """A window, as it was judged last."""

    id: str  # of the record
    said: Json  # its parameters
    metrics: Json
    content: Json  # of monitor.json
    ended: str

    @property
    def name(self) -> str:
        """The version and the endpoint."""
        return f"v{self.said['version']} on {self.said['endpoint']}"


class Watched(NamedTuple):
    """A version on an endpoint, and its windows, the oldest first; there is one at least."""

    windows: Sequence[Judged]

    @property
    def last(self) -> Judged:
        """The newest window."""
        return self.windows[-1]


def page(file: str, found: Sequence[Watched]) -> Page:
    """The page of every version that is monitored; `found` has one at least."""
    return Page(
        file=file,
        label="Monitoring",
        finding=_finding(found),
        lead=" ".join(map(_lead, found)),
        sections=tuple(
            section if len(found) == 1 else _named(section, each.last.name)
            for place, each in enumerate(found)
            for section in _sections(each, f" {each.last.name}" if len(found) > 1 else "", place)
        ),
    )


def _named(section: Section, name: str) -> Section:
    """The section with a finding that no section about another version has."""
    return replace(section, finding=f"{name}: {section.finding}")


def _finding(found: Sequence[Watched]) -> str:
    titles = [alert["title"] for each in found for alert in each.last.content["alerts"]]
    if titles:
        return "; ".join(titles[:2]) + (f"; {len(titles) - 2} more" if len(titles) > 2 else "")
    names = listing([each.last.name for each in found])
    return f"No alert: {names} is asked what it was trained on" if len(found) == 1 else "No alert"


def _lead(watched: Watched) -> str:
    last = watched.last
    window, metrics = last.said["window"], last.metrics
    span = f" from {moment(window['first'])} to {moment(window['last'])}" if window["first"] else ""
    rows = metrics.get("rows")
    held = f", {plural(rows, 'client')}" if rows is not None else ""
    return f"{last.name}, window {window['number']}{held}{span}."


def _sections(watched: Watched, suffix: str, place: int) -> Iterator[Section]:
    last, content = watched.last, watched.last.content
    for number, alert in enumerate(content["alerts"], start=1):
        yield _alert(alert, f"Alert {number}{suffix}")
    if tested := [each for each in content["drift"] if each["distance"] is not None]:
        yield judged.drift(tested, last.said["false_alarm_rate"], suffix, place)
    if content["model_quality"]:
        yield judged.quality(content["model_quality"], suffix, place)
    if content["bias"]:
        yield judged.bias(content["bias"], suffix)
    if content["attribution"]:
        yield judged.attribution(content["attribution"], suffix)
    yield _trend(watched, suffix, place)
    yield _lines(last, suffix)


def _alert(alert: Json, topic: str) -> Section:
    scores = [
        (words, decimal(each["mean"]), percent(each["declined"]))
        for name, words in CLIENTS.items()
        if (each := alert["scores"].get(name))
    ]
    table = Table(
        caption=f"Scores, {topic.lower()}",
        align="lrr",
        head=("Clients", "Mean score", "Declined"),
        rows=tuple(scores),
    )
    return Section(
        topic=topic,
        finding=alert["title"],
        text=(
            *(f"{sentence}." for sentence in alert["how_much"]),
            f"Clients: {alert['clients']}.",
            f"What to do next: {alert['next']}",
        ),
        tables=(table,) if scores else (),
    )


def _trend(watched: Watched, suffix: str, place: int) -> Section:
    scored = [each for each in watched.windows if each.content["scores"].get("now")]
    points = [
        monitor.Point(
            str(each.said["window"]["number"]),
            each.content["scores"]["now"]["mean"],
            each.content["scores"]["now"]["declined"],
            len(each.content["alerts"]),
        )
        for each in scored[-SHOWN:]
    ]
    before = watched.last.content["scores"].get("before")
    alarmed = sum(bool(each.content["alerts"]) for each in watched.windows)
    finding = f"{plural(alarmed, 'window')} of {whole(len(watched.windows))} with an alert"
    table = Table(
        caption=f"Windows{suffix}",
        align="lrrrrrrr",
        head=("Last request", "Window", "Clients", "Labels", "Violations", "Alerts", "AUC", "NDCG"),
        rows=tuple(map(_window, thinned(watched.windows, SHOWN))),
    )
    return Section(
        topic=f"Trend{suffix}",
        finding=finding,
        figure=Figure(
            name=f"trend-{place}",
            svg=monitor.trend(points, (before["mean"], before["declined"]) if before else None),
            alternative=f"Mean score and share declined, window by window: {finding}.",
            reading="The dashed line is the evaluation of the version.",
            table=table,
        )
        if points
        else None,
        tables=() if points else (table,),
    )


def _window(each: Judged) -> tuple[str, ...]:
    metrics = each.metrics
    counts = (metrics.get(name) for name in ("rows", "labelled", "violations", "alerts"))
    return (
        moment(each.said["window"]["last"]),
        str(each.said["window"]["number"]),
        *(NOTHING if count is None else whole(count) for count in counts),
        *(decimal(metrics[name]) if name in metrics else NOTHING for name in ("auc", "ndcg")),
    )


def _lines(last: Judged, suffix: str) -> Section:
    """What became of each line, and whatever is odd."""
    counts = last.content.get("counts")
    tables: tuple[Table, ...] = ()
    if counts:
        kinds = [("requests", counts["requests"]), ("torn, without an end", counts["torn"])]
        kinds += [(f"no request: {reason}", n) for reason, n in counts["foreign"].items()]
        kinds += [("all lines", counts["lines"])]
        rows = tuple((name, whole(number)) for name, number in kinds)
        tables = (Table(f"Lines{suffix}", "lr", ("Line", "Number"), rows),)
    notes = tuple(f"{sentence}." for sentence in last.content["notes"])
    lost = counts["torn"] + sum(counts["foreign"].values()) if counts else 0
    finding = f"{plural(lost, 'line')} could not be read" if lost else "Every line was read"
    if not counts:
        finding = "The window was judged again, by labels that came later"
    return Section(topic=f"Captured lines{suffix}", finding=finding, text=notes, tables=tables)

"""Monitors a local endpoint: every new line of its captured requests, window by window, each once.

A window is a record with what was found in it, so what was monitored is told as surely as what was
trained. Where reading goes on is part of the record: a run that is killed has read nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json
from regulated_ml.identifiers import Problem
from regulated_ml.monitoring import ground_truth, history, windows
from regulated_ml.monitoring.ground_truth import Labels
from regulated_ml.monitoring.history import Entry
from regulated_ml.monitoring.judging import Judgement, Limits, judge, judge_again
from regulated_ml.monitoring.observing import Observation, observe
from regulated_ml.monitoring.windows import Counts, Window
from regulated_ml.platforms.interface import Report
from regulated_ml.settings import Settings
from regulated_ml.tracking import captures, registry
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import alerting, findings
from regulated_ml.workflow.watched import Watched, codes, limits, protected, watched

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ACT = "monitor"


class Done(NamedTuple):
    """A window that was judged."""

    record: Record
    judgement: Judgement
    counts: Counts | None  # None: an earlier window, judged again
    failures: list[str]  # of the alert command


class Outcome(NamedTuple):
    """What a run of the monitors came to."""

    done: list[Done]
    notes: list[str]  # about the ground truth


class Span(NamedTuple):
    """The times of the requests that are asked for; both None: all that is new."""

    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Span()


@dataclass(frozen=True)
class _Run:
    """What is the same for all windows of a run."""

    settings: Settings
    store: RunStore
    endpoint: str
    limits: Limits
    labels: Labels
    report: Report


def run(
    settings: Settings,
    store: RunStore,
    endpoint: str,
    report: Report,
    span: Span = EVERYTHING,
    baseline: Path | None = None,
) -> Outcome:
    """Judges what an endpoint has captured since it was monitored last.

    Args:
        settings: of the repository.
        store: where the records are.
        endpoint: its name.
        report: told how it goes on.
        span: of the requests, by the times that they have; a look that leaves no mark.
        baseline: a folder with another baseline than the one of the registration.

    Raises:
        UserError: there is no such endpoint, or a version's evidence is not what it should be.
    """
    folder = _folder(settings, store, endpoint)
    home = store.folder / ".monitor"
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / f"{endpoint}.lock"):
        versions = _versions(store, folder)
        labels = ground_truth.read(_truth(settings, endpoint), codes(settings))
        own = _Run(settings, store, endpoint, limits(settings), labels, report)
        done: list[Done] = []
        for version in versions:
            seen = watched(settings, store, version, baseline)
            done += _new(own, folder / version.name, seen, span)
            if span == EVERYTHING:
                done += _late(own, seen)
        return Outcome(done, list(_about_labels(own)))


def entries(store: RunStore) -> list[Entry]:
    """Every judgement of every endpoint, the oldest first."""
    return [
        history.entry(each.id, each.parameters, each.ended, each.metrics)
        for each in store.all()
        if each.step == ACT and "window" in each.parameters
    ]


def waiting(settings: Settings, store: RunStore, endpoint: str) -> dict[str, int]:
    """How many bytes of captured requests no window has yet, by variant."""
    folder = settings.root / captures.FOLDER / endpoint
    return {
        variant: sum(part.size - part.begin for part in windows.unread(folder / variant, marks))
        for variant in windows.variants(folder)
        for marks in [_marks(store, endpoint, variant)]
    }


def _about_labels(own: _Run) -> Iterator[str]:
    """What no request is known of, and what is no label."""
    for reason, lines in own.labels.foreign.items():
        first = own.labels.examples[reason]
        yield f"{lines} lines of ground truth have no label: {reason} (first: {first})"
    left = own.labels.keys
    for each in history.of(entries(own.store), own.endpoint):
        path = own.store.folder_of(each.id) / history.SCORED
        if len(left) and path.is_file():
            left = np.setdiff1d(left, pq.read_table(path, columns=["key"]).column("key").to_numpy())
    if len(left):
        folder = _truth(own.settings, own.endpoint)
        shown = ground_truth.names(folder, set(left.tolist()).__contains__)
        yield f"{len(left)} labels are of ids that no monitored request has: {', '.join(shown)}"


def _new(own: _Run, folder: Path, seen: Watched, span: Span) -> Iterator[Done]:
    """The windows of what no window has yet, or the one of a span."""
    variant = seen.version.name
    marks = {} if span != EVERYTHING else _marks(own.store, own.endpoint, variant)
    shrunk = Counts()
    parts = windows.unread(folder, marks, shrunk)
    length = timedelta(minutes=own.settings.model.monitoring.window_minutes)
    groups = [parts] if span != EVERYTHING else windows.divided(parts, length)
    kinds = {name: each.kind for name, each in seen.evidence.baseline.items()}
    for number, group in enumerate(groups, start=1):
        title = f"reading {own.endpoint} {variant}, window {number} of {len(groups)}"
        own.report(number - 1, len(groups), title)
        window = Window(group, seen.evidence.features, span.since, span.until)
        found = observe(window, kinds)
        found.counts.shrunk += shrunk.shrunk if number == 1 else []
        marks = {**marks, **found.marks}
        if found.counts.lines == found.counts.outside:
            continue  # nothing of it belongs to the span
        own.report(number - 1, len(groups), "judging")
        look_up = protected(own.settings)
        judgement = judge(window, found, own.labels, look_up, seen.evidence, own.limits)
        kept = None if span != EVERYTHING else marks
        yield _keep(own, seen, span, found, judgement, kept)


def _keep(
    own: _Run,
    seen: Watched,
    span: Span,
    found: Observation,
    judgement: Judgement,
    marks: Mapping[str, windows.Mark] | None,
) -> Done:
    known = history.of(entries(own.store), own.endpoint, seen.version.number)
    last = history.last_window(known)
    number = 0 if marks is None else (last.number if last else 0) + 1
    times = [each.isoformat() if each else "" for each in (found.counts.first, found.counts.last)]
    about = findings.Window(
        number, False, *times, *(each.isoformat() if each else "" for each in span)
    )
    record = _recorded(own, seen, about, judgement, findings.Kept(found, marks))
    return _told(own, record, judgement, found.counts)


def _late(own: _Run, seen: Watched) -> Iterator[Done]:
    """Earlier windows whose labels have come since they were judged."""
    known = history.of(entries(own.store), own.endpoint, seen.version.number)
    oldest = datetime.now(UTC) - timedelta(
        days=own.settings.model.monitoring.model_quality.late_days
    )
    changed = ground_truth.newest(_truth(own.settings, own.endpoint))
    scored = {each.number: each for each in known if each.number and not each.again}
    for each in history.newest(known):
        ended = datetime.fromisoformat(each.ended)
        if ended < oldest or ended.timestamp() > changed:
            continue
        path = own.store.folder_of(scored[each.number].id) / history.SCORED
        table = pq.read_table(path)
        keys, scores = (table.column(name).to_numpy() for name in ("key", "score"))
        known_now = own.labels.of(keys[~np.isnan(scores)]) != ground_truth.UNKNOWN
        if int(known_now.sum()) <= each.metrics.get("labelled", 0):
            continue
        look_up = protected(own.settings)
        found = judge_again(keys, scores, own.labels, look_up, seen.evidence, own.limits)
        about = findings.Window(each.number, True, each.first, each.last)
        last = own.store.get(each.id)
        content = read_json(own.store.folder_of(last) / history.RESULT)
        again = findings.Again(own.store.get(scored[each.number].id), last, content)
        record = _recorded(own, seen, about, found, again)
        yield _told(own, record, found, None, content["alerts"])


def _recorded(
    own: _Run,
    seen: Watched,
    window: findings.Window,
    judgement: Judgement,
    kept: findings.Kept | findings.Again,
) -> Record:
    return findings.keep(
        own.settings, own.store, own.endpoint, seen, window, judgement, own.limits, kept
    )


def _told(
    own: _Run,
    record: Record,
    judgement: Judgement,
    counts: Counts | None,
    before: Sequence[Mapping[str, Any]] = (),
) -> Done:
    """Tells of each alert that was not told of `before`, when there were fewer labels."""
    known = [(each["columns"], each["checks"]) for each in before]
    new = [each for each in judgement.alerts if (each.columns, each.checks) not in known]
    alerts = [findings.alert(record, each) for each in new]
    return Done(record, judgement, counts, alerting.tell(own.settings, alerts))


def _marks(store: RunStore, endpoint: str, variant: str) -> dict[str, windows.Mark]:
    number = re.fullmatch(r"v(\d+)", variant)
    known = history.of(entries(store), endpoint, int(number[1]) if number else -1)
    last = history.last_window(known)
    if last is None:
        return {}
    return history.marks_of(read_json(store.folder_of(last.id) / history.MARKS))


def _truth(settings: Settings, endpoint: str) -> Path:
    return settings.root / ground_truth.FOLDER / endpoint


def _folder(settings: Settings, store: RunStore, endpoint: str) -> Path:
    """Where an endpoint's captured requests lie; `UserError` where there is no such endpoint."""
    home = settings.root / captures.FOLDER
    there = sorted(path.name for path in home.glob("*") if path.is_dir())
    if endpoint in there:
        return home / endpoint
    deployed = any(
        each.step == "deploy" and each.parameters.get("endpoint") == endpoint
        for each in store.all()
    )
    if deployed:
        rule = "it was deployed, and has captured no request yet"
        fix = "send it requests: `rml endpoint invoke`; or set endpoint.capture.enabled"
    else:
        rule = f"the endpoints that have captured requests: {', '.join(there) or 'none'}"
        fix = "`rml endpoint deploy VERSION` starts one"
    raise UserError.one("--endpoint", endpoint, rule, fix)


def _versions(store: RunStore, folder: Path) -> list[Version]:
    """The versions that have answered; `UserError` names every variant that is none."""
    known = store.all()
    found, problems = [], []
    for variant in windows.variants(folder):
        try:
            found.append(registry.find(known, variant, "local"))
        except UserError as error:
            problems += [
                Problem(f"{captures.FOLDER}/{folder.name}", variant, each.rule, each.fix)
                for each in error.problems
            ]
    if problems:
        raise UserError(problems, ExitStatus.DATA)
    return found

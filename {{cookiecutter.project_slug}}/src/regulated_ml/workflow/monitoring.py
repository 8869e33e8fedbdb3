"""Monitors a local endpoint: every new line of its captured requests, window by window, each once.

A window is a record with what was found in it, so what was monitored is told as surely as what was
trained. Where reading goes on is part of the record: a run that is killed has read nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from regulated_ml.files import read_json
from regulated_ml.monitoring import ground_truth, history, parts
from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.ground_truth import Labels
from regulated_ml.monitoring.judging import Judgement, Limits, judge, judge_again
from regulated_ml.monitoring.observing import Observation, observe
from regulated_ml.monitoring.parts import Mark
from regulated_ml.monitoring.windows import Window
from regulated_ml.platforms.interface import Report
from regulated_ml.settings import Settings
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import alerting, captured, findings
from regulated_ml.workflow.watched import Watched, codes, limits, protected, watched

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


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
    folder = captured.folder(settings, store, endpoint)
    home = store.folder / ".monitor"
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / f"{endpoint}.lock"):
        versions = captured.versions(store, folder)
        labels = ground_truth.read(captured.truth(settings, endpoint), codes(settings))
        own = _Run(settings, store, endpoint, limits(settings), labels, report)
        done: list[Done] = []
        for version in versions:
            seen = watched(settings, store, version, baseline)
            done += _new(own, folder / version.name, seen, span)
            if span == EVERYTHING:
                done += _late(own, seen)
        return Outcome(done, list(_about_labels(own)))


def _about_labels(own: _Run) -> Iterator[str]:
    """What no request is known of, and what is no label."""
    for reason, lines in own.labels.foreign.items():
        first = own.labels.examples[reason]
        yield f"lines of ground truth without a label, {reason}: {lines}, first {first}"
    left = own.labels.keys
    for each in history.of(captured.entries(own.store), own.endpoint):
        path = own.store.folder_of(each.id) / history.SCORED
        if len(left) and path.is_file():
            left = np.setdiff1d(left, pq.read_table(path, columns=["key"]).column("key").to_numpy())
    if len(left):
        folder = captured.truth(own.settings, own.endpoint)
        shown = ground_truth.names(folder, set(left.tolist()).__contains__)
        yield f"labels of ids that no monitored request has: {len(left)} ({', '.join(shown)})"


def _new(own: _Run, folder: Path, seen: Watched, span: Span) -> Iterator[Done]:
    """The windows of what no window has yet, or the one of a span."""
    variant = seen.version.name
    marks = {} if span != EVERYTHING else captured.marks(own.store, own.endpoint, variant)
    shrunk = Counts()
    there = parts.unread(folder, marks, shrunk)
    length = timedelta(minutes=own.settings.model.monitoring.window_minutes)
    groups = [there] if span != EVERYTHING else parts.divided(there, length)
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
    marks: Mapping[str, Mark] | None,
) -> Done:
    known = history.of(captured.entries(own.store), own.endpoint, seen.version.number)
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
    known = history.of(captured.entries(own.store), own.endpoint, seen.version.number)
    oldest = datetime.now(UTC) - timedelta(
        days=own.settings.model.monitoring.model_quality.late_days
    )
    changed = ground_truth.newest(captured.truth(own.settings, own.endpoint))
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

"""Keeps what was found in a window: the record, with the files that Model Monitor would write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from regulated_ml.files import write_json
from regulated_ml.jobs import parquet
from regulated_ml.monitoring import history, model_quality, violations
from regulated_ml.monitoring import statistics as statistics_file
from regulated_ml.monitoring.causes import Alert
from regulated_ml.monitoring.counts import Counts
from regulated_ml.monitoring.judging import Judgement, Limits
from regulated_ml.monitoring.observing import Observation
from regulated_ml.monitoring.parts import Mark
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.acting import Act, perform
from regulated_ml.workflow.watched import Watched

ACT, ENDPOINT = "monitor", "endpoint"
SKETCHES = {
    "features": {"__all__": {"numerical_statistics": {"distribution": {"kll": {"sketch"}}}}}
}


class Window(NamedTuple):
    """Which window a judgement is about."""

    number: int  # from 1 for each endpoint and version; 0: of a span, on request
    again: bool  # judged by labels that came later
    first: str  # times of its requests, ISO 8601; empty: it has none
    last: str
    since: str = ""  # the span that was asked for
    until: str = ""


class Again(NamedTuple):
    """A window that is judged again."""

    first: Record  # of the first time
    last: Record  # of the last time
    content: Mapping[str, Any]  # what was found then


class Kept(NamedTuple):
    """What a window leaves besides its judgement."""

    seen: Observation
    marks: Mapping[str, Mark] | None  # None: reading does not go on from here


def keep(
    settings: Settings,
    store: RunStore,
    endpoint: str,
    watched: Watched,
    window: Window,
    judgement: Judgement,
    limits: Limits,
    kept: Kept | Again,
) -> Record:
    """Keeps a judgement as a record.

    Args:
        settings: of the repository.
        store: where it is kept.
        endpoint: that was asked.
        watched: the version, and what it was held against.
        window: which one.
        judgement: what was found.
        limits: that it was held to.
        kept: what was read; of a window that is judged again, what was found before.
    """
    registered = watched.version.registered
    deployed = [
        each for each in watched.version.done("deploy") if each.parameters.get(ENDPOINT) == endpoint
    ]
    content = judgement.as_json()
    if isinstance(kept, Again):
        content = history.judged_again(kept.content, content)
    else:
        content["counts"] = _counts(kept.seen.counts)
    act = Act(
        name=ACT,
        parents=[registered, *deployed[-1:], *([kept.first] if isinstance(kept, Again) else [])],
        parameters={
            VERSION: watched.version.number,
            ENDPOINT: endpoint,
            "window": window._asdict(),
            "monitors": list(limits.monitors),
            "false_alarm_rate": limits.false_alarm_rate,
            "tolerance": limits.tolerance,
            "ndcg_at_least": limits.ndcg_at_least,
            "baseline": {"features": watched.baseline.features, "rows": watched.baseline.rows},
        },
        metrics=_metrics(judgement, content, kept),
    )

    def write(folder: Path) -> None:
        if isinstance(kept, Kept):
            _write_seen(folder, kept)
        write_json(folder / history.RESULT, content)
        _write_monitors(folder, judgement, limits)

    return perform(settings, store, act, write)


def alert(record: Record, cause: Alert) -> dict[str, Any]:
    """An alert with what it is about, for a log or a program."""
    said = record.parameters
    return {
        "endpoint": said[ENDPOINT],
        "version": f"v{said[VERSION]}",
        "window": said["window"],
        "record": record.id,
        **cause.as_json(),
    }


def _metrics(
    judgement: Judgement, content: Mapping[str, Any], kept: Kept | Again
) -> dict[str, float | int | str]:
    """The figures of the record: of those that were measured."""
    found: dict[str, float | int | str] = {
        "violations": len(content["violations"]),
        "alerts": len(content["alerts"]),
        "labelled": judgement.labelled,
    }
    if isinstance(kept, Again):
        found = {**kept.last.metrics, **found}
    else:
        counts = kept.seen.counts
        found |= {
            "lines": counts.lines,
            "requests": counts.requests,
            "rows": counts.rows,
            "torn": counts.torn,
            "foreign": sum(counts.foreign.values()),
            "drifted": sum(each.drifted for each in judgement.drifts),
        }
    if now := judgement.scores.get("now"):
        found |= {"mean_score": now.mean, "declined": now.declined}
    if judgement.ranking:
        found["ndcg"] = judgement.ranking.ndcg
    return found | {each.metric: each.now for each in judgement.metrics}


def _counts(counts: Counts) -> dict[str, Any]:
    times = {
        name: each.isoformat() if each else None
        for name, each in (("first", counts.first), ("last", counts.last))
    }
    return {**vars(counts), **times}


def _write_seen(folder: Path, kept: Kept) -> None:
    """The statistics of the window, the scores for labels to come, and where reading goes on."""
    seen = kept.seen
    if seen.counts.rows:
        found = statistics_file.statistics(seen.columns, seen.counts.rows)
        # Without the sketches: they are most of it, and only a baseline's are ever read again.
        content = found.model_dump(mode="json", exclude_none=True, exclude=SKETCHES)
        write_json(folder / "data_quality" / statistics_file.FILE, content)
    table = pa.table({"key": seen.keys, "score": seen.scores})
    parquet.write(folder / history.SCORED, table)
    if kept.marks is not None:
        write_json(folder / history.MARKS, history.marks_as_json(kept.marks))


def _write_monitors(folder: Path, judgement: Judgement, limits: Limits) -> None:
    """`constraint_violations.json` of each monitor, and what Model Monitor writes beside it."""
    for name in limits.monitors:
        own = violations.content(judgement.violations, name)
        write_json(folder / name / violations.FILE, own)
    if judgement.quality:
        place = folder / "model_quality"
        write_json(place / "statistics.json", judgement.quality)
        own = model_quality.constraints(judgement.metrics, limits.tolerance)
        write_json(place / "constraints.json", own)

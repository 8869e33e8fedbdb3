"""What monitoring has come to: the state of each endpoint, and the page."""

from pathlib import Path
from typing import NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.files import read_json
from regulated_ml.monitoring import history, parts
from regulated_ml.settings import Settings
from regulated_ml.tracking import captures
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.captured import entries, waiting


class Status(NamedTuple):
    """What is known of a version on an endpoint."""

    endpoint: str
    variant: str
    record: str  # of the last judgement of the last window; empty: there is none
    window: int
    alerts: int
    violations: int
    last: str  # time of the last request that was judged, ISO 8601
    waiting: int  # bytes of captured requests that no window has yet


def status(settings: Settings, store: RunStore, endpoint: str = "") -> list[Status]:
    """The state of every version that has captured requests.

    Raises:
        UserError: the endpoint that was named has captured none.
    """
    home = settings.root / captures.FOLDER
    names = sorted(path.name for path in home.glob("*") if path.is_dir())
    if endpoint and endpoint not in names:
        rule = f"the endpoints that have captured requests: {', '.join(names) or 'none'}"
        raise UserError.one("--endpoint", endpoint, rule, "name one of them")
    known = entries(store)
    found = []
    for name in [endpoint] if endpoint else names:
        left = waiting(settings, store, name)
        for variant in parts.variants(home / name):
            own = [each for each in history.newest(history.of(known, name)) if _is(each, variant)]
            last = own[-1] if own else None
            metrics = last.metrics if last else {}
            found.append(
                Status(
                    name,
                    variant,
                    last.id if last else "",
                    last.number if last else 0,
                    int(metrics.get("alerts", 0)),
                    int(metrics.get("violations", 0)),
                    last.last if last else "",
                    left[variant],
                )
            )
    return found


def _is(entry: history.Entry, variant: str) -> bool:
    """Whether an entry is about a variant."""
    return f"v{entry.version}" == variant


def write_page(settings: Settings, store: RunStore) -> Path | None:
    """Writes the page of monitoring; None where nothing was monitored yet.

    Raises OSError when it cannot be written.
    """
    from regulated_ml.reports import monitor

    known = entries(store)
    found, states = [], []
    for name, version in dict.fromkeys((each.endpoint, each.version) for each in known):
        own = history.newest(history.of(known, name, version))
        if not own:
            continue
        records = [store.get(each.id) for each in own[-monitor.WINDOWS :]]
        states += [record.data.state for record in records]
        judged = [
            monitor.Judged(
                record.id,
                record.parameters,
                record.metrics,
                read_json(store.folder_of(record) / history.RESULT),
                record.ended,
            )
            for record in records
        ]
        found.append(monitor.Watched(judged))
    return monitor.write(settings, found, states) if found else None

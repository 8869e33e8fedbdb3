"""Asks an endpoint for the scores of clients: raw rows, through the team's own features.

Each client is a request of its own, with its identifier as the inference id, by which a prediction
is found again and the truth is matched with it later. Rows are read a piece at a time; answers keep
their order, however many connections there are.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.features import Layout
from regulated_ml.platforms.interface import Refused, Report
from regulated_ml.serving.asking import AwayError, Local
from regulated_ml.settings import Settings
from regulated_ml.tracking import registry
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import deploying

if TYPE_CHECKING:
    import pandas as pd

# As the original lab alters traffic: of what share of the rows, which column becomes what.
DRIFT: dict[str, tuple[float, Callable[[Any], Any]]] = {
    "LIMIT_BAL": (0.5, lambda values: values / 1000),
    "EDUCATION": (0.75, lambda values: -values),
}
SEED = 42  # of the rows that are altered
ID = re.compile(r"[ -~]{1,64}")  # InferenceId of SageMaker's API
KEPT = 10  # refusals that are named
HEADER = ("id", "score", "decision")


class Caller(Protocol):
    """What asks an endpoint."""

    def ask(self, row: str, inference_id: str) -> float | Refused:
        """The score of a row, or why there is none."""


class Target(NamedTuple):
    """An endpoint that serves, and what it has to be asked."""

    name: str
    version: str
    layout: Layout
    caller: Caller


@dataclass(frozen=True)
class Wanted:
    """How an endpoint is asked.

    Args:
        connections: how many requests are under way at a time.
        drift: whether rows are altered, so that monitoring has something to find.
        ids: whether clients' identifiers are sent as inference ids.
    """

    connections: int = 1
    drift: bool = False
    ids: bool = True


@dataclass
class Asked:
    """What came of it."""

    rows: int = 0
    declined: int = 0
    refused: int = 0
    named: list[tuple[str, Refused]] = field(default_factory=list)  # the first refusals, by id
    seconds: float = 0.0  # that asking took
    latencies: list[float] = field(default_factory=list)  # seconds, of each request

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that this share of the requests has not exceeded."""
        import numpy as np

        return float(np.quantile(self.latencies, share, method="inverted_cdf"))

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.rows / self.seconds


def target(settings: Settings, store: RunStore, name: str) -> Target:
    """The endpoint of a name.

    Raises:
        UserError: none of this name serves, or what it serves is not known here.
    """
    if settings.platform is None:
        running = deploying.find(store, name or settings.project.project_slug)
        caller: Caller = Local(running.port)
        version = registry.find(store.all(), f"v{running.version}", settings.environment)
        return Target(running.endpoint, version.name, _layout(store, version.registered), caller)
    from regulated_ml.platforms.sagemaker.asking import Remote
    from regulated_ml.workflow import rollout

    name = name or rollout.default_name(settings)
    record = deploying.last_deployment(settings, store, name)
    if record is None:
        rule = "no record here is of a deployment to it, so the features that it reads are unknown"
        rml = f"rml --env {settings.environment}"
        fix = f"`{rml} endpoint list` shows the endpoints; `{rml} runs fetch` brings the records"
        raise UserError.one("ENDPOINT", name, rule, fix)
    remote = Remote(settings, name)
    _ = remote.client
    registered = store.get(record.parents[0])
    return Target(name, f"v{record.parameters[VERSION]}", _layout(store, registered), remote)


def ask(
    settings: Settings,
    target: Target,
    source: Path,
    wanted: Wanted,
    write: Callable[[tuple[str, str, str]], object],
    report: Report,
) -> Asked:
    """Asks for the score of each client of a file, and hands id, score and decision to `write`.

    Raises:
        UserError: the rows are not what the table has, or the endpoint does not answer.
    """
    from regulated_ml.jobs.incoming import Incoming

    columns = Columns.from_json(each.model_dump(mode="json") for each in settings.dataset.columns)
    found = Asked()
    threshold = settings.model.evaluation.threshold
    try:
        incoming = Incoming(source, columns, settings.dataset.missing_values)
        rows = _rows(settings, target, columns, incoming.pieces(), wanted)
        write(HEADER)
        with ThreadPoolExecutor(wanted.connections) as pool:
            for piece in rows:
                started = time.perf_counter()
                for (name, _), (answer, seconds) in zip(
                    piece, pool.map(lambda row: _timed(target.caller, row), piece), strict=True
                ):
                    found.latencies.append(seconds)
                    write(_line(found, name, answer, threshold))
                    if found.rows % 100 == 0:
                        report(found.rows, incoming.rows, f"asking {target.name}")
                found.seconds += time.perf_counter() - started
    except JobError as error:
        fix = "mend what it says; nothing was written"
        raise UserError.one("rows", source.name, str(error), fix) from error
    except AwayError as error:
        rule = f"it does not answer ({error}), after {found.rows} rows"
        fix = "`rml endpoint list` shows what serves"
        raise UserError.one("endpoint", target.name, rule, fix, ExitStatus.RESOURCE) from error
    except UserError as error:
        after = f"{found.rows} rows were answered before; nothing was written"
        problems = [each._replace(fix=f"{each.fix}. {after}") for each in error.problems]
        raise UserError(problems, error.status) from error
    return found


def _timed(caller: Caller, row: tuple[str, str]) -> tuple[float | Refused, float]:
    name, cells = row
    if name and not ID.fullmatch(name):
        return Refused(0, "an inference id has 1 to 64 characters of ASCII; see --no-ids"), 0.0
    started = time.perf_counter()
    return caller.ask(cells, name), time.perf_counter() - started


def _line(
    found: Asked, name: str, answer: float | Refused, threshold: float
) -> tuple[str, str, str]:
    """A row of the output; counts it."""
    found.rows += 1
    name = name or str(found.rows)
    if isinstance(answer, Refused):
        found.refused += 1
        if len(found.named) < KEPT:
            found.named.append((name, answer))
        return name, "", "refused"
    is_declined = answer >= threshold
    found.declined += is_declined
    return name, repr(answer), "declined" if is_declined else "accepted"


def _rows(
    settings: Settings,
    target: Target,
    columns: Columns,
    pieces: "Iterator[pd.DataFrame]",
    wanted: Wanted,
) -> Iterator[list[tuple[str, str]]]:
    """Of each piece the inference id and the cells of each row, as the endpoint is sent them."""
    import numpy as np

    from regulated_ml.jobs.building import built
    from regulated_ml.jobs.score import build_features, matrix

    build = build_features(f"{settings.project.package_name}.features")
    rng, first = np.random.default_rng(SEED), 1
    known = columns.having("identifier")
    for clients in pieces:
        if wanted.drift:
            _alter(clients, rng)
        features = built(build, clients, columns)
        values = matrix(features, target.layout.features, first)
        named = wanted.ids and known and known[0].name in clients
        ids = clients[known[0].name].astype("string").fillna("") if named else [""] * len(clients)
        yield list(zip(map(str, ids), map(_cells, values.tolist()), strict=True))
        first += len(clients)


def _cells(values: list[float]) -> str:
    """Numbers as a caller writes them; blank where one is missing."""
    # What is missing is a float that differs from itself; whole numbers come as int.
    return ",".join("" if value != value else _short(value) for value in values)  # noqa: PLR0124


def _short(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _alter(clients: "pd.DataFrame", rng: Any) -> None:
    """Alters rows in place, as the original lab does."""
    if missing := [name for name in DRIFT if name not in clients]:
        raise JobError(f"--drift alters {' and '.join(DRIFT)}; the table has no {missing[0]}")
    for name, (share, change) in DRIFT.items():
        chosen = rng.random(len(clients)) < share
        clients[name] = clients[name].where(~chosen, change(clients[name]))


def _layout(store: RunStore, registered: Record) -> Layout:
    """The features that a version reads, in their order."""
    model = store.get(str(registered.parameters["model"]))
    prepared = next(run for run in map(store.get, model.parents) if run.step == "prepare")
    return Layout.read(store.folder_of(prepared) / "train")

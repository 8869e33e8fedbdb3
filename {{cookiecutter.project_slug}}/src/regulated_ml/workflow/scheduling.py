"""Has Model Monitor watch an endpoint on SageMaker, with the evidence of the version behind it.

What it holds requests against is made of the records: the baseline of the registration, the
evaluation and the explanation. AWS's analyser decides; what cannot be monitored so is named with
its reason, and `rml monitor run` measures it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.monitoring import ground_truth
from regulated_ml.monitoring.violations import Monitor
from regulated_ml.platforms.interface import Report
from regulated_ml.platforms.sagemaker import monitors, naming, serving
from regulated_ml.platforms.sagemaker.endpoints import SageMakerEndpoints
from regulated_ml.platforms.sagemaker.monitors import Plan, Watch
from regulated_ml.platforms.sagemaker.schedules import Execution, Schedules
from regulated_ml.platforms.sagemaker.storage import Storage, content_hash
from regulated_ml.security import catalogue, clients
from regulated_ml.security.requests import compile as ready
from regulated_ml.settings import Settings
from regulated_ml.tracking import registry
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import rollout, schedule_files
from regulated_ml.workflow.watched import Watched, limits, watched

ISOLATION = "RML-ISO-1"


class Scheduled(NamedTuple):
    """What became of the four monitors of an endpoint."""

    endpoint: str
    version: str
    plans: list[tuple[Plan, bool]]  # True: it was made or changed just now
    left_out: dict[Monitor, str]  # why


def schedule(
    settings: Settings, store: RunStore, endpoint: str, every: int, report: Report
) -> Scheduled:
    """Has the monitors that config/model.yaml turns on run every so many minutes.

    Args:
        settings: of the environment.
        store: the runs of every environment: a version may come from another one.
        endpoint: its name; empty: that of the environment.
        every: minutes, whole hours.
        report: told how it goes on.

    Raises:
        UserError: nothing serves there, or AWS refuses.
    """
    name = endpoint or rollout.default_name(settings)
    monitors.cron(every)  # refused before anything is asked of AWS
    report(0, None, f"looking at {name}")
    version = _version(settings, name)
    found = registry.find(store.all(), version, settings.environment)
    seen, bounds = watched(settings, store, found, None), limits(settings)
    left_out = {each: why for each in bounds.monitors if (why := _obstacle(settings, seen, each))}
    storage = Storage(settings, clients.client(settings, "s3"))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        schedule_files.write(settings, seen, bounds, _model(settings, name), folder)
        files = {path.name: path for path in sorted(folder.iterdir())}
        digest = content_hash({name: sha256(path) for name, path in files.items()})
        address = naming.monitor_files(settings, digest)
        for name_in_it, path in files.items():
            storage.keep(address, name_in_it, path, report)
    watch = Watch(name, address, settings.model.evaluation.threshold, every)
    own = Schedules(settings)
    plans: list[tuple[Plan, bool]] = []
    for monitor in bounds.monitors:
        isolated = monitor != "attribution"
        made = monitors.plan(settings, watch, monitor, isolated=isolated)
        if not isolated and _is_refused(settings, made):
            left_out[monitor] = (
                f"Clarify explains by a shadow endpoint, which a job without a network cannot"
                f" start: {ISOLATION}, unless config/exceptions.yaml lifts it for"
                f" {made.definition['JobDefinitionName']}"
            )
        if monitor not in left_out:
            report(len(plans), len(bounds.monitors), f"scheduling {monitor}")
            plans.append((made, own.put(made)))
    return Scheduled(name, version, plans, left_out)


def delete(settings: Settings, endpoint: str) -> list[str]:
    """Ends the monitoring of an endpoint; returns what was deleted.

    Raises:
        UserError: no monitor of it is scheduled.
    """
    name = endpoint or rollout.default_name(settings)
    if deleted := Schedules(settings).delete(name):
        return deleted
    fix = f"`rml --env {settings.environment} monitor schedule` schedules its monitors"
    raise UserError.one("--endpoint", name, "no monitor of it is scheduled", fix)


def executions(settings: Settings, endpoint: str, *, newest_alone: bool = False) -> list[Execution]:
    """What AWS's analysers have found, the oldest first."""
    name = endpoint or rollout.default_name(settings)
    return Schedules(settings).executions(name, newest_alone=newest_alone)


def upload_labels(settings: Settings, endpoint: str, report: Report) -> list[str]:
    """Brings ground truth to where Model Monitor looks for it; returns the places.

    Raises:
        UserError: there is none.
    """
    name = endpoint or rollout.default_name(settings)
    folder = settings.root / ground_truth.FOLDER / name
    files = sorted(path for path in folder.rglob("*.jsonl") if path.is_file())
    if not files:
        rule = "labels lie there as yyyy/mm/dd/hh/NAME.jsonl, by the hour they were collected in"
        place = str(ground_truth.FOLDER / name)
        raise UserError.one(place, "", rule, "write them there; docs/monitoring.md has the form")
    clients.identity(settings)
    storage = Storage(settings, clients.client(settings, "s3"))
    address, placed = naming.ground_truth(settings, name), []
    for path in files:
        place = path.relative_to(folder).as_posix()
        storage.keep(address, place, path, report)
        placed.append(f"{address}{place}")
    return placed


def _version(settings: Settings, name: str) -> str:
    """The version that an endpoint serves."""
    rows = {row.endpoint: row for row in SageMakerEndpoints(settings).listed()}
    rml = f"rml --env {settings.environment} endpoint"
    if name not in rows:
        rule = f"the environment's endpoints: {', '.join(rows) or 'none'}"
        fix = f"`{rml} deploy VERSION` makes one"
        raise UserError.one("--endpoint", name, rule, fix, ExitStatus.RESOURCE)
    if not rows[name].version:
        rule = "what it serves was not deployed by `rml`, so no record says what it is held against"
        raise UserError.one("--endpoint", name, rule, f"deploy a version: `{rml} deploy VERSION`")
    return rows[name].version


def _model(settings: Settings, name: str) -> str:
    """What SageMaker calls the model behind an endpoint."""
    found = serving.endpoint(settings, name)
    if found is None:
        rule = "it was deleted just now"
        raise UserError.one("--endpoint", name, rule, "deploy a version", ExitStatus.RESOURCE)
    return found.models[0].name


def _obstacle(settings: Settings, seen: Watched, monitor: Monitor) -> str:
    """Why a monitor cannot be scheduled; empty: it can."""
    if monitor != "bias" or schedule_files.facets(settings, seen):
        return ""
    return (
        "a captured request holds no protected attribute, since the model reads none;"
        " `rml monitor run` takes it from the table"
    )


def _is_refused(settings: Settings, made: Plan) -> bool:
    """Whether a control speaks against what Clarify needs."""
    operation = f"Create{made.kind.type}JobDefinition"
    found = ready(catalogue.plan(settings)).check(operation, made.definition)
    return any(each.control == ISOLATION for each in found.violations)

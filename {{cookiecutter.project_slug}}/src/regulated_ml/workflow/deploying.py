"""Serves a version on a local endpoint, and keeps who deployed what, and when, as a record.

A new version is started beside the one that serves and takes over its socket when it answers: no
request is lost, and a version that does not start changes nothing. The record comes last, since
only then something is deployed; the same command started again makes up for one that a kill has
left out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.jobs.features import Layout
from regulated_ml.platforms.interface import MODEL_ARCHIVE, Report
from regulated_ml.serving import processes
from regulated_ml.serving.capture import CaptureOptions
from regulated_ml.serving.processes import Running
from regulated_ml.serving.server import ServerOptions
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.tracking import captures, registry
from regulated_ml.tracking.locking import exclusive
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.acting import Act, perform
from regulated_ml.workflow.evidence import command
from regulated_ml.workflow.promoting import OF_REAL_ROWS

APPROVED_ALONE = ("prod",)  # environments whose clients are decided about
HOME = ".endpoints"  # below runs/: the processes of local endpoints
NAME = re.compile(r"^[a-zA-Z0-9](-?[a-zA-Z0-9]){0,62}$")  # as SageMaker names endpoints


class Deployed(NamedTuple):
    """What serves, and the record of its deployment."""

    running: Running
    record: Record
    fresh: bool  # False: this version served there already


def deploy(
    settings: Settings,
    store: RunStore,
    version: Version,
    name: str,
    port: int | None,
    report: Report,
) -> Deployed:
    """Has a version serve on the local endpoint called `name`.

    Raises:
        UserError: the version cannot be served, and why; what served before goes on serving.
    """
    model = _model(store, version)
    options = _options(settings, store, version, model, name, port)
    home = store.folder / HOME
    home.mkdir(parents=True, exist_ok=True)
    with exclusive(home / f".{name}.lock"):
        serving = processes.serving(home, name)
        if serving and port is None:
            options = replace(options, port=serving.port)  # what serves keeps its address
        is_there = bool(serving and processes.told(serving) == options)
        if serving is None or not is_there:
            serving = processes.start(home, options, report)
        record = last_deployment(settings, store, name)
        if is_there and record and record.parameters[VERSION] == version.number:
            return Deployed(serving, record, fresh=False)
        act = Act(
            name="deploy",
            parents=[version.registered, *([version.decision] if version.decision else [])],
            parameters={
                VERSION: version.number,
                "endpoint": name,
                "port": serving.port,
                "capture": settings.model.endpoint.capture.model_dump(mode="json"),
                "model_sha256": version.registered.parameters["model_sha256"],
            },
        )
        return Deployed(serving, perform(settings, store, act), fresh=not is_there)


def delete(store: RunStore, name: str, report: Report) -> Running:
    """Ends a local endpoint; what it has captured stays.

    Raises:
        UserError: no endpoint of this name serves.
    """
    running = find(store, name)
    with exclusive(store.folder / HOME / f".{name}.lock"):
        processes.stop(running, report)
    return running


def find(store: RunStore, name: str) -> Running:
    """The local endpoint of a name.

    Raises:
        UserError: none of this name serves.
    """
    running = processes.serving(store.folder / HOME, name) if NAME.match(name) else None
    if running is None:
        there = ", ".join(each.endpoint for each in serving(store)) or "none"
        rule = f"no local endpoint of this name serves; those that do: {there}"
        raise UserError.one("ENDPOINT", name, rule, "`rml endpoint list` shows them")
    return running


def serving(store: RunStore) -> list[Running]:
    """The local endpoints that serve."""
    home = store.folder / HOME
    found = (processes.serving(home, name) for name in processes.names(home))
    return [running for running in found if running]


def _model(store: RunStore, version: Version) -> Record:
    """The run that trained a version, its archive undamaged."""
    model = store.get(str(version.registered.parameters["model"]))
    store.check_whole(model, [item for item in model.artifacts if item.path == MODEL_ARCHIVE])
    return model


def objections(settings: Settings, version: Version) -> Iterator[Problem]:
    """Why a version must not score anybody's clients in an environment."""
    own, target = version.registered.environment, settings.environment
    if version.status == "rejected":
        rule = f"{version.name} was rejected"
        fix = f"`rml model show {version.name}` says why; take another version"
        yield Problem("VERSION", version.name, rule, fix)
    if target == LOCAL:
        return  # any version can be tried here; what it answers decides about nobody
    if version.status == "pending" and (own != target or target in APPROVED_ALONE):
        rule = f"only an approved version goes to {target}; {version.name} is {version.status}"
        fix = f"have it approved: {command(own)} model approve {version.name}"
        yield Problem("VERSION", version.name, rule, fix)
    if own != target and not version.done("promote", target):
        rule = f"it is a version of {own}, and was not promoted to {target}"
        fix = f"rml model promote {version.name} --to {target}"
        if own == LOCAL:
            fix = f"run all steps in {target}, and register that: {command(target)} model register"
        yield Problem("VERSION", version.name, rule, fix)
    state = version.registered.data.state
    if target in OF_REAL_ROWS and state != "real":
        rule = f"{target} takes models of real rows, whose hash is the one in config/dataset.yaml"
        yield Problem("data", state, rule, "fetch the real table, run all steps and register that")


def _options(
    settings: Settings,
    store: RunStore,
    version: Version,
    model: Record,
    name: str,
    port: int | None,
) -> ServerOptions:
    if not NAME.match(name):
        rule = "letters, digits and single hyphens, at most 63, as SageMaker names endpoints"
        raise UserError.one("--name", name, rule, "for example: credit-default")
    if mistakes := [*objections(settings, version)]:
        raise UserError(mistakes, ExitStatus.DATA)
    own = settings.model.endpoint
    capture = None
    if own.capture.enabled:
        capture = CaptureOptions(
            folder=settings.root / captures.FOLDER,
            endpoint=name,
            variant=version.name,
            sampling_percentage=own.capture.sampling_percentage,
            masked=masked(settings, store, model),
            rotate_bytes=own.capture.rotate_megabytes << 20,
            rotate_seconds=own.capture.rotate_minutes * 60,
            when_full=own.capture.when_full,
        )
    return ServerOptions(
        endpoint=name,
        version=version.number,
        model=store.folder_of(model),
        port=port or own.port,
        capture=capture,
    )


def masked(settings: Settings, store: RunStore, model: Record) -> tuple[int, ...]:
    """The positions of the features that are not kept."""
    names = settings.model.endpoint.capture.masked
    if not names:
        return ()
    prepared = next(run for run in map(store.get, model.parents) if run.step == "prepare")
    features = Layout.read(store.folder_of(prepared) / "train").names
    rule = f"the model reads the features {', '.join(features)}"
    place = "config/model.yaml: endpoint.capture.masked"
    unknown = [
        Problem(place, name, rule, "name one of them, or leave it out")
        for name in names
        if name not in features
    ]
    if unknown:
        raise UserError(unknown, ExitStatus.CONFIGURATION)
    return tuple(features.index(name) for name in names)


def last_deployment(settings: Settings, store: RunStore, name: str) -> Record | None:
    """The latest deployment to an endpoint of the environment."""
    deployed = [
        act
        for version in registry.versions(store.all())
        for act in version.done("deploy", settings.environment)
        if act.parameters.get("endpoint") == name
    ]
    return max(deployed, key=lambda act: act.started, default=None)

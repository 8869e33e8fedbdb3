"""From what an examiner names - a run, a version, an endpoint, a prediction - to its lineage."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.jobs.features import FILE, Layout
from regulated_ml.platforms.interface import MODEL_ARCHIVE, Report, report_nothing
from regulated_ml.settings import Settings
from regulated_ml.tracking import anchors, captures, lineage, predictions, registry
from regulated_ml.tracking.captures import Capture
from regulated_ml.tracking.lineage import PREDICTION, Row
from regulated_ml.tracking.predictions import Prediction
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trail import Finding

if TYPE_CHECKING:
    from regulated_ml.platforms.sagemaker.serving import Model, Serving

KINDS = ("version", "run", "endpoint", "prediction")  # `KIND:NAME` says which one is meant
VERSION_NAME = re.compile(r"latest|v?\d+")
NOT_CHAINED = (
    "captured lines are not chained like records: {file} says what its writers have left in it"
)
FETCH = "fetch the records of whoever made it: rml --env ENVIRONMENT runs fetch"
DEPLOY, ENDPOINT = "deploy", "endpoint"  # the act, and the parameter of it that names the endpoint


class Traced(NamedTuple):
    """The lineage of something, and what has to be said about how it was found."""

    name: str  # of what it is the lineage of, for a page's file and title
    target: str  # the id of its row
    rows: list[Row]
    notes: tuple[str, ...] = ()
    prediction: Prediction | None = None  # what was sent and answered, where it is of one
    kind: str = "version"  # one of KINDS
    findings: tuple[Finding, ...] = ()  # in which trail and records disagree, of these rows or not


def trace(
    settings: Settings, store: RunStore, name: str, report: Report = report_nothing
) -> Traced:
    """The lineage of a run, a model version, an endpoint or a captured prediction.

    Args:
        settings: of the environment; where it is one on AWS, SageMaker and the data bucket are
            asked about endpoints and predictions that no record here names.
        store: the runs of the environment.
        name: a run's id, a unique beginning of one or a step; v3, 3 or latest; an endpoint's name;
            an inference id or event id of a captured prediction; or one of KINDS, a colon
            and any of these.
        report: told how the search goes on.

    Raises:
        UserError: nothing is called so, or which version served is not known.
    """
    known = store.all()
    traced = _found(settings, store, name, known, report)
    findings = tuple(anchors.findings(settings.root, store))
    return traced._replace(rows=lineage.marked(traced.rows, findings), findings=findings)


def _found(
    settings: Settings, store: RunStore, name: str, known: Sequence[Record], report: Report
) -> Traced:
    kind, name = _kind(settings, name, known)
    if kind == "version":
        return _version(registry.find(known, name, settings.environment), known)
    if kind == "run":
        target = store.get(name)
        return Traced(target.id, target.id, lineage.rows(target, known), kind="run")
    if kind == "endpoint" and (deployed := _deployed(settings, name, known)):
        return _deployment(deployed[-1], known)
    # Predictions are looked for last: it means reading what was captured.
    if kind != "endpoint" and (found := captures.on_this_machine(settings.root, name)):
        return _with_values(settings, store, found, _prediction(settings, found, known))
    if settings.platform and (traced := _on_aws(settings, store, name, known, report)):
        return traced
    if not kind and VERSION_NAME.fullmatch(name):
        registry.find(known, name, settings.environment)  # says which versions there are
    raise _unknown(store, name)


def _kind(settings: Settings, name: str, known: Sequence[Record]) -> tuple[str, str]:
    """What a name is one of, and the name; without a kind: none that the records know.

    Raises:
        UserError: it is several, and nothing says which.
    """
    said, colon, rest = name.partition(":")
    if colon and rest and said in KINDS:
        return said, rest
    fits = {
        "version": VERSION_NAME.fullmatch(name) and _is_version(name, known),
        "run": any(run.id.startswith(name) or run.step == name for run in known),
        "endpoint": _deployed(settings, name, known),
    }
    kinds = [kind for kind, does in fits.items() if does]
    if len(kinds) > 1:
        rule = f"it names one thing, and this names several: {' and '.join(kinds)}"
        fix = f"say which: {' or '.join(f'{kind}:{name}' for kind in kinds)}"
        raise UserError.one("NAME", name, rule, fix, ExitStatus.USAGE)
    return (kinds[0] if kinds else ""), name


def _is_version(name: str, known: Sequence[Record]) -> bool:
    there = registry.versions(known)
    return bool(there) and (
        name == registry.LATEST or name.removeprefix("v") in {str(each.number) for each in there}
    )


def _deployed(settings: Settings, name: str, known: Sequence[Record]) -> list[Record]:
    """The deployments to the endpoint called so, the oldest first."""
    return [run for run in _deployments(settings, known) if run.parameters[ENDPOINT] == name]


def _version(version: Version, known: Sequence[Record]) -> Traced:
    return Traced(version.name, version.registered.id, lineage.of_version(version, known))


def _deployments(settings: Settings, known: Sequence[Record]) -> list[Record]:
    """The deployments to endpoints of the environment, the oldest first."""
    return [
        run
        for run in known
        if run.step == DEPLOY
        and run.environment == settings.environment
        and ENDPOINT in run.parameters
    ]


def _deployment(deployed: Record, known: Sequence[Record]) -> Traced:
    registered = [v for v in registry.versions(known) if v.registered.id in deployed.parents]
    if not registered:
        rule = "none of the registrations here is one that the deployment names"
        raise UserError.one("deployment", deployed.id, rule, FETCH)
    version = registered[0]
    found = lineage.of_version(version, known)
    return Traced(deployed.parameters[ENDPOINT], deployed.id, found, kind="endpoint")


def _on_aws(
    settings: Settings, store: RunStore, name: str, known: Sequence[Record], report: Report
) -> Traced | None:
    """The lineage of what only AWS knows of this name."""
    from regulated_ml.platforms.sagemaker import serving
    from regulated_ml.security import clients

    clients.identity(settings)  # in another account nothing is called so, which says nothing
    if endpoint := serving.endpoint(settings, name):
        traced = _version(_served(settings, endpoint, known), known)
        return traced._replace(name=name, kind="endpoint", notes=(_by_sagemaker(endpoint),))
    if found := serving.captured(settings, name, report):
        return _with_values(settings, store, found, _prediction(settings, found, known))
    return None


def _by_sagemaker(endpoint: "Serving") -> str:
    return (
        f"no record here is of a deployment to {endpoint.endpoint}: that it serves this version is "
        f"what SageMaker says, since {endpoint.since:%Y-%m-%d %H:%M:%S}"
    )


def _with_values(settings: Settings, store: RunStore, found: Capture, traced: Traced) -> Traced:
    """The same with what was sent and answered, by the names and the threshold of the version."""
    by_step = {row.step: row for row in traced.rows}
    threshold = settings.model.evaluation.threshold
    if evaluated := by_step.get("evaluate"):
        threshold = evaluated.parameters.get("threshold", threshold)
    names = None
    if prepared := by_step.get("prepare"):
        folder = store.folder_of(prepared.id) / "train"
        names = Layout.read(folder).names if (folder / FILE).is_file() else None
    shown = predictions.read(found, names, threshold)
    notes = (*traced.notes, *shown.notes, NOT_CHAINED.format(file=found.file))
    return traced._replace(prediction=shown, notes=notes)


def _prediction(settings: Settings, found: Capture, known: Sequence[Record]) -> Traced:
    """The lineage of a prediction: of the version that has made it."""
    if settings.platform is None and VERSION_NAME.fullmatch(found.variant):
        # A local endpoint says in the file's path which version answers: two may, for a moment.
        return _made_by(
            settings, found, registry.find(known, found.variant, settings.environment), known
        )
    earlier = [
        run
        for run in _deployments(settings, known)
        if run.parameters[ENDPOINT] == found.endpoint
        # An endpoint writes whole seconds.
        and datetime.fromisoformat(run.ended).replace(microsecond=0) <= found.time
    ]
    if earlier:
        traced, parent = _deployment(earlier[-1], known), earlier[-1].id
    else:
        endpoint = _serving_then(settings, found)
        version = _served(settings, endpoint, known)
        traced, parent = _version(version, known), version.registered.id
        traced = traced._replace(notes=(_by_sagemaker(endpoint),))
    row = _row(settings, found, parent)
    # What was done with the version later did not bear on the prediction, but belongs to its story.
    rows = [*traced.rows, row]
    return traced._replace(name=found.id, kind="prediction", target=row.id, rows=rows)


def _made_by(
    settings: Settings, found: Capture, version: Version, known: Sequence[Record]
) -> Traced:
    """The lineage of a prediction whose version is written beside it."""
    deployed = [
        run
        for run in _deployments(settings, known)
        if (run.parameters[ENDPOINT], run.parameters[VERSION]) == (found.endpoint, version.number)
    ]
    notes: tuple[str, ...] = ()
    if not deployed:
        notes = (f"no record here is of a deployment of {version.name} to {found.endpoint}",)
    parent = deployed[-1] if deployed else version.registered
    row = _row(settings, found, parent.id)
    rows = [*lineage.of_version(version, known), row]
    return Traced(found.id, row.id, rows, notes, kind="prediction")


def _serving_then(settings: Settings, found: Capture) -> "Serving":
    """The endpoint of a prediction, where it has not been changed since then."""
    rule = f"{found.endpoint} made it at {found.time.isoformat()}; no record of a deployment"
    if settings.platform:
        from regulated_ml.platforms.sagemaker import serving

        endpoint = serving.endpoint(settings, found.endpoint)
        if endpoint and endpoint.since <= found.time:
            return endpoint
        was = "changed since" if endpoint else "deleted since"
        rule = f"{rule} there is older, and the endpoint was {was}"
    else:
        rule = f"{rule} there is older"
    raise UserError.one("prediction", found.id, rule, FETCH)


def _row(settings: Settings, found: Capture, parent: str) -> Row:
    """The prediction as a row; its request and response by hash, for they are a client's."""
    time = found.time.isoformat()
    return Row(
        step=PREDICTION,
        id=found.id,
        parents=(parent,),
        environment=settings.environment,
        started=time,
        ended=time,
        seconds=None,
        user="",
        commit=None,
        dirty=None,
        code=None,
        inputs={},
        outputs={},
        parameters={
            "endpoint": found.endpoint,
            "variant": found.variant,
            "file": found.file,
            "line": found.line,
            "request_sha256": found.sent.sha256 if found.sent else None,
            "response_sha256": found.answered.sha256 if found.answered else None,
        },
        metrics={},
        job=None,
        warnings=(),
    )


def _served(settings: Settings, endpoint: "Serving", known: Sequence[Record]) -> Version:
    """The version that an endpoint serves; `UserError` where it is none, or not one."""
    found = {
        version.number: version
        for version in registry.versions(known)
        for model in endpoint.models
        if _is(settings, version, model, known)
    }
    if len(found) == 1:
        return next(iter(found.values()))
    models = ", ".join(model.package or model.data or model.name for model in endpoint.models)
    rule = (
        f"it serves {models}, which is {'several versions' if found else 'no version'} known here"
    )
    raise UserError.one("endpoint", endpoint.endpoint, rule, FETCH)


def _is(settings: Settings, version: Version, model: "Model", known: Sequence[Record]) -> bool:
    """Whether SageMaker's model is this version: by what its package, or its address, names.

    A package carries the id of the registration. An address is that of the training job's own
    output, or of the copy that was promoted to the environment.
    """
    from regulated_ml.platforms.sagemaker import naming

    registered = version.registered
    if model.package:
        return registered.id in model.metadata.values()
    places = [str(naming.models(settings, version.name, registered.id))]
    for run in known:
        if run.id in registered.parents and run.step == "train" and run.remote:
            places.append(f"{run.remote.facts['outputs']}/")
    return model.data in [f"{place}{MODEL_ARCHIVE}" for place in places]


def _unknown(store: RunStore, name: str) -> UserError:
    also = "no endpoint is called so, and no captured prediction has this id"
    error = store.no_such(name)
    problems = [each._replace(rule=f"{each.rule}; {also}") for each in error.problems]
    return UserError(problems, error.status)

"""Serves a version on SageMaker, and keeps who deployed what, and when, as a record.

What is served is held against the records first: the package is the version's, and the archive that
it names holds the very model. The record comes last, since only then the version serves; the same
command started again follows a deployment that is under way, and makes up for a record that a kill
has left out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem
from regulated_ml.platforms.interface import Report, Tell
from regulated_ml.platforms.sagemaker import deployments
from regulated_ml.platforms.sagemaker.endpoint_states import Row
from regulated_ml.platforms.sagemaker.endpoints import SageMakerEndpoints
from regulated_ml.platforms.sagemaker.registry import SageMakerRegistry
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION, Version
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow import deploying, evidence
from regulated_ml.workflow.acting import Act, perform


class Deployed(NamedTuple):
    """What serves, and the record of its deployment."""

    endpoint: str
    record: Record
    fresh: bool  # False: this version served there already, as it is configured


def deploy(
    settings: Settings,
    store: RunStore,
    version: Version,
    name: str,
    report: Report,
    tell: Tell,
) -> Deployed:
    """Has a version serve on the endpoint called `name`; returns when it does.

    Args:
        settings: of the environment.
        store: the runs of every environment: a version may come from another one.
        version: what is to serve.
        name: of the endpoint; empty: that of the environment.
        report: told how the deployment goes on.
        tell: told each of its stages.

    Raises:
        UserError: everything that speaks against it, or what became of the deployment; what served
            before goes on serving.
    """
    name = name or default_name(settings)
    if mistakes := [*_objections(settings, version, name)]:
        raise UserError(mistakes, ExitStatus.FOUND)
    registry = SageMakerRegistry(settings, store)
    caller = registry.caller()
    report(0, None, f"checking {version.name}")
    runs = evidence.of_version(store, version.registered)
    mistakes = [*evidence.trail_problems(settings, store)]
    mistakes += evidence.bucket_problems(settings, store, runs)
    if mistakes:
        raise UserError(mistakes, ExitStatus.FOUND)
    container = registry.container(version, report)
    plan = deployments.plan(settings, name, version, container)
    is_new = SageMakerEndpoints(settings).serve(plan, report, tell)
    config = deployments.config_arn(settings, plan.config["EndpointConfigName"])
    record = deploying.last_deployment(settings, store, name)
    if not is_new and record and record.parameters.get("endpoint_config") == config:
        return Deployed(name, record, fresh=False)
    act = Act(
        name="deploy",
        parents=[version.registered, *([version.decision] if version.decision else [])],
        parameters={
            VERSION: version.number,
            "endpoint": name,
            "endpoint_config": config,
            "model": plan.model["ModelName"],
            "package": container.package,
            "image": container.image,
            "instance": settings.model.endpoint.instance.type,
            "instances": deployments.instances(settings),
            "capture": settings.model.endpoint.capture.model_dump(mode="json"),
            "rollout": settings.model.endpoint.rollout.model_dump(mode="json"),
            "model_sha256": version.registered.parameters["model_sha256"],
        },
    )
    return Deployed(name, perform(settings, store, act, caller=caller), fresh=is_new)


def default_name(settings: Settings) -> str:
    """The endpoint of an environment, where none is named."""
    return f"{settings.project.project_slug}-{settings.environment}"


def serving(settings: Settings) -> list[Row]:
    """The endpoints of the environment."""
    return SageMakerEndpoints(settings).listed()


def delete(settings: Settings, name: str, report: Report) -> list[str]:
    """Deletes an endpoint, so that nothing of it is billed any more; says what was deleted."""
    return SageMakerEndpoints(settings).delete(name, report)


def _objections(settings: Settings, version: Version, name: str) -> Iterator[Problem]:
    yield from deploying.objections(settings, version)
    yield from _named(settings, name)
    capture = settings.model.endpoint.capture
    if capture.enabled and capture.masked:
        rule = "SageMaker's data capture keeps whole requests: it masks no feature"
        fix = "leave the list empty and keep them off the request, or set capture.enabled: false"
        place = "config/model.yaml: endpoint.capture.masked"
        yield Problem(place, ", ".join(capture.masked), rule, fix)


def _named(settings: Settings, name: str) -> Iterator[Problem]:
    start = default_name(settings)
    # What a version's configuration is called has to fit as well: -v1234-0123abcd.
    longest = 63 - len("-v1234-") - deployments.DIGEST
    is_own = name == start or name.startswith(f"{start}-")
    if not is_own or not deploying.NAME.match(name) or len(name) > longest:
        rule = (
            f"{start}, or that with a hyphen and more behind it, by which the roles' policies know "
            f"the environment's endpoints; letters, digits and single hyphens, at most {longest}"
        )
        yield Problem("--name", name, rule, f"for example: {start}")

"""`rml model register | list | show | approve | reject | promote`: the registry of versions."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from regulated_ml.cli import output
from regulated_ml.cli.runs import shown
from regulated_ml.errors import ExitStatus, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regulated_ml.platforms.interface import Report
    from regulated_ml.tracking.records import Record
    from regulated_ml.tracking.registry import Version
    from regulated_ml.workflow.approving import Decided
    from regulated_ml.workflow.objections import Verdict
    from regulated_ml.workflow.registering import Registrar

VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="v3 or 3; latest: the newest one.")
]
# An act is about a version that a person has looked at, so `latest` names none.
NamedArgument = Annotated[str, typer.Argument(metavar="VERSION", help="v3 or 3.")]
DAY = 19  # characters of a time: 2026-11-24T12:30:59


def register(
    run: Annotated[
        str, typer.Option(help="The training whose model it is; otherwise the latest one.")
    ] = "train",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Make a version of a model, with its evaluation and explanation, for approval.

    On AWS it is also registered with SageMaker's Model Registry, pending approval.
    """
    from regulated_ml.workflow import publishing, registering

    with output.progress("registering the model") as progress:
        registrar = _registrar(env, progress)
        model = registrar.store.get(run)
        version, fresh, package = registering.register(registrar, model)
        publishing.after_a_run(registrar.settings, registrar.store, progress, output.tell)
    if as_json:
        output.print_json({"fresh": fresh, "package": package, **_summary(version)})
        return
    typer.echo(
        f"{version.name} {'is registered' if fresh else 'was registered already'}: {model.id}"
    )
    _say_acts([version.registered], fresh)
    _say_package(package)
    if version.status == "pending":
        typer.echo(f"next      another person: {_rml(env)} model approve {version.name}")


def list_versions(
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """List the versions of all environments, the oldest first, and what became of each."""
    from regulated_ml.tracking import registry

    shown.store(env)  # an environment that there is not is a mistake here, too
    versions = registry.versions(shown.store().all())
    if as_json:
        output.print_json([_summary(version) for version in versions])
        return
    if not versions:
        typer.echo("No version is registered yet. `rml model register` makes the first one.")
        return
    output.print_table(
        "",
        ("version", "registered", "in", "status", "by", "promoted", "result"),
        [
            (
                version.name,
                _day(version.registered),
                version.registered.environment,
                version.status,
                shown.person(_who(version.decision)) if version.decision else "",
                ", ".join(_places(version)),
                shown.headlines(version.registered.metrics),
            )
            for version in versions
        ],
        spare=("registered", "promoted"),
    )


def show(
    name: VersionArgument = "latest",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Show a version: what it rests on, its gates, what was decided, and by whom.

    With an environment on AWS it is compared with SageMaker's Model Registry there.
    """
    from regulated_ml.tracking import registry
    from regulated_ml.tracking.trail import about
    from regulated_ml.workflow import evidence, objections

    settings, store, packages, _ = _registrar(env)
    version = registry.find(store.all(), name, env)
    runs = evidence.of_version(store, version.registered)
    verdicts = objections.verdicts(settings, version)
    package = packages.find(version) if packages else None
    findings = shown.findings(store)
    if as_json:
        output.print_json(
            {
                **_summary(version),
                "findings": [finding._asdict() for finding in findings],
                "runs": {run.step: run.id for run in runs},
                "gates": [verdict._asdict() for verdict in verdicts],
                "package": package._asdict() if package else None,
                "acts": [_act(version, act) for act in (version.registered, *version.acts)],
            }
        )
    else:
        _show(version, runs, verdicts, about(findings))
        if packages:
            status = f"{package.status}  {package.arn}" if package else "there is no package of it"
            typer.echo(f"SageMaker's Model Registry: {status}")
    own = (version.registered, *version.acts, *runs)
    shown.warn_of(findings, [record.id for record in own])
    if findings:
        raise typer.Exit(ExitStatus.FOUND)


def _show(
    version: "Version",
    runs: "list[Record]",
    verdicts: "Sequence[Verdict]",
    against: "Mapping[str, str]",
) -> None:
    _show_facts(version, runs, against)
    output.print_table(
        "gates of model.yaml, as it is now",
        ("metric", "value", "must be", "is it"),
        [(v.metric, shown.short(v.value), v.rule, "yes" if v.holds else "no") for v in verdicts],
    )
    output.print_table(
        "acts",
        ("act", "when", "in", "who", "reason"),
        [
            (*(told[key] for key in ACT[:-1]), _marked(told["reason"], act, against))
            for act in (version.registered, *version.acts)
            for told in (_act(version, act),)
        ],
    )


def approve(
    name: NamedArgument,
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")] = "",
    overrule: Annotated[
        bool, typer.Option("--overrule", help="Set a rejection aside; needs --reason.")
    ] = False,
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Approve a version that another person trained, unless something speaks against it."""
    from functools import partial

    from regulated_ml.workflow import approving

    _decide(partial(approving.approve, overrule=overrule), name, reason, env, as_json)


def reject(
    name: NamedArgument,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is kept.")] = "",
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Reject a version, an approved one too; whoever trained it cannot."""
    from regulated_ml.workflow import approving

    _decide(approving.reject, name, reason, env, as_json)


def promote(
    name: NamedArgument,
    to: Annotated[str, typer.Option(metavar="ENV", help="The environment to bring it to.")],
    env: output.EnvironmentOption = "local",
    as_json: output.JsonOption = False,
) -> None:
    """Bring an approved version to another environment: the same bytes, not trained again.

    Sign in to the account of that environment; the one in which it was made is not asked.
    """
    from regulated_ml.tracking import registry
    from regulated_ml.workflow import promoting, publishing

    known, is_told = shown.store().all(), env != "local" or to == "local"
    own = registry.named(known, name, env if is_told else None).registered.environment
    if env not in ("local", own):
        rule = f"{name} was registered in {own}; where it is brought to is said by --to"
        raise UserError.one("--env", env, rule, "leave --env out", ExitStatus.USAGE)
    with output.progress(f"promoting to {to}") as progress:
        registrar = _registrar(to, progress)
        version, record, fresh, package = promoting.promote(registrar, name, own)
        publishing.after_a_run(registrar.settings, registrar.store, progress, output.tell)
    if as_json:
        output.print_json({"fresh": fresh, "package": package, **_summary(version)})
        return
    typer.echo(f"{version.name} {'is' if fresh else 'was already'} in {to}, approved")
    _say_acts([record], fresh)
    _say_package(package)


def _decide(act: "Callable[..., Decided]", name: str, reason: str, env: str, as_json: bool) -> None:
    from regulated_ml.workflow import publishing

    with output.progress(f"deciding about {name}") as progress:
        registrar = _registrar(env, progress)
        version, record, fresh, package = act(registrar, name, reason)
        publishing.after_a_run(registrar.settings, registrar.store, progress, output.tell)
    if as_json:
        output.print_json({"fresh": fresh, "package": package, **_summary(version)})
        return
    typer.echo(f"{version.name} {'is' if fresh else 'was already'} {version.status}")
    _say_acts([record], fresh)
    if overruled := version.overruled(record):
        typer.echo(f"overrules {overruled.id}  by {_who(overruled)}")
    _say_package(package)
    places = _places(version)
    if version.status == "rejected" and places:
        output.warn(f"{version.name} stays where it was promoted to: {', '.join(places)}.")


def _registrar(env: str, report: "Report" = lambda *_: None) -> "Registrar":
    from regulated_ml.tracking.store import RUNS, RunStore
    from regulated_ml.workflow.registering import Registrar

    settings = output.settings(env)
    store = RunStore(settings.root / RUNS, env)
    if settings.platform is None:
        return Registrar(settings, store, None, report)
    from regulated_ml.platforms.sagemaker.registry import SageMakerRegistry

    return Registrar(settings, store, SageMakerRegistry(settings, store), report)


def _marked(text: str, record: "Record", against: "Mapping[str, str]") -> str:
    """What is said of a record, and before it that the trail has the record otherwise."""
    return ", ".join(filter(None, (shown.mark(against.get(record.id, "")), text)))


def _show_facts(version: "Version", runs: "list[Record]", against: "Mapping[str, str]") -> None:
    registered = version.registered
    exceptions = [
        f"{each['control']}, agreed by {each['agreed_by']} until {each['until']}: {each['reason']}"
        for each in registered.parameters.get("exceptions", ())
    ]
    facts = [
        ("status", version.status),
        ("registered", f"{_day(registered)} in {registered.environment} by {_who(registered)}"),
        *((run.step, _marked(run.id, run, against)) for run in runs),
        ("model", registered.parameters["model_sha256"]),
        ("data", f"{registered.data.state}, {registered.data.fingerprint}"),
        *(
            ("commit", shown.commit(r.commit.sha, r.commit.dirty))
            for r in runs
            if r.step == "train"
        ),
        ("promoted to", ", ".join(_places(version)) or "-"),
        *(("exception", each) for each in exceptions),
        *(("warning", each) for each in registered.warnings),
    ]
    output.print_table(version.name, ("fact", "value"), facts)


ACT = ("act", "when", "in", "who", "reason")


def _act(version: "Version", record: "Record") -> dict[str, Any]:
    return {
        "act": version.told(record),
        "when": _day(record),
        "in": record.environment,
        "who": _who(record),
        "reason": record.parameters.get("reason", ""),
        "record": record.id,
        "warnings": list(record.warnings),
    }


def _summary(version: "Version") -> dict[str, Any]:
    decision = version.decision
    return {
        "version": version.name,
        "status": version.status,
        "environment": version.registered.environment,
        "promoted": _places(version),
        "register": version.registered.model_dump(mode="json"),
        "decision": decision.model_dump(mode="json") if decision else None,
    }


def _places(version: "Version") -> list[str]:
    """The environments that a version was promoted to."""
    return list(dict.fromkeys(act.environment for act in version.done("promote")))


def _say_acts(records: "list[Record]", fresh: bool) -> None:
    for record in records:
        typer.echo(f"record    {record.id}  by {_who(record)}")
        for warning in record.warnings if fresh else ():
            output.warn(warning)


def _say_package(package: str | None) -> None:
    if package:
        typer.echo(f"package   {package}")


def _who(record: "Record") -> str:
    return record.identity.aws or record.identity.user


def _day(record: "Record") -> str:
    return record.started[:DAY].replace("T", " ")


def _rml(env: str) -> str:
    return "rml" if env == "local" else f"rml --env {env}"

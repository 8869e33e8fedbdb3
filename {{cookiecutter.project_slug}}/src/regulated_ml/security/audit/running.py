"""Holds what is in the account against the plan of the environment."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import regulated_ml
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.security import catalogue, clients, exceptions
from regulated_ml.security.audit import infrastructure
from regulated_ml.security.audit.describing import as_request, holds_role, is_visible
from regulated_ml.security.audit.findings import Audit, Audited, Finding, Hidden, by_weight
from regulated_ml.security.audit.listing import Account, Listed
from regulated_ml.security.audit.resources import RESOURCES, Resource
from regulated_ml.security.catalogue import Controls
from regulated_ml.security.requests import Plan, Violation, compile
from regulated_ml.settings import Settings
from regulated_ml.settings.rules import CONTROLS, EXCEPTIONS

Say = Callable[[float, float | None, str | None], None]  # done, all, what is looked at

WHOLE, OWN = "account", "project"


def run(settings: Settings, say: Say, *, everything: bool = False) -> Audit:
    """Audits the project's resources, or all of the account's; `UserError` as `clients` has it."""
    controls = catalogue.load(settings)
    if problems := catalogue.check_paths(controls):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    started, caller = _now(), clients.identity(settings)
    looking = _Looking(settings, controls, everything)
    for number, row in enumerate(RESOURCES):
        say(number, len(RESOURCES) + 1, f"looking at each {row.words}")
        looking.look_at(row)
    say(len(RESOURCES), len(RESOURCES) + 1, "looking at the buckets and the key")
    of_environment = infrastructure.look(settings)
    unseen = (*looking.account.unseen, *of_environment.unseen)
    return Audit(
        environment=settings.environment,
        account=caller.account,
        region=clients.platform(settings).aws_region,
        identity=caller.arn,
        started=started,
        finished=_now(),
        scope=WHOLE if everything else OWN,
        standard=regulated_ml.__version__,
        catalogue=_hashes(settings),
        exceptions=tuple(exceptions.in_force(settings)),
        resources=tuple(sorted((*looking.audited, *of_environment.audited))),
        findings=by_weight([*looking.findings, *of_environment.findings]),
        excepted=by_weight(looking.excepted),
        could_not_look=tuple(each._asdict() for each in unseen),
        not_offered=tuple(looking.account.not_offered),
        not_visible=tuple(hidden_fields(controls, settings.environment)),
    )


class _Looking:
    """An audit on its way: what it goes by, and what it has seen so far."""

    def __init__(self, settings: Settings, controls: Controls, everything: bool) -> None:
        self.settings = settings
        self.controls = controls
        self.everything = everything
        self.plan: Plan = compile(catalogue.plan(settings))
        self.account = Account(settings)
        self.audited: list[Audited] = []
        self.findings: list[Finding] = []
        self.excepted: list[Finding] = []
        self._hidden = {
            (each.kind, _plain(each.field))
            for each in hidden_fields(controls, settings.environment)
        }

    def look_at(self, row: Resource) -> None:
        """All resources of a kind."""
        key_arn = clients.platform(self.settings).kms_key_arn
        for listed in self.account.resources(row):
            belongs = WHOLE if self.everything else belonging(listed, self.settings)
            if not belongs:
                continue
            audited = Audited(row.words, listed.name, listed.arn, belongs)
            request = as_request(row, listed.description, listed.tags, key_arn)
            result = self.plan.check(row.create, request)
            self.audited.append(audited)
            self.findings += self._told(audited, result.violations)
            self.excepted += self._told(audited, result.excepted)

    def _told(self, audited: Audited, violations: list[Violation]) -> Iterator[Finding]:
        for each in violations:
            if each.missing and (audited.kind, _plain(each.field)) in self._hidden:
                continue
            yield Finding(
                control=each.control,
                title=self.controls[each.control].title,
                severity=each.severity,
                kind=audited.kind,
                name=audited.name,
                arn=audited.arn,
                field=each.field,
                value=each.value,
                required=each.required,
                fix=f"make it anew: {each.fix}",
            )


def belonging(listed: Listed, settings: Settings) -> str:
    """By what a resource is the project's: its tags, its name or the role that it runs as.

    Tags that name another project or environment take away what has only the name, and not what
    runs as this environment's role. Empty: it is somebody else's.
    """
    slug = settings.project.project_slug
    tags = {tag.get("Key"): tag.get("Value") for tag in listed.tags}
    asked = {"project": slug, "environment": settings.environment}
    if all(tags.get(name) == value for name, value in asked.items()):
        return "tag"
    is_anothers = any(tags.get(name, value) != value for name, value in asked.items())
    if not is_anothers and (listed.name == slug or listed.name.startswith(f"{slug}-")):
        return "name"
    role = clients.platform(settings).execution_role_arn
    return "role" if holds_role(listed.description, role) else ""


def hidden_fields(controls: Controls, environment: str) -> Iterator[Hidden]:
    """What the controls ask of resources and no description of AWS's tells."""
    rows: Mapping[str, Resource] = {row.create: row for row in RESOURCES}
    for pair in controls.pairs(environment):
        row = rows.get(pair.operation)
        if row and pair.path != "." and not is_visible(row, pair.path):
            yield Hidden(pair.control.id, row.words, pair.path)


def _plain(field: str) -> str:
    """A field or a path without what tells elements and optional parts."""
    return re.sub(r"\[\d*\]|\?", "", field)


def _hashes(settings: Settings) -> dict[str, str]:
    """The files that say what is asked, each with the SHA-256 of its bytes."""
    standard = Path(catalogue.STANDARD)
    shown = standard.relative_to(settings.root) if standard.is_relative_to(settings.root) else None
    files: dict[str, Path] = {
        str(shown or standard.name): standard,
        CONTROLS: settings.root / CONTROLS,
        EXCEPTIONS: settings.root / EXCEPTIONS,
    }
    return {name: sha256(path) for name, path in files.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Whose a resource is, and what of it breaks a control."""

import re
from collections.abc import Iterator, Mapping

from regulated_ml.security import catalogue, clients
from regulated_ml.security.audit.describing import as_request, is_visible
from regulated_ml.security.audit.findings import Audited, Finding, Hidden
from regulated_ml.security.audit.listing import Listed
from regulated_ml.security.audit.resources import RESOURCES, Resource
from regulated_ml.security.pairs import Controls
from regulated_ml.security.requests import Plan, Violation, compile
from regulated_ml.security.requests.belonging import belonging as whose
from regulated_ml.settings import Settings

WHOLE, OWN = "account", "project"  # what is looked at


class Judge:
    """Holds resources against the plan of an environment, and keeps what it found."""

    def __init__(self, settings: Settings, controls: Controls, *, everything: bool) -> None:
        self._settings = settings
        self._controls = controls
        self._everything = everything
        self._plan: Plan = compile(catalogue.plan(settings))
        self._key_arn = clients.platform(settings).kms_key_arn
        self.audited: list[Audited] = []
        self.findings: list[Finding] = []
        self.excepted: list[Finding] = []
        self._hidden = {
            (each.kind, _plain(each.field))
            for each in hidden_fields(controls, settings.environment)
        }

    def hold(self, listed: Listed) -> None:
        """Holds one resource, if it is the project's or all are looked at."""
        belongs = WHOLE if self._everything else belonging(listed, self._settings)
        if not belongs:
            return
        row = listed.row
        audited = Audited(row.words, listed.name, listed.arn, belongs)
        request = as_request(row, listed.description, listed.tags, self._key_arn)
        result = self._plan.check(row.create, request)
        self.audited.append(audited)
        self.findings += self._told(audited, result.violations)
        self.excepted += self._told(audited, result.excepted)

    def _told(self, audited: Audited, violations: list[Violation]) -> Iterator[Finding]:
        for each in violations:
            if each.missing and (audited.kind, _plain(each.field)) in self._hidden:
                continue
            yield Finding(
                control=each.control,
                title=self._controls[each.control].title,
                severity=each.severity,
                kind=audited.kind,
                name=audited.name,
                arn=audited.arn,
                field=each.field,
                value=each.value,
                required=each.required,
                fix=f"make it anew: {_fix(each)}",
            )


def _fix(violation: Violation) -> str:
    """What mends it: a field that is missing was left out already."""
    return (
        re.sub(r", or leave the \w+ out$", "", violation.fix)
        if violation.missing
        else violation.fix
    )


def belonging(listed: Listed, settings: Settings) -> str:
    """By what a resource is the project's: its tags, its name or the role that it runs as."""
    own = {"project": settings.project.project_slug, "environment": settings.environment}
    roles = (clients.platform(settings).execution_role_arn,)
    return whose(listed.name, listed.tags, listed.description, own, roles)


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

"""Goes through the account, kind by kind, and makes the report."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import regulated_ml
from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import sha256
from regulated_ml.security import catalogue, clients, exceptions
from regulated_ml.security.audit import infrastructure
from regulated_ml.security.audit.findings import Audit, by_weight
from regulated_ml.security.audit.judging import OWN, WHOLE, Judge, hidden_fields
from regulated_ml.security.audit.listing import Account
from regulated_ml.security.audit.resources import RESOURCES
from regulated_ml.settings import Settings
from regulated_ml.settings.rules import CONTROLS, EXCEPTIONS

Say = Callable[[float, float | None, str | None], None]  # done, all, what is looked at
STEPS = len(RESOURCES) + 1  # the kinds, then buckets and key


def run(
    settings: Settings, say: Say, *, everything: bool = False, since: datetime | None = None
) -> Audit:
    """Audits the project's resources, or all of the account's; `UserError` as `clients` has it.

    Of jobs, only those that were made `since` then.
    """
    controls = catalogue.load(settings)
    if problems := catalogue.check_paths(controls):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    started, caller = _now(), clients.identity(settings)
    account, judge = Account(settings, since), Judge(settings, controls, everything=everything)
    for number, row in enumerate(RESOURCES):
        for listed in account.resources(row, partial(say, number, STEPS)):
            judge.hold(listed)
    say(STEPS - 1, STEPS, "the buckets and the key")
    of_environment = infrastructure.look(settings)
    unseen = (*account.unseen, *of_environment.unseen)
    return Audit(
        environment=settings.environment,
        account=caller.account,
        region=clients.platform(settings).aws_region,
        identity=caller.arn,
        started=started,
        finished=_now(),
        scope=WHOLE if everything else OWN,
        since=since.isoformat() if since else "",
        standard=regulated_ml.__version__,
        catalogue=_hashes(settings),
        exceptions=tuple(exceptions.in_force(settings)),
        resources=tuple(sorted((*judge.audited, *of_environment.audited))),
        findings=by_weight([*judge.findings, *of_environment.findings]),
        excepted=by_weight(judge.excepted),
        could_not_look=tuple(each._asdict() for each in unseen),
        not_offered=tuple(account.not_offered),
        not_visible=tuple(hidden_fields(controls, settings.environment)),
    )


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

"""Goes through all checks; what one of them cannot see stops no other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from regulated_ml.security.preflight.account import Account, CouldNotLook, NotThere
from regulated_ml.security.preflight.checks import CHECKS
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.rows import Check, Entry, Observation, State
from regulated_ml.settings import Settings

Say = Callable[[float, float | None, str | None], None]  # checks done, all, what is looked at

STATES: dict[bool | None, State] = {True: "passed", False: "found", None: "unknown"}


class Report(NamedTuple):
    """What a preflight saw."""

    environment: str
    account: str
    region: str
    identity: str
    entries: tuple[Entry, ...]

    @property
    def findings(self) -> tuple[Entry, ...]:
        """What is not right, and what could not be seen."""
        return tuple(entry for entry in self.entries if entry.state in ("found", "unknown"))

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON."""
        states = [entry.state for entry in self.entries]
        return {
            "environment": self.environment,
            "account": self.account,
            "region": self.region,
            "identity": self.identity,
            "counts": {state: states.count(state) for state in sorted(set(states))},
            "entries": [entry._asdict() for entry in self.entries],
        }


def run(settings: Settings, say: Say, checks: Sequence[Check] = CHECKS) -> Report:
    """Holds the account against every check; `UserError` where nobody is signed in."""
    account = Account(settings)
    platform, caller = account.platform, account.caller()
    entries: list[Entry] = []
    for number, check in enumerate(checks):
        say(number, len(checks), check.title)
        entries += _entries(account, check, {e.check for e in entries if e.state != "passed"})
    return Report(
        settings.environment,
        platform.aws_account_id,
        platform.aws_region,
        caller["Arn"],
        tuple(entries),
    )


def _entries(account: Account, check: Check, not_right: set[str]) -> Iterator[Entry]:
    """What comes of one check, given the ids of those before it that have not passed."""
    required = check.required.format(**account.platform.model_dump())
    if ACCOUNT in not_right:  # nothing in another account says anything about this one
        yield _entry(check, "skipped", "", f"not looked at: see {ACCOUNT}", required, "")
        return
    seen: list[Observation] = []
    reason = ""
    allow = f"allow the caller {', '.join(check.calls)}"
    try:
        for one in check.look(account):
            seen.append(one)
    except CouldNotLook as error:
        reason = f"could not look: {error}"
        allow = error.fix or allow
    except NotThere as error:
        reason = f"there is nothing to look at: {error}"
    for one in seen:
        fix = {True: "", False: one.fix, None: one.fix or allow}[one.right]
        yield _entry(check, STATES[one.right], one.subject, one.found, required, fix)
    waits_for = [needed for needed in check.needs if needed in not_right]
    if waits_for and not seen and not reason.startswith("could"):
        words = f"not looked at: see {', '.join(waits_for)}"
        yield _entry(check, "skipped", "", words, required, "")
    elif reason or not seen:
        found = reason or "could not look: there is nothing to look at"
        yield _entry(check, "unknown", "", found, required, allow)


def _entry(check: Check, state: State, subject: str, found: str, required: str, fix: str) -> Entry:
    return Entry(check.id, check.title, check.severity, state, subject, found, required, fix)

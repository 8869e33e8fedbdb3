"""The registry: model versions, read from the records of what persons did with them.

There is no other list. A version is there once its record of registration is; its state is what the
records after it say. SageMaker's Model Registry is derived from the same records.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.tracking.records import Record

Status = Literal["pending", "approved", "rejected"]

# The acts on a version, in the order in which they can come, and the status that each leaves.
ACTS: dict[str, Status | None] = {
    "register": "pending",
    "approve": "approved",
    "reject": "rejected",
    "promote": None,
    "release": None,
    "push": None,
    "deploy": None,
    "monitor": None,
}
VERSION = "version"  # the parameter of each act's record that names the version, as a number
OVERRULES = "overrules"  # of a decision: the id of the one before, which it reverses
RELEASE = "release"  # of a push: the id of the release whose tag the remote has since
NOT_PUSHED = "not pushed"  # said of a release that no push is on record of
LATEST = "latest"
ANEW = "register the model that is meant anew, for a number of its own: model register --run TRAIN"


class Version(NamedTuple):
    """A model version and what was done with it, the oldest act first."""

    number: int
    registered: Record
    acts: tuple[Record, ...]  # after the registration

    @property
    def name(self) -> str:
        """As persons write it: v3."""
        return f"v{self.number}"

    @property
    def status(self) -> Status:
        """What the last decision says."""
        states = [state for act in self.acts if (state := ACTS[act.step])]
        return states[-1] if states else "pending"

    @property
    def decision(self) -> Record | None:
        """The record of the last decision."""
        return next((act for act in reversed(self.acts) if ACTS[act.step]), None)

    def overruled(self, decision: Record) -> Record | None:
        """The decision that a later one reverses; None: it was the first."""
        reversed_ = decision.parameters.get(OVERRULES)
        return next((act for act in self.acts if act.id == reversed_), None)

    def told(self, act: Record) -> str:
        """An act in words, with what another act says about it."""
        words = told(act.step, act.parameters)
        return f"{words}, {NOT_PUSHED}" if act.step == "release" and not self.pushed(act) else words

    def pushed(self, release: Record) -> tuple[Record, ...]:
        """The pushes of a release: without one, no remote is known to have its tag."""
        return tuple(act for act in self.done("push") if act.parameters[RELEASE] == release.id)

    def done(self, act: str, environment: str | None = None) -> tuple[Record, ...]:
        """The records of one kind of act, of one environment or of all."""
        return tuple(
            each
            for each in self.acts
            if each.step == act and environment in (None, each.environment)
        )


def told(act: str, parameters: Mapping[str, Any]) -> str:
    """An act in words, with the kind of the decision that it reverses."""
    overruled = str(parameters.get(OVERRULES) or "").partition("-")[0]
    return f"{act}, overrules {overruled}" if overruled else act


def versions(known: Iterable[Record]) -> list[Version]:
    """Every version of these records, by number; the records are in the order of time.

    An act belongs to the registration that it names among its grounds: the number alone does not
    tell, since two clones of a repository can give the same one.
    """
    acts = [run for run in known if run.step in ACTS]
    registered = sorted((run for run in acts if run.step == "register"), key=_number)
    return [
        Version(
            number,
            record,
            tuple(act for act in acts if record.id in act.parents and _number(act) == number),
        )
        for record in registered
        for number in (_number(record),)
    ]


def find(known: Sequence[Record], name: str, environment: str | None = None) -> Version:
    """The version called so (v3 or 3), or the latest one for `latest`.

    Args:
        known: all records.
        name: of the version.
        environment: whose version it is, where several environments have one of this name.

    Raises:
        UserError: there is none, or it is not clear which one is meant.
    """
    there = versions(known)
    called = there[-1].name if there and name == LATEST else name
    found = [each for each in there if called in (each.name, str(each.number))]
    own = [each for each in found if each.registered.environment == environment]
    if not found:
        raise _unknown(name, there)
    if len(own or found) > 1:
        raise ambiguous(name, own or found)
    return (own or found)[0]


def named(known: Sequence[Record], name: str, environment: str | None = None) -> Version:
    """As `find`, for an act: it is about a version that a person has looked at, by its number.

    Another one may have been registered in between, so `latest` names none.
    """
    if name == LATEST:
        rule = "the version is named by its number, since a newer one may have come in between"
        fix = "for example v3; `rml model list` shows them"
        raise UserError.one("VERSION", name, rule, fix, ExitStatus.USAGE)
    return find(known, name, environment)


def shared(known: Iterable[Record], version: Version) -> bool:
    """Whether another registration in the same environment has the number of this one."""
    own = (version.number, version.registered.environment)
    alike = [each for each in versions(known) if (each.number, each.registered.environment) == own]
    return any(each.registered.id != version.registered.id for each in alike)


def ambiguous(name: str, found: Sequence[Version]) -> UserError:
    """That a number does not tell one version: with every registration that has it."""
    registered = [each.registered for each in found]
    ids = " and ".join(f"{each.id} in {each.environment}" for each in registered)
    several = len({each.environment for each in registered}) == len(registered)
    fix = "name the environment: --env ENV" if several else ANEW
    return UserError.one("VERSION", name, f"one version has the number; these have it: {ids}", fix)


def _unknown(name: str, there: Sequence[Version]) -> UserError:
    names = ", ".join(dict.fromkeys(version.name for version in there))
    rule = f"the registered versions are {names}" if there else "no version is registered yet"
    fix = "name one of them" if there else "`rml model register` makes one of the latest model"
    return UserError.one("VERSION", name, rule, fix)


def _number(record: Record) -> int:
    return int(record.parameters[VERSION])

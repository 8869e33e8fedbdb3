"""The registry: model versions, read from the records of what persons did with them.

There is no other list. A version is there once its record of registration is; its state is what the
records after it say. SageMaker's Model Registry is derived from the same records.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.tracking.records import Record

Status = Literal["pending", "approved", "rejected"]

# The acts on a version, in the order in which they can come, and the status that each leaves.
ACTS: dict[str, Status | None] = {
    "register": "pending",
    "approve": "approved",
    "reject": "rejected",
    "promote": None,
    "release": None,
    "deploy": None,
    "monitor": None,
}
VERSION = "version"  # the parameter of each act's record that names the version, as a number


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

    def done(self, act: str, environment: str | None = None) -> tuple[Record, ...]:
        """The records of one kind of act, of one environment or of all."""
        return tuple(
            each
            for each in self.acts
            if each.step == act and environment in (None, each.environment)
        )


def versions(known: Iterable[Record]) -> list[Version]:
    """Every version of these records, by number; the records are in the order of time."""
    acts = [run for run in known if run.step in ACTS]
    registered = {_number(run): run for run in acts if run.step == "register"}
    return [
        Version(
            number,
            record,
            tuple(act for act in acts if act.step != "register" and _number(act) == number),
        )
        for number, record in sorted(registered.items())
    ]


def find(known: Sequence[Record], name: str) -> Version:
    """The version called so (v3 or 3), or the latest one for `latest`.

    Raises:
        UserError: there is none.
    """
    found = versions(known)
    for version in found[::-1]:
        if name in ("latest", version.name, str(version.number)):
            return version
    there = ", ".join(version.name for version in found)
    rule = f"the registered versions are {there}" if there else "no version is registered yet"
    fix = "name one of them" if there else "`rml model register` makes one of the latest model"
    raise UserError.one("VERSION", name, rule, fix)


def _number(record: Record) -> int:
    return int(record.parameters[VERSION])

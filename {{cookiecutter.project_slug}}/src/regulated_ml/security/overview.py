"""Which barrier holds what: the catalogue as a person asks about it, and as its page shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.security import catalogue
from regulated_ml.security.audit.describing import is_visible
from regulated_ml.security.audit.resources import created_by
from regulated_ml.security.detective.reactions import REACTIONS, SEVERITIES
from regulated_ml.security.pairs import Controls, Pair
from regulated_ml.security.policies.guardrails import is_denied
from regulated_ml.security.values import values
from regulated_ml.settings import LOCAL, Settings
from regulated_ml.settings.controls import Control, ControlException


class Barriers(NamedTuple):
    """How many pairs of a control each barrier holds."""

    fills: int  # the guard writes what a request leaves out
    refuses: int  # the guard refuses what contradicts
    denies: int  # IAM denies it, whoever sends it
    stops: int  # the detective function undoes it; what it does not undo it reports
    finds: int  # the audit finds it


MEANINGS = {
    "fills": "the guard fills in what a request leaves out",
    "refuses": "the guard refuses a request that contradicts",
    "denies": "IAM denies it, whoever sends it and however",
    "stops": "the detective function stops or deletes what was made; the rest it reports",
    "finds": "the audit finds it in the account",
}


@dataclass(frozen=True)
class Entry:
    """A control, what it covers, what holds it, and what deviates from it."""

    control: Control
    own: bool  # the organisation's, not the standard's
    pairs: tuple[Pair, ...]
    exceptions: tuple[ControlException, ...]

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """The operations that the control covers, each once."""
        return tuple(dict.fromkeys(pair.operation for pair in self.pairs))

    @cached_property
    def barriers(self) -> Barriers:
        """How many of the pairs each barrier holds."""
        covered = set(self.operations)
        return Barriers(
            fills=sum(pair.requirement.missing == "fill" for pair in self.pairs),
            refuses=len(self.pairs),
            denies=sum(is_denied(pair) for pair in self.pairs),
            stops=sum(_is_stopped(pair) for pair in self.pairs),
            finds=sum(_is_found(pair, covered) for pair in self.pairs),
        )

    @cached_property
    def condition_keys(self) -> tuple[str, ...]:
        """The condition keys of IAM by which it is denied, each once."""
        keys = (requirement.condition_key for requirement in self.control.requirements)
        return tuple(dict.fromkeys(key for key in keys if key))

    def as_json(self) -> dict[str, Any]:
        """The entry as plain data."""
        return {
            **self.control.model_dump(mode="json", exclude_defaults=True),
            "own": self.own,
            "operations": list(self.operations),
            "pairs": len(self.pairs),
            "barriers": self.barriers._asdict(),
            "exceptions": [each.model_dump(mode="json") for each in self.exceptions],
        }


@dataclass(frozen=True)
class Overview:
    """All controls of a repository, and the values that they have in an environment."""

    environment: str
    entries: tuple[Entry, ...]
    values: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """How many controls, operations and pairs of a requirement and a field there are.

        Operations are those with a name; the patterns of `local` (`Create*`) are not counted.
        """
        operations = {name for entry in self.entries for name in entry.operations}
        return {
            "controls": len(self.entries),
            "operations": len({name for name in operations if "*" not in name}),
            "pairs": sum(len(entry.pairs) for entry in self.entries),
            "exceptions": sum(len(entry.exceptions) for entry in self.entries),
        }

    def as_json(self) -> dict[str, Any]:
        """The overview as plain data."""
        return {
            "environment": self.environment,
            "counts": self.counts,
            "values": self.values,
            "controls": [entry.as_json() for entry in self.entries],
        }


def overview(settings: Settings) -> Overview:
    """The controls as they stand in an environment; `UserError` names mistakes in config/."""
    controls = catalogue.load(settings)
    if problems := catalogue.check_paths(controls):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return Overview(settings.environment, tuple(_entries(controls, settings)), values(settings))


def _entries(controls: Controls, settings: Settings) -> Iterator[Entry]:
    pairs: dict[str, list[Pair]] = {}
    for pair in controls.pairs():
        pairs.setdefault(pair.control.id, []).append(pair)
    for control in controls.controls:
        yield Entry(
            control,
            control.id in controls.own,
            tuple(pairs.get(control.id, ())),
            tuple(each for each in settings.exceptions if each.control == control.id),
        )


def _is_stopped(pair: Pair) -> bool:
    """Whether the function undoes it; what weighs less, or cannot be undone, it reports."""
    is_undone = pair.operation in REACTIONS and pair.control.severity in SEVERITIES
    return is_undone and pair.requirement.environments != (LOCAL,)


def _is_found(pair: Pair, covered: set[str]) -> bool:
    """Whether the account still shows it: by what is listed, whoever made or changed it."""
    row = created_by(pair.operation)
    if row is None or row.create not in covered or pair.path == ".":
        return False
    return is_visible(row, pair.path)

"""What a check is, and what it sees."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from regulated_ml.security.preflight.account import Account
from regulated_ml.settings.controls import Severity

State: TypeAlias = Literal["passed", "found", "unknown", "skipped"]


class Observation(NamedTuple):
    """One thing that a check looked at."""

    subject: str  # its id, name or ARN
    found: str  # what it is, in words
    right: bool | None  # None: could not look
    # Where it is not right, the command of the AWS CLI that mends it; where nobody could look, what
    # helps: empty for permission.
    fix: str = ""


Look: TypeAlias = Callable[[Account], Iterator[Observation]]


class Check(NamedTuple):
    """A row of the table of checks."""

    id: str
    title: str
    required: str  # what is right, in words; {names} are values of the environment
    severity: Severity
    calls: tuple[str, ...]  # the actions of IAM that the caller needs, to look
    look: Look
    needs: tuple[str, ...] = ()  # the checks that find out whether there is something to look at


class Entry(NamedTuple):
    """What came of a check for one thing, or for all of it where nothing could be seen."""

    check: str
    title: str
    severity: Severity
    state: State
    subject: str
    found: str
    required: str
    fix: str

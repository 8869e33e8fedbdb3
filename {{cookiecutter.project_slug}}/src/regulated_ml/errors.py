"""What a user's mistake looks like, and the exit status that tells a script which kind it was."""

from collections.abc import Iterable
from enum import IntEnum

from regulated_ml.identifiers import Problem, visible


class ExitStatus(IntEnum):
    """The exit statuses of `rml`; `docs/exit-statuses.md` of the template explains each."""

    OK = 0
    FOUND = 1  # a check ran to its end and found violations
    USAGE = 2  # the command line itself is wrong
    CONFIGURATION = 3  # a file below config/ is wrong
    DATA = 4  # a table or an artefact is missing, or is not what it should be
    JOB = 5  # a job started and failed
    RESOURCE = 6  # disk, permissions, a lock, the network
    INTERRUPTED = 130


def _sentence(problem: Problem) -> str:
    """A problem where no table can be shown, as in a traceback of a notebook."""
    value = f"found {visible(problem.value)}; " if problem.value else ""
    return f"{problem.field}: {problem.rule} ({value}fix: {problem.fix})"


class UserError(Exception):
    """One or more mistakes that a person can mend; shown as a table, never as a traceback."""

    def __init__(self, problems: Iterable[Problem], status: ExitStatus) -> None:
        self.problems = tuple(problems)
        self.status = status
        super().__init__("; ".join(map(_sentence, self.problems)))

    @classmethod
    def one(
        cls, field: str, value: object, rule: str, fix: str, status: ExitStatus = ExitStatus.DATA
    ) -> "UserError":
        """The error of a single problem."""
        return cls([Problem(field, str(value), rule, fix)], status)

"""What SageMaker's errors mean: its codes alone do not tell, and its messages quote names.

Whoever names a resource must not be able to write into the message what the function looks for. So
names and ARNs are taken out before a message is read.
"""

import re
from collections.abc import Iterable
from typing import Any

# The codes with which SageMaker says that a thing is gone or in the wrong state; never a denial.
ABSENT = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
SPEAKING = ABSENT | {
    "ConflictException",
    "ResourceInUse",
    "ResourceInUseException",
    "ValidationError",
    "ValidationException",
}
GONE = re.compile(r"not find|not found|does not exist|cannot be found", re.IGNORECASE)
OVER = re.compile(
    r"\balready\b|(status|state)\W+(is )?'?(Completed|Failed|Stopp|Deleting)", re.IGNORECASE
)
ARN = re.compile(r"arn:[^\s\"'`,)\]]+")
STATUS = r"Completed|Failed|Stopped|Stopping|Deleting"
# What is quoted, apart from a status.
QUOTED = re.compile(rf"(?<!\w)([\"'`])(?!(?:{STATUS})\1)[^\"'`]*\1(?!\w)")


def is_gone(error: Any, names: Iterable[str]) -> bool:
    """Whether an error of botocore says that there is no such thing."""
    code, message = _read(error, names)
    return code in ABSENT or (code in SPEAKING and bool(GONE.search(message)))


def is_done(error: Any, names: Iterable[str]) -> bool:
    """Whether an error of botocore says that there is nothing left to stop or delete."""
    code, message = _read(error, names)
    return is_gone(error, names) or (code in SPEAKING and bool(OVER.search(message)))


def _read(error: Any, names: Iterable[str]) -> tuple[str, str]:
    """The code, and the message without what a caller may have written."""
    content = error.response["Error"]
    message = QUOTED.sub("", ARN.sub("", content.get("Message", "")))
    for name in sorted(filter(None, names), key=len, reverse=True):
        message = message.replace(name, "")
    return content.get("Code", ""), message

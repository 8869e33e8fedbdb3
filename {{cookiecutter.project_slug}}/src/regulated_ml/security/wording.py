"""How a requirement is said in a sentence, for the command line and the page of controls."""

from collections.abc import Iterator, Mapping
from typing import Any

from regulated_ml.security.organisation import NAMING_VERBS
from regulated_ml.security.requests import VERBS
from regulated_ml.security.requests.findings import listed
from regulated_ml.settings.controls import Must, Requirement

WITHOUT_FIELD = {
    "fill": "filled in where it is missing",
    "refuse": "refused where it is missing",
    "leave": "nothing is asked where it is missing",
}
UNKNOWN = "as its file in config/environments has it"  # of an environment that has no values


def must_words(must: Must, values: Mapping[str, Any]) -> str:
    """What a field must be, with the values of an environment."""
    if must.verb == "refused":
        return "not called"
    named = must.verb in NAMING_VERBS
    operand = values.get(str(must.operand), UNKNOWN) if named else must.operand
    required = VERBS[must.verb].required
    return required.format(words=must.operand, values=listed(operand))


def circumstances(requirement: Requirement) -> Iterator[str]:
    """When a requirement holds, and what denies its absence."""
    if requirement.must.verb not in ("absent", "refused"):
        yield WITHOUT_FIELD[requirement.missing]
    if requirement.condition_key:
        yield f"IAM denies it by {requirement.condition_key}"
    if requirement.environments:
        yield f"in {', '.join(requirement.environments)} alone"
    if requirement.not_for:
        yield f"not {', '.join(requirement.not_for)}"
    if unless := requirement.unless:
        paths = (*unless.paths, *unless.beside)
        names = dict.fromkeys(path.rpartition(".")[2] for path in paths)
        yield f"not where {' or '.join(names)} of the request matches {unless.matches}"


def counted(count: int, thing: str) -> str:
    """A number of things: 1 control, 2 controls."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
